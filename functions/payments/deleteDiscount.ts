import { notFound, Problem } from '#errors/problem'
import { deleteDiscount } from '#operations/adminPayments'
import { auditOf } from '#runtime/audit'
import { again, contend } from '#runtime/contend'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { commit } from '#table/commit'
import { deleteManualDiscountWrite, findManualDiscount } from '#table/manualDiscounts'

export const run: Run<typeof deleteDiscount> = (input, deps) =>
  contend(deps, async () => {
    const discount = await findManualDiscount(deps.table, input.accountId, input.params.discountId)
    if (!discount) throw notFound('discount')
    if (discount.paymentId !== undefined)
      throw new Problem('conflict', 'An order has taken the discount.', { paymentId: discount.paymentId })
    const { id, reason } = discount
    const audit = auditOf(input, deps, {
      action: 'deleteDiscount',
      entity: 'discount',
      entityId: id,
      before: { reason },
    })
    const outcome = await commit(deps.table, [deleteManualDiscountWrite(discount), audit])
    // Refused: an order took it a moment ago, or it is gone. The next round says which.
    return outcome.committed ? undefined : again
  })

export const handler = httpHandler(deleteDiscount, run, live())
