import { type BookPayment, type Books, refundedMinor } from './providerBooks.ts'
import { Violation } from './world.ts'
import { coupons } from './yearCatalogue.ts'
import type { YearRows } from './yearRows.ts'

const hourMs = 3_600_000

/** The provider's books against the committed rows, when all is settled. `automatic`: payments that nobody asked for. */
export function judgeBooks(rows: YearRows, books: Books, automatic: ReadonlySet<string>): void {
  for (const fault of books.faults) throw new Violation(fault)
  judgeCharges(rows, books, automatic)
  judgeMoney(rows, books)
  judgeNumbers(rows)
  judgeCoupons(rows)
}

const isCaptured = ({ status }: BookPayment): boolean => status === 'captured'
const keptMinor = (payment: BookPayment): number => payment.amountMinor - refundedMinor(payment)

/** Retries and the lead of a debit lie within; the shortest period does not. */
const sameEndMs = 10 * 24 * hourMs

/** One attempt is one charge; one end is paid by itself once, unless its money went back or a change credited it. */
function judgeCharges({ payments, refunds }: YearRows, books: Books, automatic: ReadonlySet<string>): void {
  const charges = books.payments.filter((one) => one.order.isCharge && isCaptured(one))
  const ofAttempt = (id: string) => charges.filter(({ order }) => order.reference === id)
  // What the provider refused to give back, or could not, is credit: the sums of money say so.
  const hasFailed = (id: string) => refunds.some(({ paymentId, status }) => paymentId === id && status === 'failed')
  const isKept = (id: string) => ofAttempt(id).some((one) => keptMinor(one) > 0) && !hasFailed(id)
  const kept = payments.filter(({ id }) => automatic.has(id) && isKept(id))
  for (const { id } of payments) require(ofAttempt(id).length <= 1, `${id} was charged ${ofAttempt(id).length} times`)
  for (const [at, { id, subject, createdAt }] of kept.entries()) {
    const again = kept
      .slice(at + 1)
      .find(
        (other) =>
          other.subject.subscriptionId === subject.subscriptionId &&
          other.subject.periodIndex === subject.periodIndex &&
          Math.abs(other.createdAt - createdAt) < sameEndMs,
      )
    const isCredited = payments.some(
      (one) =>
        one.subject.change &&
        one.settled &&
        (one.settled.at - createdAt) * (one.settled.at - (again?.createdAt ?? 0)) <= 0,
    )
    require(!again || isCredited, `period ${subject.periodIndex} was charged as ${id} and as ${again?.id}`)
  }
  for (const { order } of books.payments)
    require(payments.some(({ id }) => id === order.reference), `${order.reference} was charged, and nobody knows it`)
}

/** Money in is money invoiced, less what was credited, and what the account has with us. */
function judgeMoney({ payments, invoices, credits, creditEntries }: YearRows, books: Books): void {
  for (const accountId of new Set(payments.map((payment) => payment.accountId))) {
    const own = new Set(payments.filter((payment) => payment.accountId === accountId).map(({ id }) => id))
    const paid = total(books.payments.filter((one) => own.has(one.order.reference) && isCaptured(one)).map(keptMinor))
    const documents = invoices.filter((one) => one.accountId === accountId)
    const signed = documents.map(({ kind, totalMinor }) => (kind === 'credit_note' ? -totalMinor : totalMinor))
    const kept = total(credits.filter((one) => one.accountId === accountId).map(({ balanceMinor }) => balanceMinor))
    require(paid ===
      total(signed) + kept, `${accountId} paid ${paid}; invoices say ${total(signed)}, its credit is ${kept}`)
  }
  for (const { pk, balanceMinor } of credits) {
    const sum = total(creditEntries.filter((entry) => entry.pk === pk).map(({ amountMinor }) => amountMinor))
    require(sum === balanceMinor, `${pk} has credit of ${balanceMinor}, its entries say ${sum}`)
  }
}

/** 1 … n, each once, in every series. */
function judgeNumbers({ invoices }: YearRows): void {
  for (const series of new Set(invoices.map((invoice) => invoice.series))) {
    const own = invoices.filter((invoice) => invoice.series === series)
    const numbers = own.map(({ number }) => Number(number?.slice(series.length + 1))).sort((a, b) => a - b)
    require(numbers.every((number, at) => number === at + 1), `${series} has the numbers ${numbers.join(', ')}`)
  }
}

/** Each is counted as often as an order has it, and never beyond its number. */
function judgeCoupons({ payments, couponCounts }: YearRows): void {
  for (const [code, { most = Number.POSITIVE_INFINITY }] of Object.entries(coupons)) {
    const held = payments.filter(({ holds, released }) => holds.coupon?.code === code && !released).length
    const counted = couponCounts.find(({ pk }) => pk.endsWith(`#${code}`))?.n ?? 0
    require(counted === held, `${code} is counted ${counted} times, and held ${held} times`)
    require(held <= most, `${held} have ${code}, which is for ${most}`)
  }
}

const total = (numbers: number[]): number => numbers.reduce((sum, each) => sum + each, 0)

export function require(holds: boolean, otherwise: string): void {
  if (!holds) throw new Violation(otherwise)
}
