import type { PaymentProvider } from '#domain/moneyCharge'
import { defaultPaymentSettings } from '#domain/paymentSettings'
import type { Gateway } from '#gateways/gateway'
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

/** The same product, whose providers behave otherwise. */
export async function providerThat(deps: TestDeps, change: (real: Gateway) => Partial<Gateway>): Promise<TestDeps> {
  const tools = await deps.payments()
  const gateway = (provider: PaymentProvider): Gateway => {
    const real = tools.gateway(provider)
    return Object.assign(Object.create(real), change(real))
  }
  return { ...deps, payments: async () => ({ ...tools, gateway }) }
}

/** Something that others wait for. */
export function gate(): { opened: Promise<void>; open: () => void } {
  const made = { open: () => {} }
  const opened = new Promise<void>((resolve) => {
    made.open = resolve
  })
  return { opened, open: () => made.open() }
}
