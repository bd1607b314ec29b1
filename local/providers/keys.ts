import { randomBytes } from 'node:crypto'
import type { GatewaySecrets } from '#gateways/gateways'
import type { ProviderName } from './fake.ts'
import type { ProviderSecrets } from './start.ts'

/** Well-formed test keys, other ones at each start: nothing of a running stack opens anything elsewhere. */
export function makeProviderKeys(): Required<{ [Name in ProviderName]: Required<ProviderSecrets[Name]> }> {
  return {
    razorpay: {
      keyId: `rzp_test_${random(7)}`,
      keySecret: random(12),
      webhookSecret: random(16),
      oldWebhookSecret: random(16),
    },
    paystack: { secretKey: `sk_test_${random(20)}`, oldSecretKey: `sk_test_${random(20)}` },
    stripe: {
      secretKey: `sk_test_${random(24)}`,
      webhookSecret: `whsec_${random(16)}`,
      oldWebhookSecret: `whsec_${random(16)}`,
    },
  }
}

const random = (bytes: number): string => randomBytes(bytes).toString('hex')

/** What a deployer writes into the payment secret, with the fakes in the providers' places; old secrets still count. */
export function paymentSecretOf(
  { razorpay, paystack, stripe }: ReturnType<typeof makeProviderKeys>,
  addresses: Record<ProviderName, string>,
): GatewaySecrets {
  return {
    razorpay: {
      keyId: razorpay.keyId,
      keySecret: razorpay.keySecret,
      webhookSecrets: [razorpay.webhookSecret, razorpay.oldWebhookSecret],
      baseUrl: addresses.razorpay,
    },
    paystack: {
      secretKey: paystack.secretKey,
      previousSecretKey: paystack.oldSecretKey,
      baseUrl: addresses.paystack,
    },
    stripe: {
      secretKey: stripe.secretKey,
      webhookSecrets: [stripe.webhookSecret, stripe.oldWebhookSecret],
      baseUrl: addresses.stripe,
    },
  }
}
