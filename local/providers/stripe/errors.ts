import { Refusal } from '../call.ts'
import type { JsonObject } from '../json.ts'

const refuse = (status: number, error: JsonObject): Refusal => new Refusal({ status, body: { error } })

export const invalid = (message: string, param?: string, code?: string): Refusal =>
  refuse(400, {
    type: 'invalid_request_error',
    message,
    ...(param === undefined ? {} : { param }),
    ...(code === undefined ? {} : { code }),
  })

export const noSuch = (what: string, id: string, param = 'id'): Refusal =>
  refuse(404, { type: 'invalid_request_error', code: 'resource_missing', message: `No such ${what}: '${id}'`, param })

export const cardError = (error: JsonObject): Refusal => refuse(402, error)

export function found<Row>(rows: ReadonlyMap<string, Row>, what: string, id: string | undefined, param?: string): Row {
  const row = rows.get(id ?? '')
  if (row === undefined) throw noSuch(what, id ?? '', param)
  return row
}

/** What the bank says, with `decline_code` for machines. */
export const declines = {
  declined: { code: 'card_declined', declineCode: 'generic_decline', message: 'Your card was declined.' },
  insufficient_funds: {
    code: 'card_declined',
    declineCode: 'insufficient_funds',
    message: 'Your card has insufficient funds.',
  },
  authentication_required: {
    code: 'authentication_required',
    declineCode: 'authentication_required',
    message: 'Your card was declined. This transaction requires authentication.',
  },
} as const

const zeroDecimalTimes100 = new Set(['isk', 'ugx'])
const thousandths = new Set(['bhd', 'jod', 'kwd', 'omr', 'tnd'])
const minimums: Readonly<Record<string, number>> = { usd: 50, eur: 50, inr: 50, gbp: 30, jpy: 50 }
const amountMax = 99_999_999

/** Stripe's own rules on an amount: a least one, eight digits, hundredths that must be 00 or a last digit that must be 0. */
export function assertAmount(amount: number, currency: string): void {
  const minimum = Object.hasOwn(minimums, currency) ? (minimums[currency] ?? 1) : 1
  if (amount < minimum) throw invalid(`Amount must be at least ${minimum} ${currency}`, 'amount', 'amount_too_small')
  if (amount > (currency === 'inr' ? amountMax * 10 + 9 : amountMax)) {
    throw invalid('Amount must be no more than the maximum', 'amount', 'amount_too_large')
  }
  if (zeroDecimalTimes100.has(currency) && amount % 100 !== 0) throw invalid('Invalid amount: must end in 00', 'amount')
  if (thousandths.has(currency) && amount % 10 !== 0) throw invalid('Invalid amount: must end in 0', 'amount')
}
