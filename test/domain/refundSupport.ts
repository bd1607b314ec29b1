import type { Payment } from '#domain/payment'
import { planRefund, type Refund, type RefundRequest, refundId } from '#domain/refund'
import type { RefundContext } from '#domain/refundDraft'
import type { ObservedRefund } from '#domain/refundFact'
import {
  at,
  catalogueOf,
  checkedOut,
  checkoutInput,
  fallbackOf,
  paymentOf,
  provided,
  settle,
  settlementInput,
  zones,
} from './paymentSupport.ts'

export const example = catalogueOf('example')
export const now = at + 3_600_000
export const first = refundId(now, '0123456789ABCDEF')
export const second = refundId(now, '1123456789ABCDEF')
export const ask = (over: Partial<RefundRequest> = {}): RefundRequest => ({ id: first, reason: 'Not needed', ...over })

/** A captured and settled payment of 1,000.00 INR. */
export const paid = (): Payment => settle(settlementInput(example, paymentOf())).next

export function requested(payment: Payment, request = ask()) {
  const plan = planRefund(payment, request, undefined, now)
  if (plan.kind === 'refused') throw new Error(plan.detail)
  return plan
}

export const seen = (state: ObservedRefund['state'], over: Partial<ObservedRefund> = {}): ObservedRefund => ({
  providerPaymentId: provided,
  refundId: first,
  providerRefundId: 'rfnd_1',
  amountMinor: 100_000,
  state,
  ...over,
})

export const contextOf = (
  payment: Payment,
  refund: Refund | undefined,
  over: Partial<RefundContext> = {},
): RefundContext => ({
  payment,
  refund,
  others: [],
  account: undefined,
  wallet: undefined,
  subscription: undefined,
  purchase: undefined,
  credit: undefined,
  invoice: undefined,
  creditNote: undefined,
  disputeNotes: [],
  fallback: fallbackOf(example),
  document: { id: 'inv_2', zones },
  ...over,
})

/** A settled purchase and what its transaction left. */
export function settled(
  catalogue: typeof example,
  request: { priceId?: string; productId?: string },
  savedMethod = false,
) {
  const { payment } = checkedOut(checkoutInput(catalogue, { request }))
  const plan = settle(
    settlementInput(catalogue, payment, savedMethod ? { savedMethod: { id: 'pmt_1', mandate: false } } : {}),
  )
  return { payment: plan.next, writes: plan.writes, invoice: plan.invoice }
}
