import { roundHalfUp } from './money.ts'

/**
 * Rounds shares so that they add up: each is within one of `numerators[i] / denominator`, and their sum is the rounded
 * sum. Whoever was cut most gets the unit that is left (largest remainder), the earlier of two equals.
 */
export function roundTogether(numerators: readonly bigint[], denominator: bigint): number[] {
  const total = roundHalfUp(
    numerators.reduce((sum, one) => sum + one, 0n),
    denominator,
  )
  const shares = numerators.map((numerator, index) => {
    const whole = floorOf(numerator, denominator)
    return { index, whole, remainder: numerator - whole * denominator }
  })
  const missing = Number(total - shares.reduce((sum, { whole }) => sum + whole, 0n))
  const raised = new Set(
    shares
      .toSorted((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1))
      .slice(0, missing)
      .map(({ index }) => index),
  )
  return shares.map(({ index, whole }) => exact(whole + (raised.has(index) ? 1n : 0n)))
}

/** An amount in parts proportional to `weights` (whole, not negative, not all 0). The parts add up to it. */
export function spreadAmount(amountMinor: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + BigInt(weight), 0n)
  return roundTogether(
    weights.map((weight) => BigInt(amountMinor) * BigInt(weight)),
    sum,
  )
}

/** `percent` (whole, 0–100) of an amount, rounded half up. */
export const percentOf = (amountMinor: number, percent: number): number =>
  exact(roundHalfUp(BigInt(amountMinor) * BigInt(percent), 100n))

/** Division towards minus infinity: a remainder is never negative, also of a credit line. */
const floorOf = (numerator: bigint, denominator: bigint): bigint => {
  const quotient = numerator / denominator
  return numerator % denominator < 0n ? quotient - 1n : quotient
}

function exact(value: bigint): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new RangeError('the amount passes 2^53')
  return number
}
