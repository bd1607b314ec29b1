import * as z from 'zod/mini'
import { amount, count, currency, id, isoTime, maybe, minorOf, ownPaymentId, present, shown, text } from './fields.ts'
import type { PaymentState, ProviderMode, ProviderPayment, ProviderRefund } from './gateway.ts'

/** Paystack's objects. Amounts are hundredths in every currency. Empty things come as `{}`, `""`, `0` or `null`. */

/** Digits only: it goes into addresses. */
export const numericId = z.pipe(
  z.union([z.int().check(z.nonnegative()), z.string().check(z.regex(/^\d{1,20}$/))]),
  z.transform(String),
)

const authorization = z.object({
  authorization_code: shown(z.string().check(z.regex(/^AUTH_[A-Za-z0-9]{1,60}$/))),
  last4: shown(text),
  exp_month: shown(count),
  exp_year: shown(count),
  channel: shown(text),
  brand: shown(text),
  reusable: z.catch(z.nullish(z.boolean()), undefined),
  /** Of the card, whichever address it was paid with. */
  signature: shown(text),
})
const customer = z.object({ customer_code: shown(z.string().check(z.regex(/^CUS_[A-Za-z0-9]{1,60}$/))) })

export const transaction = z.object({
  id: numericId,
  domain: shown(text),
  status: z.enum([
    'success',
    'failed',
    'abandoned',
    'ongoing',
    'pending',
    'processing',
    'queued',
    'reversed',
    'paused',
    'send_otp',
  ]),
  reference: id,
  amount,
  requested_amount: maybe(amount),
  currency,
  channel: shown(text),
  gateway_response: shown(text),
  authorization: shown(authorization),
  customer: shown(customer),
  plan: shown(z.union([id, z.object({ plan_code: id })])),
  created_at: shown(isoTime),
  createdAt: shown(isoTime),
  transaction_date: shown(isoTime),
})
export type Transaction = z.output<typeof transaction>

/** `abandoned` is also what an order is called that nobody has opened yet: whoever knows of an attempt can tell. */
const states: Record<Transaction['status'], PaymentState> = {
  success: 'captured',
  failed: 'failed',
  abandoned: 'abandoned',
  ongoing: 'processing',
  pending: 'processing',
  processing: 'processing',
  queued: 'processing',
  paused: 'paused',
  send_otp: 'processing',
  reversed: 'refunded',
}

export function transactionPayment(data: Transaction): ProviderPayment {
  const amountMinor = minorOf('paystack', paidUnits(data), data.currency)
  return present({
    provider: 'paystack' as const,
    providerPaymentId: data.id,
    providerOrderId: data.reference,
    reference: ownReference(data.reference),
    status: states[data.status],
    amountMinor,
    currency: data.currency,
    // A transaction has no running total of partial refunds: only the whole reversal shows.
    refundedMinor: data.status === 'reversed' ? amountMinor : 0,
    mode: modeOf(data.domain),
    method: methodOf(data),
    failure:
      data.status === 'failed'
        ? { code: 'charge_failed', reason: data.gateway_response ?? 'The charge failed.' }
        : undefined,
    createdAt: data.created_at ?? data.createdAt ?? data.transaction_date,
    // Nothing of ours is charged under a plan of Paystack's.
    isOwnCycle: data.plan === undefined ? undefined : (true as const),
  })
}

/**
 * What was paid of what was asked: `amount` exceeds `requested_amount` by fees that the customer bears, and falls short of
 * it after a partial debit.
 */
export const paidUnits = ({ amount, requested_amount }: Transaction): number =>
  requested_amount === undefined ? amount : Math.min(amount, requested_amount)

const methodOf = ({ authorization, channel, customer }: Transaction) => {
  const kind = authorization?.channel ?? channel
  if (kind === undefined) return undefined
  const token = authorization?.reusable === true ? authorization.authorization_code : undefined
  return present({
    kind,
    brand: authorization?.brand?.trim().toLowerCase(),
    last4: authorization?.last4,
    expMonth: authorization?.exp_month,
    expYear: authorization?.exp_year,
    instrument: authorization?.signature,
    // A code that is not reusable is spent, and is not kept.
    token,
    reusable: token !== undefined,
    gatewayCustomerId: customer?.customer_code,
  })
}

export const modeOf = (domain: string | undefined): ProviderMode =>
  domain === 'test' || domain === 'live' ? domain : 'unknown'

/**
 * References allow no underscore: `fpay_X` goes as `fpay-X`. `.2` … `.9` mark orders opened again after the answer to
 * an earlier opening was lost, and with it the code that a customer needs to pay.
 */
export const referenceFor = (paymentId: string, opening = 1): string =>
  `${paymentId.replace('_', '-')}${opening === 1 ? '' : `.${opening}`}`

export function ownReference(reference: string): string | undefined {
  const match = /^fpay-([0-9A-Z]{26})(?:\.[2-9])?$/.exec(reference)
  return match ? ownPaymentId(`fpay_${match[1]}`) : undefined
}

export const refundStatus = z.enum(['pending', 'processing', 'processed', 'failed', 'needs-attention'])
const whole = z.object({ id: numericId, reference: shown(id) })

export const refund = z.object({
  id: maybe(numericId),
  transaction: maybe(z.union([numericId, whole])),
  amount,
  currency,
  status: refundStatus,
  merchant_note: shown(text),
  created_at: shown(isoTime),
  createdAt: shown(isoTime),
})

export function refundOf(data: z.output<typeof refund>): ProviderRefund {
  const about = typeof data.transaction === 'string' ? { id: data.transaction, reference: undefined } : data.transaction
  return present({
    provider: 'paystack' as const,
    providerRefundId: data.id,
    providerPaymentId: about?.id,
    providerOrderId: about?.reference,
    reference: refundIdIn(data.merchant_note),
    ...refundState(data.status),
    amountMinor: minorOf('paystack', data.amount, data.currency),
    currency: data.currency,
    createdAt: data.created_at ?? data.createdAt,
  })
}

/** `needs-attention` waits for the customer's bank details: neither done nor lost. */
export const refundState = (status: z.output<typeof refundStatus>): Pick<ProviderRefund, 'status' | 'failure'> => {
  if (status === 'processed') return { status: 'processed' }
  if (status === 'failed') return { status: 'failed', failure: { code: 'refund_failed', reason: 'The refund failed.' } }
  return status === 'needs-attention'
    ? {
        status: 'pending',
        failure: { code: 'needs_attention', reason: 'The bank details of the customer are needed.' },
      }
    : { status: 'pending' }
}

/** The note is ours alone when it has our form; Paystack writes a sentence with an address into it otherwise. */
export const refundNote = (refundId: string): string => `refund ${refundId}`
export const refundIdIn = (note: string | undefined): string | undefined =>
  /^refund ([A-Za-z0-9_-]{10,40})$/.exec(note ?? '')?.[1]
