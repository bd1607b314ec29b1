import type { Catalogue } from '#domain/catalogue'
import { isManualOpen, type ManualDiscount } from '#domain/discount'
import { discountView } from '#domain/discountView'
import { ulidOf } from '#domain/guard'
import { isCurrency } from '#domain/money'
import { notFound, Problem } from '#errors/problem'
import { createDiscount } from '#operations/adminPayments'
import { commitAnswer } from '#runtime/answers'
import { auditOf } from '#runtime/audit'
import { contend } from '#runtime/contend'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Input, Run } from '#runtime/run'
import { findAccount } from '#table/accounts'
import { openManualDiscounts, putManualDiscountWrite } from '#table/discounts'

/** A checkout reads all that are open: so many are more than anybody gives by hand. */
const mostOpen = 50

export const run: Run<typeof createDiscount> = (input, deps) =>
  contend(deps, async () => {
    const { accountId, body } = input
    const now = deps.clock.now()
    assertNamed(body, (await deps.catalogue()).catalogue)
    if (Date.parse(body.expiresAt) <= now) throw refusal('expiresAt', 'lies in the past')
    const [account, given] = await Promise.all([
      findAccount(deps.table, accountId, { consistent: true }),
      openManualDiscounts(deps.table, accountId),
    ])
    if (!account) throw notFound('account')
    if (given.filter((one) => isManualOpen(one, now)).length >= mostOpen)
      throw new Problem('conflict', `The account has ${mostOpen} open discounts; take one back first.`)
    const discount = discountOf(input, `dsc_${ulidOf(now, deps.ids.random())}`)
    const { id, accountId: _account, ver: _ver, reason, ...after } = discount
    const audit = auditOf(input, deps, { action: 'createDiscount', entity: 'discount', entityId: id, reason, after })
    const writes = [putManualDiscountWrite(discount, now), audit]
    return commitAnswer(createDiscount, input, deps, writes, discountView(discount, now))
  })

type Body = Input<typeof createDiscount>['body']

/** What a discount names has to be there: one for a misspelt plan would never be taken, and nobody would know why. */
function assertNamed({ planId, productId, group, currency }: Body, { plans, products }: Catalogue): void {
  const groups = products.flatMap((product) => (product.kind === 'item' ? [product.group] : []))
  if (planId !== undefined && !plans.some(({ id }) => id === planId)) throw refusal('planId', 'is no plan')
  if (productId !== undefined && !products.some(({ id }) => id === productId))
    throw refusal('productId', 'is no product')
  if (group !== undefined && !groups.includes(group)) throw refusal('group', 'is no group of products')
  if (currency !== undefined && !isCurrency(currency)) throw refusal('currency', 'is no ISO 4217 currency')
}

const discountOf = ({ accountId, body }: Input<typeof createDiscount>, id: string): ManualDiscount => ({
  id,
  accountId,
  ...(body.percentOff !== undefined && { percentOff: body.percentOff }),
  ...(body.amountOff !== undefined && { amountOffMinor: body.amountOff }),
  ...(body.currency !== undefined && { currency: body.currency }),
  ...(body.planId !== undefined && { planId: body.planId }),
  ...(body.productId !== undefined && { productId: body.productId }),
  ...(body.group !== undefined && { group: body.group }),
  reason: body.reason,
  expiresAt: Date.parse(body.expiresAt),
  ver: 1,
})

const refusal = (path: string, message: string): Problem =>
  new Problem('validation_failed', `${path}: ${message}`, { errors: [{ path, message }] })

export const handler = httpHandler(createDiscount, run, live(catalogue))
