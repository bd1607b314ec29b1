import type { Fake, FakeOptions, ProviderName, SendRequest } from './fake.ts'
import { startPaystackFake } from './paystack/start.ts'
import type { PaystackSecrets } from './paystack/state.ts'
import { startRazorpayFake } from './razorpay/start.ts'
import type { RazorpaySecrets } from './razorpay/state.ts'
import { startStripeFake } from './stripe/start.ts'
import type { StripeSecrets } from './stripe/state.ts'
import type { FakeEvent } from './webhooks.ts'

export interface ProviderSecrets {
  razorpay: RazorpaySecrets
  paystack: PaystackSecrets
  stripe: StripeSecrets
}

export interface FakesOptions extends Omit<FakeOptions<ProviderSecrets>, 'webhookUrl' | 'port'> {
  /** Where a provider sends its events; asked at every attempt, so the stack may start later. */
  webhookUrl(provider: ProviderName): string | undefined
  /** Any free port where one is not given. */
  ports?: Partial<Record<ProviderName, number>>
}

export interface Fakes extends Record<ProviderName, Fake> {
  /** Composes, signs and sends one event of a provider; see `Fake.sendEvent`. */
  sendEvent(provider: ProviderName, kind: string, overrides?: Omit<SendRequest, 'event'>): FakeEvent
  /** Runs what the clock has made due, in all three. */
  tick(): void
  /** When the clock next makes something due in any of the three, epoch milliseconds. */
  nextAt(): number | undefined
  /** Waits until no webhook of any is on its way. */
  idle(): Promise<void>
  stop(): Promise<void>
}

/** The three fakes on 127.0.0.1. Throws `SetupError` when a port is taken. */
export async function startFakes({ secrets, webhookUrl, ports = {}, ...shared }: FakesOptions): Promise<Fakes> {
  const optionsOf = <Name extends ProviderName>(name: Name): FakeOptions<ProviderSecrets[Name]> => ({
    ...shared,
    secrets: secrets[name],
    webhookUrl: () => webhookUrl(name),
    port: ports[name] ?? 0,
  })
  const razorpay = await startRazorpayFake(optionsOf('razorpay'))
  const paystack = await startPaystackFake(optionsOf('paystack'))
  const stripe = await startStripeFake(optionsOf('stripe'))
  const all = { razorpay, paystack, stripe }
  const each = Object.values(all)
  return {
    ...all,
    sendEvent: (provider, kind, overrides) => all[provider].sendEvent(kind, overrides),
    tick: () => each.forEach((fake) => fake.tick()),
    nextAt: () => {
      const instants = each.flatMap((fake) => fake.nextAt() ?? [])
      return instants.length === 0 ? undefined : Math.min(...instants)
    },
    idle: async () => void (await Promise.all(each.map((fake) => fake.idle()))),
    stop: async () => void (await Promise.all(each.map((fake) => fake.stop()))),
  }
}
