import * as z from 'zod/mini'
import type { JsonObject } from '../json.ts'
import { bad } from './errors.ts'

/** An amount: a whole number of the smallest unit, or its digits in a string. */
export const amountField = z.pipe(
  z.union([z.int().check(z.minimum(0)), z.string().check(z.regex(/^\d{1,15}$/))]),
  z.transform(Number),
)
export const currencyField = z.string().check(z.regex(/^[A-Z]{3}$/))

/** At most 15 pairs of at most 256 characters; an empty array stands for none. */
export const notesField = z.union([
  z.record(z.string().check(z.maxLength(256)), z.union([z.string().check(z.maxLength(256)), z.number(), z.boolean()])),
  z.tuple([]),
])

export function notesOf(notes: z.infer<typeof notesField> | undefined): JsonObject {
  if (notes === undefined || Array.isArray(notes)) return {}
  if (Object.keys(notes).length > 15) throw bad('Number of fields in notes should be less than or equal to 15')
  return { ...notes }
}

export const flagField = z.union([z.boolean(), z.literal(0), z.literal(1), z.literal('0'), z.literal('1')])

export const flagOf = (flag: z.infer<typeof flagField> | undefined): boolean | undefined =>
  flag === undefined ? undefined : flag === true || flag === 1 || flag === '1'

const inrMinimum = 100
const withThousandths = new Set(['BHD', 'IQD', 'JOD', 'KWD', 'OMR', 'TND'])

/** Razorpay's own rules on an amount: INR 1.00 at least, and thousandths only in tens. */
export function assertAmount(amount: number, currency: string): void {
  if (amount < (currency === 'INR' ? inrMinimum : 1)) {
    throw bad(`The amount must be at least ${currency === 'INR' ? 'INR 1.00' : 1}`, { field: 'amount' })
  }
  if (withThousandths.has(currency) && amount % 10 !== 0) {
    throw bad(`The last digit of an amount in ${currency} must be 0`, { field: 'amount' })
  }
}
