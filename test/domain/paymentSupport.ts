import { type Account, newAccount } from '#domain/account'
import { newWallet } from '#domain/accountWallet'
import type { PublishedCatalogue } from '#domain/catalogue'
import { fallbackPlan, findPrice, termsAt } from '#domain/catalogueTerms'
import { priceOrder } from '#domain/order'
import { type CheckoutInput, type CheckoutPlan, planCheckout } from '#domain/orderCheckout'
import type { PurchaseRequest } from '#domain/orderPurchase'
import { type NewPayment, newPayment, orderLifeMs, type Payment, paymentId } from '#domain/payment'
import type { PaymentWrite } from '#domain/paymentWrite'
import { planSettlement, type SettlementInput, type SettlementPlan } from '#domain/settlement'
import type { ObservedPayment } from '#domain/settlementCompare'
import { noTax } from '#domain/tax'
import type { PlanTerms } from '#domain/terms'
import { initialZones } from '#domain/time'
import { published, type ReferenceProduct, referenceCatalogue } from '#test/support/catalogues'

export const at = Date.parse('2026-01-31T10:00:00Z')
const bits = '0123456789ABCDEF'
export const payId = paymentId(at, bits)
export const provided = 'pay_DESoU0U4ikYA19'
export const ordered = 'order_DESoU0U4ikYA19'

export const catalogueOf = (product: ReferenceProduct): PublishedCatalogue => published(referenceCatalogue(product))

export const fallbackOf = (catalogue: PublishedCatalogue): PlanTerms | null => {
  const found = fallbackPlan(catalogue.catalogue)
  return found ? termsAt(catalogue, found) : null
}

export function termsOfPrice(catalogue: PublishedCatalogue, priceId: string): PlanTerms {
  const found = findPrice(catalogue.catalogue, priceId)
  if (!found) throw new Error(`no price ${priceId}`)
  return termsAt(catalogue, found)
}

/** A stored account on the fallback plan. */
export const accountOf = (catalogue: PublishedCatalogue, over: Partial<Account> = {}): Account => ({
  ...newAccount('acc_1', fallbackOf(catalogue), at - 1000),
  ver: 1,
  ...over,
})

export const walletOf = (catalogue: PublishedCatalogue, account: Account) => ({
  ...newWallet(account, fallbackOf(catalogue), at - 1000).wallet,
  version: 1,
})

/** A payment of 1,000.00 INR for an item, as it is before anything is heard of it. */
export function paymentOf(over: Partial<NewPayment> = {}): Payment {
  const order = priceOrder(
    [{ item: { kind: 'item', id: 'thing', description: 'A thing', quantity: 1, unitAmountMinor: 100_000 } }],
    { currency: 'INR', tax: noTax },
  )
  const payment = newPayment({
    id: payId,
    accountId: 'acc_1',
    type: 'item',
    mode: 'test',
    amountMinor: 100_000,
    currency: 'INR',
    order,
    subject: { kind: 'item', productId: 'thing', name: 'A thing', quantity: 1, group: 'things' },
    provider: 'razorpay',
    providerOrderId: ordered,
    catalogueVersion: 1,
    holds: {},
    createdAt: at,
    expiresAt: at + orderLifeMs,
    ...over,
  })
  return { ...payment, ver: 1 }
}

export const seenOf = (payment: Payment, over: Partial<ObservedPayment> = {}): ObservedPayment => ({
  provider: payment.provider ?? 'razorpay',
  providerPaymentId: provided,
  providerOrderId: payment.providerOrderId,
  reference: payment.id,
  status: 'captured',
  amountMinor: payment.amountMinor,
  currency: payment.currency,
  refundedMinor: 0,
  mode: 'test',
  at: at + 60_000,
  ...over,
})

export const zones = initialZones('UTC')
export const ids = { subscription: 'sub_1', purchase: 'pur_1', history: 'his_1' }
export const parties = { seller: { name: 'Seller Ltd' }, buyer: { name: 'Buyer' } }

export const checkoutInput = (catalogue: PublishedCatalogue, over: Partial<CheckoutInput> = {}): CheckoutInput => ({
  published: catalogue,
  account: accountOf(catalogue),
  fallback: fallbackOf(catalogue),
  redeemed: 0,
  manual: [],
  used: undefined,
  tax: { default: noTax },
  country: undefined,
  request: {},
  provider: catalogue.catalogue.provider ?? 'stripe',
  mode: 'test',
  paymentId: payId,
  ...over,
})

/** A checkout that goes through, with its provider order. */
export function checkedOut(input: CheckoutInput): { payment: Payment; writes: PaymentWrite[] } {
  const plan: CheckoutPlan = planCheckout(input, at)
  if (plan.kind === 'refused') throw new Error(`refused: ${plan.code} ${plan.detail}`)
  return {
    payment: plan.kind === 'pay' ? { ...plan.payment, providerOrderId: ordered } : plan.payment,
    writes: plan.writes,
  }
}

/** The payment of such a checkout, of the example unless another catalogue is given. */
export const bought = (
  request: PurchaseRequest,
  catalogue = catalogueOf('example'),
  over: Partial<CheckoutInput> = {},
): Payment => checkedOut(checkoutInput(catalogue, { request, ...over })).payment

export function settlementInput(
  catalogue: PublishedCatalogue,
  payment: Payment,
  over: Partial<SettlementInput> = {},
): SettlementInput {
  const account = accountOf(catalogue)
  return {
    payment,
    seen: payment.provider ? seenOf(payment) : null,
    account,
    wallet: walletOf(catalogue, account),
    credit: undefined,
    fallback: fallbackOf(catalogue),
    ...(payment.subject.kind === 'plan' && { terms: termsOfPrice(catalogue, payment.subject.priceId) }),
    invoice: { id: 'inv_1', zones, ...parties },
    ids,
    ...over,
  }
}

export function settle(input: SettlementInput, now = at + 60_000): Extract<SettlementPlan, { kind: 'settle' }> {
  const plan = planSettlement(input, now)
  if (plan.kind !== 'settle') throw new Error(`not settled: ${plan.kind}`)
  return plan
}

export const rowsOf = (writes: readonly PaymentWrite[]): string[] => writes.map(({ row }) => row)

export function rowOf<R extends PaymentWrite['row']>(
  writes: readonly PaymentWrite[],
  row: R,
): Extract<PaymentWrite, { row: R }> {
  const found = writes.find((write): write is Extract<PaymentWrite, { row: R }> => write.row === row)
  if (!found) throw new Error(`no ${row} among ${rowsOf(writes).join(', ')}`)
  return found
}
