import { join } from 'node:path'
import { type Checkout, startCheckout } from './checkout.ts'
import type { StackClock } from './clock.ts'
import { makeSecrets, type SecretsEngine, startSecrets } from './engines/secrets.ts'
import type { ProviderName } from './providers/fake.ts'
import { makeProviderKeys, paymentSecretOf } from './providers/keys.ts'
import { type Fakes, startFakes } from './providers/start.ts'
import type { SecretModel } from './template/model.ts'
import { newUuid } from './time.ts'

export interface PaymentsOptions {
  /** The API's port; the fakes take the ones after the issuer's. 0 takes any. */
  port: number
  clock: StackClock
  /** The secrets that the template declares. */
  secrets: readonly SecretModel[]
  dataDirectory?: string | undefined
  /** The API's address; undefined until it listens. */
  apiUrl(): string | undefined
  onStop(stop: () => Promise<void>): void
}

/** What stands for the payment providers, and for the secret that holds their keys. */
export interface LocalPayments {
  fakes: Fakes
  /** Base addresses of the fakes. */
  providers: Record<ProviderName, string>
  /** What each signs its webhooks with; Paystack's is its API key. */
  webhookSecrets: Record<ProviderName, string>
  checkout: Checkout
  secrets: SecretsEngine
}

/** The member of a secret's name that says it is the payment secret: `<prefix>/payments`. */
const isPaymentSecret = ({ name }: SecretModel): boolean => name.endsWith('/payments')

/** Starts the fakes with keys made now, and a Secrets Manager whose payment secret holds these keys and the fakes' addresses. */
export async function startPayments(options: PaymentsOptions): Promise<LocalPayments> {
  const { port, clock, onStop } = options
  const portAt = (place: number) => (port === 0 ? 0 : port + place)
  const keys = makeProviderKeys()
  const fakes = await startFakes({
    secrets: keys,
    now: clock.now,
    random: newUuid,
    webhookUrl: (provider) => {
      const apiUrl = options.apiUrl()
      return apiUrl === undefined ? undefined : `${apiUrl}/v1/webhooks/${provider}`
    },
    ports: { razorpay: portAt(2), paystack: portAt(3), stripe: portAt(4) },
  })
  onStop(fakes.stop)
  const providers = { razorpay: fakes.razorpay.url, paystack: fakes.paystack.url, stripe: fakes.stripe.url }
  const checkout = await startCheckout(providers, portAt(5))
  onStop(checkout.stop)
  const file = options.dataDirectory === undefined ? undefined : join(options.dataDirectory, 'secrets.json')
  const made = makeSecrets(options.secrets, file)
  const secrets = await startSecrets(
    options.secrets.map((model) => {
      const text = made[model.name] ?? '{}'
      return { model, text: isPaymentSecret(model) ? withMembers(text, paymentSecretOf(keys, providers)) : text }
    }),
  )
  onStop(secrets.stop)
  return {
    fakes,
    providers,
    webhookSecrets: {
      razorpay: keys.razorpay.webhookSecret,
      paystack: keys.paystack.secretKey,
      stripe: keys.stripe.webhookSecret,
    },
    checkout,
    secrets,
  }
}

const withMembers = (text: string, members: object): string => JSON.stringify({ ...JSON.parse(text), ...members })
