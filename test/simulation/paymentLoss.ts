import type { PaymentRow, Rows } from './paymentRows.ts'
import { type BookPayment, refundedMinor } from './providerBooks.ts'
import { Violation } from './world.ts'

type Charge = PaymentRow['charges'][number]
type CreditEntries = Rows['creditEntries']

const total = (numbers: number[]): number => numbers.reduce((sum, each) => sum + each, 0)

/** What lost disputes took there, which with what went back is never more than was paid. */
export function lostAt({ amountMinor, disputes, ...paid }: BookPayment): number {
  const taken = total(disputes.map((one) => (one.state === 'lost' ? one.takenMinor : 0)))
  return Math.min(taken, amountMinor - refundedMinor(paid))
}

/** The same as far as the row knows it, with what is on its way back. */
export function lostIn({ disputes }: PaymentRow, { providerPaymentId: id, capture, ...charge }: Charge): number {
  const taken = disputes.map(({ providerPaymentId, amountMinor, outcome }) =>
    providerPaymentId === id && outcome?.won === false ? (outcome.takenMinor ?? amountMinor) : 0,
  )
  return Math.max(0, Math.min(total(taken), (capture?.amountMinor ?? 0) - goneIn(charge)))
}

/** What went back or is on its way: a running total may have what is not known one by one yet. */
export function goneIn({ refunds = [], refundTotalMinor = 0 }: Pick<Charge, 'refunds' | 'refundTotalMinor'>): number {
  const sum = (isFailed: boolean) =>
    total(refunds.filter(({ failed }) => failed === isFailed).map(({ amountMinor }) => amountMinor))
  return Math.max(sum(false), refundTotalMinor - sum(true))
}

/** Entries of account credit that disputes over this charge made. */
const ofDisputes = ({ disputes }: PaymentRow, { providerPaymentId: id }: Charge, entries: CreditEntries) =>
  entries.filter((entry) =>
    disputes.some((one) => one.providerPaymentId === id && entry.id.includes(`:${one.disputeId}:`)),
  )

/**
 * At each commit: what is lost leaves the credit that the money became, all of it or all that is there; what comes back
 * is never more than had left. `balanceMinor`: of that credit, after the commit.
 */
export function seeLoss(
  before: PaymentRow,
  after: PaymentRow,
  entries: CreditEntries,
  balanceMinor: (currency: string) => number,
): void {
  for (const charge of after.charges) {
    const earlier = before.charges.find(({ providerPaymentId }) => providerPaymentId === charge.providerPaymentId)
    if (earlier?.as !== 'account_credit' || charge.as !== 'account_credit') continue
    const risen = lostIn(after, charge) - lostIn(before, earlier)
    const taken = -total(ofDisputes(after, charge, entries).map(({ amountMinor }) => amountMinor))
    const isMore = risen > 0
    const holds = isMore
      ? taken === risen || (taken < risen && balanceMinor(charge.capture?.currency ?? '') === 0)
      : taken <= 0
    if (!holds)
      throw new Violation(`${charge.providerPaymentId} lost ${risen} more, and ${taken} left the account credit`)
  }
}

/** In the end: what is lost shows, and has its notes, which stand beside those of refunds. */
export function judgeLoss(payment: PaymentRow, paid: BookPayment[], { invoices }: Rows): void {
  const { id, charges } = payment
  for (const one of paid) {
    const charge = charges.find(({ providerPaymentId }) => providerPaymentId === one.id)
    if (!charge) continue
    const lost = lostAt(one)
    const known = lostIn(payment, charge)
    if (known !== lost) throw new Violation(`${one.id} says that ${known} is lost, the provider ${lost}`)
    if (charge.as !== 'granted') continue
    const net = (about: 'refundId' | 'disputeId') =>
      total(
        invoices
          .filter((row) => row.paymentId === id && row[about] !== undefined)
          .map(({ kind, totalMinor }) => (kind === 'credit_note' ? totalMinor : -totalMinor)),
      )
    const [back, gone] = [net('refundId'), net('disputeId')]
    if (back !== refundedMinor(one) || gone !== lost)
      throw new Violation(
        `${id} has notes of ${back} for refunds of ${refundedMinor(one)}, and of ${gone} for a loss of ${lost}`,
      )
    const stated = payment.notedMinor ?? 0
    if (stated !== back + gone) throw new Violation(`${id} counts notes of ${stated}, there are ${back + gone}`)
  }
}
