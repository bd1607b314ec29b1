import { defaultPaymentSettings } from '#domain/paymentSettings'
import { type Fakes, startFakes } from '#local/providers/start'
import { paymentKeys, type TestDeps, testPaymentTools } from './deps.ts'

export interface PaymentBench {
  fakes: Fakes
  stop(): Promise<void>
}

/**
 * The three fakes on the test's clock, and the product's gateways pointed at them. They send no webhooks: a test says when
 * an event comes.
 */
export async function withFakes(deps: TestDeps): Promise<PaymentBench> {
  let texts = 0
  const { razorpayId, razorpaySecret, paystack, stripe, webhook, oldWebhook } = paymentKeys
  const fakes = await startFakes({
    secrets: {
      razorpay: {
        keyId: razorpayId,
        keySecret: razorpaySecret,
        webhookSecret: webhook,
        oldWebhookSecret: oldWebhook,
      },
      paystack: { secretKey: paystack },
      stripe: { secretKey: stripe, webhookSecret: webhook, oldWebhookSecret: oldWebhook },
    },
    now: () => deps.clock.now(),
    random: () => `text ${texts++}`,
    webhookUrl: () => undefined,
  })
  const tools = testPaymentTools({
    razorpay: fakes.razorpay.url,
    paystack: fakes.paystack.url,
    stripe: fakes.stripe.url,
  })
  deps.payments = async () => tools
  deps.settings = async () => ({ ...defaultPaymentSettings, returnUrl: 'https://shop.example/thanks' })
  return { fakes, stop: () => fakes.stop() }
}
