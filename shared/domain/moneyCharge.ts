import { exponentOf } from './money.ts'

/** What a payment provider can charge, in ISO minor units. */
export const paymentProviders = ['razorpay', 'paystack', 'stripe'] as const
export type PaymentProvider = (typeof paymentProviders)[number]

/** What Razorpay keeps is a mandate: it is debited ahead of time, after a notice, and once a cycle. */
export const isMandate = (provider: PaymentProvider): boolean => provider === 'razorpay'

export interface ChargeRule {
  /** The smallest charge, minor units. */
  minimum: number
  /** Charges are multiples of this: a provider may know fewer decimals than ISO 4217. */
  step: number
}

/**
 * The smallest charges that the providers publish, in ISO minor units. Stripe's is by settlement currency, taken here as
 * the currency of the price. Where a provider publishes none, one step is the smallest.
 */
const minimums: Record<PaymentProvider, Record<string, number>> = {
  razorpay: { INR: 100 },
  // Paystack counts XOF in hundredths, which ISO does not have: its 100 is one franc.
  paystack: { NGN: 5000, USD: 200, GHS: 10, ZAR: 100, KES: 300, XOF: 1 },
  stripe: {
    USD: 50,
    AED: 200,
    AUD: 50,
    BGN: 100,
    BRL: 50,
    CAD: 50,
    CHF: 50,
    CZK: 1500,
    DKK: 250,
    EUR: 50,
    GBP: 30,
    HKD: 400,
    HUF: 17500,
    INR: 50,
    JPY: 50,
    MXN: 1000,
    MYR: 200,
    NOK: 300,
    NZD: 50,
    PLN: 200,
    RON: 200,
    SEK: 300,
    SGD: 50,
    THB: 1000,
  },
}

/** Currencies that are not on the provider's published list. */
const notAtStripe = new Set(['IQD', 'LYD'])
const notAtRazorpay = new Set(['LYD'])

/** How a provider charges a currency; undefined: it does not. */
export function chargeRule(provider: PaymentProvider, currency: string): ChargeRule | undefined {
  const minimum = minimums[provider][currency]
  if (provider === 'paystack') return minimum === undefined ? undefined : { minimum, step: 1 }
  if ((provider === 'stripe' ? notAtStripe : notAtRazorpay).has(currency)) return undefined
  const step = stepOf(provider, currency)
  return { minimum: Math.max(minimum ?? step, step), step }
}

function stepOf(provider: PaymentProvider, currency: string): number {
  // Cards round the third decimal away, so the last digit has to be 0.
  if (exponentOf(currency) === 3) return 10
  // Stripe counts ariary whole, ISO in hundredths.
  return provider === 'stripe' && currency === 'MGA' ? 100 : 1
}
