import type { PublishedCatalogue } from '#domain/catalogue'
import { chargeRule, type PaymentProvider } from '#domain/moneyCharge'
import { type PaymentSettings, providerFor } from '#domain/paymentSettings'
import { Problem } from '#errors/problem'
import { GatewayError } from '#gateways/gatewayError'
import type { Deps } from './deps.ts'

/** A provider that was busy is asked again after so long where it named no time itself. */
const retryAfterSeconds = 5

/**
 * Who charges a currency: the setting's word, then the catalogue's, then the first provider that is turned on and can.
 * @throws Problem `conflict` when nobody does.
 */
export async function providerOf(
  deps: Pick<Deps, 'payments'>,
  settings: Pick<PaymentSettings, 'providers'>,
  { catalogue }: Pick<PublishedCatalogue, 'catalogue'>,
  currency: string,
): Promise<PaymentProvider> {
  const { turnedOn } = await deps.payments()
  const { provider } = catalogue
  const named = settings.providers[currency] === undefined && provider && chargeRule(provider, currency)
  const found = named && turnedOn.includes(provider) ? provider : providerFor(settings, currency, turnedOn)
  if (!found) throw new Problem('conflict', `No payment provider is turned on that charges ${currency}.`)
  return found
}

/**
 * For a caller who waits: what a provider's failure means. Whatever was begun stays pending, and the same key goes on
 * with it; what was refused would be refused again.
 */
export function unavailable(error: unknown): unknown {
  if (!(error instanceof GatewayError)) return error
  if (error.kind === 'refused') return new Problem('conflict', `${error.provider} did not accept this.`)
  return new Problem(
    'provider_unavailable',
    error.kind === 'not_found'
      ? 'The payment provider does not know this.'
      : 'The payment provider does not answer. Send the request again with the same key.',
    { provider: error.provider, retryAfterSeconds: error.retryAfterSeconds ?? retryAfterSeconds },
  )
}

/** Runs what calls a provider for a caller who waits. @throws Problem `provider_unavailable`, `conflict` for a no. */
export async function asked<Answer>(work: Promise<Answer>): Promise<Answer> {
  try {
    return await work
  } catch (error) {
    throw unavailable(error)
  }
}
