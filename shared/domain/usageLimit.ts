import type { Limit, MeteredTerm, Overage } from './terms.ts'

/** What a figure may grow to: counters are integers below 2^53. */
const maxUsed = Number.MAX_SAFE_INTEGER
const decimal = /^(\d{1,12})(?:\.(\d{1,9}))?$/

/** Units beyond the limit and what they cost, in minor units. */
export interface OverageCharge {
  quantity: number
  amountMinor: number
}

/** How much is left; never negative, null without a limit. */
export const remainingOf = (limit: Limit, used: number): number | null =>
  limit === 'unlimited' ? null : Math.max(0, limit - used)

/** True where the plan gives nothing of a metered feature: no units within a limit, and none for a price. */
export const isOff = (term: { limit: Limit; overage?: Overage }): boolean => term.limit === 0 && !term.overage

/**
 * True when `used` may become `total`: within the limit, or beyond it where the plan prices overage, the customer has
 * not turned overage off, and the window's overage stays within `maxAmount`.
 */
export function hasRoom(term: { limit: Limit; overage?: Overage }, total: number, overageOn: boolean): boolean {
  if (total > maxUsed) return false
  if (term.limit === 'unlimited' || total <= term.limit) return true
  if (!term.overage || !overageOn) return false
  const { maxAmount } = term.overage
  return maxAmount === undefined || priceOf(excessOf(total, term.limit), term.overage.unitAmount) <= BigInt(maxAmount)
}

/** Overage of `used` units in one window: `excess × unitAmount`, rounded half up once, on the total. */
export function overageOf(used: number, term: { limit: Limit; overage?: Overage }): OverageCharge {
  const quantity = excessOf(used, term.limit)
  if (!term.overage || quantity === 0) return { quantity: 0, amountMinor: 0 }
  return { quantity, amountMinor: chargeOf(quantity, term.overage) }
}

/** Minor units for a number of units beyond the limit; never above `maxAmount`, which a lowered limit could pass. */
export function chargeOf(quantity: number, { unitAmount, maxAmount }: Overage): number {
  const amount = priceOf(quantity, unitAmount)
  if (maxAmount !== undefined && amount > BigInt(maxAmount)) return maxAmount
  if (amount > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError('An overage charge is beyond 2^53 minor units')
  return Number(amount)
}

/** Use from which the notice is due: the smallest whole number at or above `limit × warnAt`; null: there is none. */
export function warnThreshold(term: MeteredTerm): number | null {
  if (term.limit === 'unlimited' || term.limit === 0) return null
  // Shares are read to a millionth, in integers: 0.1 × 30 must be 3, not 3.0000000000000004 and so 4.
  const millionths = BigInt(Math.round(term.warnAt * 1_000_000))
  const threshold = Number((BigInt(term.limit) * millionths + 999_999n) / 1_000_000n)
  return threshold > 0 && threshold < term.limit ? threshold : null
}

const excessOf = (used: number, limit: Limit): number => (limit === 'unlimited' ? 0 : Math.max(0, used - limit))

function priceOf(quantity: number, unitAmount: string): bigint {
  const match = decimal.exec(unitAmount)
  if (!match) throw new RangeError(`Not a decimal amount: ${unitAmount}`)
  const fraction = match[2] ?? ''
  const scale = 10n ** BigInt(fraction.length)
  const total = BigInt(quantity) * BigInt(`${match[1]}${fraction}`)
  return (2n * total + scale) / (2n * scale)
}
