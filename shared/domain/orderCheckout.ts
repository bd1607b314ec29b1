import { noDiscountUse } from './discount.ts'
import { assertNotErasing } from './erasure.ts'
import { chargeRule, type PaymentProvider } from './moneyCharge.ts'
import { assertOrder, creditUsed, type Order, withDue } from './order.ts'
import {
  faultOf,
  type PricedPurchase,
  type PurchaseContext,
  type PurchaseFault,
  type PurchaseRequest,
  pricePurchase,
} from './orderPurchase.ts'
import { type Quote, quoteFault } from './orderQuote.ts'
import { isVisitor, newPayment, orderLifeMs, type Payment } from './payment.ts'
import type { PaymentWrite } from './paymentWrite.ts'
import { type AccountCredit, planCredit } from './settlementCredit.ts'
import { hasLiveSubscription } from './settlementPlan.ts'

export interface CheckoutInput extends PurchaseContext {
  request: PurchaseRequest
  /** The unsealed token that the caller brought. */
  quote?: Quote
  /** Charges the currency of what is bought, by the deployment's setting. */
  provider: PaymentProvider
  /** In the currency of what is bought; absent: none. */
  credit?: AccountCredit
  mode: Payment['mode']
  /** `fpay_<ULID>` */
  paymentId: string
}

export type CheckoutPlan =
  | { kind: 'refused'; code: PurchaseFault['code'] | 'amount_too_small' | 'quote_expired'; detail: string }
  /** Write, then create the provider's order under the payment's id. */
  | { kind: 'pay'; payment: Payment; writes: PaymentWrite[] }
  /** Nothing to pay: settle it (`seen: null`) in the same transaction; `writes` without the payment's own row. */
  | { kind: 'free'; payment: Payment; writes: PaymentWrite[] }

/**
 * Begins a purchase: amount and currency from the catalogue, what others may want taken under conditions, a pending
 * payment. Nothing here reaches the provider.
 * @throws Problem `conflict` for an account that is being erased; one that is suspended pays like any other.
 */
export function planCheckout(input: CheckoutInput, now: number): CheckoutPlan {
  assertNotErasing(input.account)
  const purchase = purchaseOf(input, now)
  if ('detail' in purchase) return { kind: 'refused', code: purchase.code, detail: purchase.detail }
  const fault = purchaseFault(input, purchase, now)
  if (fault) return { kind: 'refused', code: fault.code, detail: fault.detail }
  const rule = chargeRule(input.provider, purchase.order.currency)
  if (!rule) return refused('conflict', `${input.provider} does not charge ${purchase.order.currency}.`)
  const order = withDue(purchase.order, input.credit?.balanceMinor ?? 0, rule)
  if (!order) return refused('amount_too_small', 'The amount is below the smallest that can be charged.')
  assertOrder(order)
  return begun(input, purchase, order, now)
}

const refused = (code: Extract<CheckoutPlan, { kind: 'refused' }>['code'], detail: string): CheckoutPlan => ({
  kind: 'refused',
  code,
  detail,
})

function purchaseOf(
  input: CheckoutInput,
  now: number,
): PricedPurchase | PurchaseFault | { code: 'quote_expired'; detail: string } {
  const { quote, request } = input
  if (!quote) return pricePurchase(input, request, now)
  const fault = quoteFault(quote, input, request, now)
  if (fault === 'quote_expired') return { code: fault, detail: 'The quote no longer holds: ask for a new one.' }
  return fault ? faultOf(fault, 'quote: is for another purchase') : quote.purchase
}

function purchaseFault(
  { account }: CheckoutInput,
  { type, order }: PricedPurchase,
  now: number,
): PurchaseFault | undefined {
  if (isVisitor(account.id) && type !== 'item') return faultOf('forbidden', 'A visitor may buy items only.')
  if (type === 'plan_purchase' && order.grossMinor === 0) return faultOf('conflict', 'A free plan is not bought.')
  // Only items become free; a plan needs a new order when the account has one: change, or renew it.
  if (type === 'plan_purchase' && hasLiveSubscription(account, now))
    return faultOf('conflict', 'The account has a live subscription: change or renew it.')
  if (account.currency !== undefined && account.currency !== order.currency)
    return faultOf('conflict', `The account pays in ${account.currency}.`)
  return undefined
}

function begun(input: CheckoutInput, purchase: PricedPurchase, order: Order, now: number): CheckoutPlan {
  const { account, provider, mode, paymentId } = input
  const creditMinor = creditUsed(order)
  const isFree = order.dueMinor === 0
  const payment = newPayment({
    id: paymentId,
    accountId: account.id,
    type: purchase.type,
    mode,
    amountMinor: order.dueMinor,
    currency: order.currency,
    order,
    subject: purchase.subject,
    provider: isFree ? null : provider,
    catalogueVersion: purchase.catalogueVersion,
    holds: { ...purchase.holds, ...(creditMinor > 0 && { creditMinor }) },
    createdAt: now,
    expiresAt: now + orderLifeMs,
  })
  const held = holdWrites({ ...input, ...couponMaxOf(purchase) }, payment, now)
  if (isFree) return { kind: 'free', payment, writes: held }
  const stored = { ...payment, ver: 1 }
  return { kind: 'pay', payment: stored, writes: [{ row: 'payment', next: stored, seenVer: 0 }, ...held] }
}

const couponMaxOf = ({ couponMax }: PricedPurchase) => (couponMax === undefined ? {} : { couponMax })

/** What a payment's holds are taken from, as it was seen. */
export interface HoldSource {
  account: Pick<CheckoutInput['account'], 'id'>
  credit?: AccountCredit
  used?: CheckoutInput['used']
  /** The coupon's cap. */
  couponMax?: number
}

/** What the checkout takes: each under a condition, so that parallel checkouts cannot take it twice. */
export function holdWrites(
  { account, credit, used, couponMax: max }: HoldSource,
  payment: Payment,
  now: number,
): PaymentWrite[] {
  const { coupon, manualDiscountId: manual, discount, creditMinor } = payment.holds
  const writes: PaymentWrite[] = []
  if (coupon) writes.push({ row: 'coupon', code: coupon.code, by: 1, ...(max !== undefined && { max }) })
  if (manual !== undefined)
    writes.push({ row: 'manualDiscount', accountId: account.id, id: manual, paymentId: payment.id, take: true })
  if (discount) {
    const { group, windowId, free, percent } = discount
    const by = { free, percent }
    writes.push({ row: 'discountUse', accountId: account.id, group, windowId, by, seen: used ?? noDiscountUse })
  }
  if (credit && creditMinor !== undefined) {
    const taken = { cause: 'taken' as const, amountMinor: -creditMinor, paymentId: payment.id, about: payment.id }
    const change = planCredit(credit, taken, now)
    if (!change) throw new Error('an order takes more credit than there is')
    writes.push({ row: 'credit', change })
  }
  return writes
}
