import * as z from 'zod/mini'
import { bad } from './errors.ts'

/** The description says integer; the documented examples send digits in a string, and the API takes both. */
export const amountField = z.pipe(
  z.union([z.int().check(z.minimum(0)), z.string().check(z.regex(/^\d{1,12}$/))]),
  z.transform(Number),
)

/** Letters, digits, `-`, `.` and `=`: an underscore is refused. */
export const referenceField = z.string().check(z.regex(/^[-.=A-Za-z0-9]{1,100}$/))

/** The least that may be charged, in the subunit; every currency counts hundredths, XOF too. */
const minimums: Readonly<Record<string, number>> = { NGN: 5000, GHS: 10, ZAR: 100, KES: 300, USD: 200, XOF: 100 }
/** Ten million of the major unit. */
const amountMax = 1_000_000_000

export function assertAmount(amount: number, currency: string): void {
  const minimum = Object.hasOwn(minimums, currency) ? minimums[currency] : undefined
  if (minimum === undefined) throw bad('Currency not supported by merchant', 'unsupported_currency')
  if (amount < minimum) throw bad('Amount is less than the minimum', 'invalid_amount')
  if (amount > amountMax) throw bad('Amount is more than the maximum', 'invalid_amount')
}
