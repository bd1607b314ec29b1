import type { Fault } from '#errors/fault'
import type { Catalogue } from './catalogue.ts'
import { moneyText } from './money.ts'
import { chargeRule, type PaymentProvider, paymentProviders } from './moneyCharge.ts'

/** A price of 0 is not charged. What a provider cannot charge is refused; without a provider, what none of them can. */
export function chargeFaults(
  catalogue: Catalogue,
  { amount, currency }: { amount: number; currency: string },
  path: string,
): Fault[] {
  if (amount === 0) return []
  const providers: readonly PaymentProvider[] = catalogue.provider ? [catalogue.provider] : paymentProviders
  const rules = providers.flatMap((provider) => chargeRule(provider, currency) ?? [])
  if (rules.some(({ minimum, step }) => amount >= minimum && amount % step === 0)) return []
  const who = catalogue.provider ?? 'any provider'
  const [rule] = rules.sort((one, other) => one.minimum - other.minimum)
  if (!rule)
    return [{ path, message: `cannot be charged: ${catalogue.provider ?? 'every provider'} refuses ${currency}` }]
  const smallest = `${rule.minimum} (${moneyText(rule.minimum, currency)})`
  if (amount < rule.minimum) return [{ path, message: `is below ${smallest}, the smallest charge of ${who}` }]
  return [{ path, message: `must be a multiple of ${rule.step} in ${currency}, as ${who} charges it` }]
}
