import { exponentOf, isCurrency } from '#domain/money'
import { chargeRule, type PaymentProvider } from '#domain/moneyCharge'
import { GatewayError } from './gatewayError.ts'

/** Stripe counts króna and Ugandan shilling in hundredths that do not exist, and ariary whole. */
const stripeDecimals: Record<string, number> = { ISK: 2, UGX: 2, MGA: 0 }

/**
 * Decimals of a provider's `amount`; undefined: the provider does not charge this currency. Razorpay follows ISO 4217,
 * Paystack counts everything in hundredths (XOF too), Stripe has three exceptions.
 */
export function providerExponent(provider: PaymentProvider, currency: string): number | undefined {
  if (!isCurrency(currency) || chargeRule(provider, currency) === undefined) return undefined
  if (provider === 'paystack') return 2
  if (provider === 'stripe') return stripeDecimals[currency] ?? exponentOf(currency)
  return exponentOf(currency)
}

/**
 * ISO minor units → the provider's units, exactly.
 * @throws GatewayError `refused`, before any call: `amount_invalid`, `currency_unsupported`, `amount_not_divisible` (the
 * provider knows fewer decimals: 5 fils, 1 hundredth of an ariary).
 */
export function toProviderUnits(provider: PaymentProvider, amountMinor: number, currency: string): number {
  const refuse = (code: string): GatewayError => new GatewayError(provider, 'refused', { code })
  if (!Number.isSafeInteger(amountMinor) || amountMinor <= 0) throw refuse('amount_invalid')
  const exponent = providerExponent(provider, currency)
  const step = isCurrency(currency) ? chargeRule(provider, currency)?.step : undefined
  if (exponent === undefined || step === undefined) throw refuse('currency_unsupported')
  if (amountMinor % step !== 0) throw refuse('amount_not_divisible')
  const scaled = scale(BigInt(amountMinor), exponent - exponentOf(currency))
  if (scaled === undefined) throw refuse('amount_not_divisible')
  if (scaled > BigInt(Number.MAX_SAFE_INTEGER)) throw refuse('amount_invalid')
  return Number(scaled)
}

/** The provider's units → ISO minor units; undefined when they do not divide or the currency is not charged there. */
export function fromProviderUnits(provider: PaymentProvider, amount: number, currency: string): number | undefined {
  const exponent = providerExponent(provider, currency)
  if (exponent === undefined || !Number.isSafeInteger(amount) || amount < 0) return undefined
  const scaled = scale(BigInt(amount), exponentOf(currency) - exponent)
  return scaled === undefined || scaled > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(scaled)
}

/** `value × 10^shift`; undefined when a division would leave a rest. */
function scale(value: bigint, shift: number): bigint | undefined {
  if (shift >= 0) return value * 10n ** BigInt(shift)
  const divisor = 10n ** BigInt(-shift)
  return value % divisor === 0n ? value / divisor : undefined
}
