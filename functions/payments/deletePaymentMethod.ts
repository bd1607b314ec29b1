import { deletePaymentMethod } from '#operations/paymentHistory'
import { auditOf } from '#runtime/audit'
import { callOf } from '#runtime/guarded'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { payments } from '#runtime/livePayments'
import { methodGoneWrites } from '#runtime/renewalMethod'
import { revokeMethods } from '#runtime/revokeMethod'
import type { Run } from '#runtime/run'
import { forgetMethod } from '#runtime/savedMethod'

/** Of a suspended account too: whoever wants a card forgotten is not told to wait. */
export const run: Run<typeof deletePaymentMethod> = async (input, deps) => {
  const { accountId, params } = input
  const { paymentMethodId: entityId } = params
  const gone = await forgetMethod(deps, accountId, entityId, async (heir) => [
    ...(await methodGoneWrites(deps, { accountId, call: callOf(input) }, entityId, heir)),
    auditOf(input, deps, { action: deletePaymentMethod.id, entity: 'paymentMethod', entityId }),
  ])
  if (gone) await revokeMethods(deps, [gone])
  return undefined
}

export const handler = httpHandler(deletePaymentMethod, run, live(catalogue, payments))
