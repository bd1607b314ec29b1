import type { PaymentProvider } from './moneyCharge.ts'

/** How the provider's books and ours can differ. `not_compared`: the provider could not be asked to the end; it is tried again. */
export const differenceKinds = [
  'unknown',
  'settled_late',
  'amount',
  'refunded',
  'missing_at_provider',
  'not_compared',
] as const

export interface BookDifference {
  kind: (typeof differenceKinds)[number]
  provider: PaymentProvider
  /** Null: the difference is of the whole list. */
  providerPaymentId: string | null
  /** Ours; null: there is none. */
  paymentId: string | null
  detail: string
}

/** What one look at one provider's list of a day came to. */
export interface PartFound {
  /** Provider payments looked at. */
  compared: number
  /** Settled by the comparison itself: neither browser, webhook nor reconciler had told of them. */
  settled: number
  /** On the list in a form, or in a currency, that cannot be read: another shop's, mostly. */
  unreadable: number
  differences: BookDifference[]
}

/** These say what the comparison did: another look finds nothing any more, and the report goes on telling of them. */
const done: readonly BookDifference['kind'][] = ['settled_late', 'refunded']
/** A payment is refunded more than once: each is another. */
const isOneOfMany = ({ kind }: BookDifference): boolean => kind === 'refunded'

const sameness = ({ kind, providerPaymentId, paymentId }: BookDifference): string =>
  `${kind} ${providerPaymentId} ${paymentId}`

/**
 * A provider's part of a day's report after another look at it: what was done stays, once; what stands is what stands now.
 * After a look that was cut short, what an earlier one has found stands, too. `fresh`: what no earlier look has told of.
 */
export function mergedPart(
  before: PartFound | undefined,
  now: PartFound,
): { next: PartFound; fresh: BookDifference[] } {
  const earlier = before?.differences ?? []
  const known = new Set(earlier.map(sameness))
  const present = new Set(now.differences.map(sameness))
  const isCut = now.differences.some(({ kind }) => kind === 'not_compared')
  const kept = earlier.filter(
    (one) => isOneOfMany(one) || (!present.has(sameness(one)) && (isCut || done.includes(one.kind))),
  )
  const most = (one: number, other = 0): number => (isCut ? Math.max(one, other) : one)
  return {
    next: {
      compared: most(now.compared, before?.compared),
      settled: now.settled + (before?.settled ?? 0),
      unreadable: most(now.unreadable, before?.unreadable),
      differences: [...kept, ...now.differences],
    },
    fresh: now.differences.filter((one) => isOneOfMany(one) || !known.has(sameness(one))),
  }
}
