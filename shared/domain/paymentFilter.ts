import { Problem } from '#errors/problem'
import { captures, type Payment, type PaymentStatus, type PaymentType } from './payment.ts'
import { lostMinorOf } from './paymentState.ts'

/** Which payments of an account are asked for. Instants are epoch milliseconds: `from` belongs to the range, `to` does not. */
export interface PaymentFilter {
  status?: PaymentStatus
  type?: PaymentType
  from?: number
  to?: number
  /** Is contained in an id or in the description; letters of either case. */
  text?: string
}

/** ISO 8601, as a query carries it. */
export interface GivenRange {
  from?: string | undefined
  to?: string | undefined
}

const dayMs = 86_400_000
/** A year, leap day included: what one answer may add up or sort. */
export const longestRangeDays = 366

/** @throws Problem `validation_failed` for a range that ends before it begins. */
export function rangeOf({ from, to }: GivenRange): Pick<PaymentFilter, 'from' | 'to'> {
  const range = {
    ...(from !== undefined && { from: Date.parse(from) }),
    ...(to !== undefined && { to: Date.parse(to) }),
  }
  if (range.from !== undefined && range.to !== undefined && range.to <= range.from)
    throw badRange('to', 'must be after `from`')
  return range
}

/** A range with two ends, at most 366 days apart. @throws Problem `validation_failed` */
export function shortRangeOf(given: GivenRange): { from: number; to: number } {
  const { from, to } = rangeOf(given)
  if (from === undefined || to === undefined)
    throw badRange(from === undefined ? 'from' : 'to', `is required here: \`from\` and \`to\`, at most ${most}`)
  if (to - from > longestRangeDays * dayMs) throw badRange('to', `is at most ${most} after \`from\``)
  return { from, to }
}

const most = `${longestRangeDays} days`
const badRange = (path: string, message: string): Problem =>
  new Problem('validation_failed', `${path}: ${message}`, { errors: [{ path, message }] })

/** Whether a payment is asked for. */
export function isAskedFor(payment: Payment, { status, type, from, to, text }: PaymentFilter): boolean {
  return (
    (status === undefined || payment.status === status) &&
    (type === undefined || payment.type === type) &&
    (from === undefined || payment.createdAt >= from) &&
    (to === undefined || payment.createdAt < to) &&
    (text === undefined || holds(payment, text.toLowerCase()))
  )
}

const holds = (payment: Payment, text: string): boolean =>
  [
    payment.id,
    payment.providerOrderId ?? '',
    payment.providerPaymentId ?? '',
    ...payment.charges.map(({ providerPaymentId }) => providerPaymentId),
    ...payment.order.lines.map(({ description }) => description),
  ].some((value) => value.toLowerCase().includes(text))

/**
 * By currency, then amount, then age. Amounts of different currencies are not compared; an account has one currency,
 * unless it was changed before the first payment.
 */
export const byAmount = (a: AmountPosition, b: AmountPosition): number =>
  compareText(a.currency, b.currency) || a.amountMinor - b.amountMinor || compareText(a.id, b.id)
export type AmountPosition = Pick<Payment, 'currency' | 'amountMinor' | 'id'>

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export interface PaymentSummary {
  count: number
  /** Money came in, whatever became of it later; without those in review. */
  completed: number
  failed: number
  /** Of the completed ones: captured, less refunded, less lost in disputes; minor units, by currency. */
  spent: { currency: string; amount: number }[]
}

const paid: ReadonlySet<PaymentStatus> = new Set(['completed', 'partially_refunded', 'refunded', 'disputed'])

/** What an account has paid. Nothing to pay is completed and spends nothing. */
export function summaryOf(payments: readonly Payment[]): PaymentSummary {
  const completed = payments.filter(({ status }) => paid.has(status))
  const spent = new Map<string, number>()
  for (const payment of completed) {
    if (captures(payment).length === 0) continue
    const amount = payment.capturedMinor - payment.refundedMinor - lostMinorOf(payment)
    spent.set(payment.currency, (spent.get(payment.currency) ?? 0) + amount)
  }
  return {
    count: payments.length,
    completed: completed.length,
    failed: payments.filter(({ status }) => status === 'failed').length,
    spent: [...spent].sort(([a], [b]) => compareText(a, b)).map(([currency, amount]) => ({ currency, amount })),
  }
}
