import * as z from 'zod/mini'
import type { PaymentProvider } from '#domain/moneyCharge'
import { present } from './fields.ts'
import type { Gateway, GatewayTools } from './gateway.ts'
import { GatewayError } from './gatewayError.ts'
import { paystackGateway } from './paystack.ts'
import { razorpayGateway } from './razorpay.ts'
import { stripeGateway } from './stripe.ts'

const secret = z.string().check(z.minLength(1), z.maxLength(200))
/** The current one first, then the one before it while it is being replaced. */
const secrets = z.array(secret).check(z.maxLength(2))
/** For a fake or a proxy; the provider's own when absent. Plain HTTP goes to this machine only: keys travel with it. */
const baseUrl = z.optional(
  z.string().check(z.regex(/^(https:\/\/[^\s/?#@]+|http:\/\/(127\.0\.0\.1|localhost)(:\d{1,5})?)$/)),
)
const timeoutMs = z.optional(z.int().check(z.minimum(100), z.maximum(20_000)))

/** The shape of the deployment's payment secret: the providers that are turned on. Strict: a misspelt member is an error. */
export const gatewaySecrets = z.strictObject({
  razorpay: z.optional(
    z.strictObject({
      keyId: z.string().check(z.regex(/^rzp_(test|live)_[A-Za-z0-9]{1,40}$/)),
      keySecret: secret,
      previousKeySecret: z.optional(secret),
      webhookSecrets: secrets,
      baseUrl,
      timeoutMs,
    }),
  ),
  paystack: z.optional(
    z.strictObject({ secretKey: secret, previousSecretKey: z.optional(secret), baseUrl, timeoutMs }),
  ),
  stripe: z.optional(z.strictObject({ secretKey: secret, webhookSecrets: secrets, baseUrl, timeoutMs })),
})
export type GatewaySecrets = z.output<typeof gatewaySecrets>

export type Gateways = (provider: PaymentProvider) => Gateway

/** The gateways of the providers that are turned on, each made once. Asking for another throws `misconfigured`. */
export function openGateways(config: GatewaySecrets, tools: GatewayTools): Gateways {
  const made = new Map<PaymentProvider, Gateway>()
  const make = (provider: PaymentProvider): Gateway | undefined => {
    if (provider === 'razorpay') return config.razorpay && razorpayGateway(present(config.razorpay), tools)
    if (provider === 'paystack') return config.paystack && paystackGateway(present(config.paystack), tools)
    return config.stripe && stripeGateway(present(config.stripe), tools)
  }
  return (provider) => {
    const gateway = made.get(provider) ?? make(provider)
    if (!gateway) throw new GatewayError(provider, 'misconfigured', { code: 'not_turned_on' })
    made.set(provider, gateway)
    return gateway
  }
}
