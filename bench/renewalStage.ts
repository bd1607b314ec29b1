import { readFileSync } from 'node:fs'
import { parseCatalogue } from '#domain/catalogueParse'
import { run as settleSubscription } from '#functions/subscriptions/settleSubscription'
import { run as sweepDue } from '#functions/usage/sweepDue'
import type { ProviderPayment } from '#gateways/gateway'
import { openGateways } from '#gateways/gateways'
import { sealWith } from '#gateways/seal'
import type { QueueName } from '#operations/definition'
import { settleSubscription as operation } from '#operations/renewals'
import { publishCatalogue } from '#table/catalogue'
import type { Engine } from '#test/support/engine'
import { cataloguePath, openStage, type Stage } from './stage.ts'
import { type Subscriber, storeSubscribers, subscribersOf } from './subscribers.ts'

/** When everybody's period is over: a fixed instant, so that every run writes the same. */
export const dueAt = Date.UTC(2027, 1, 1)
const now = dueAt + 60_000

/** A plan with included credits beside the catalogue's own: its renewals book them. */
const withCredits = {
  id: 'studio',
  name: 'Studio',
  rank: 2,
  public: true,
  prices: [{ id: 'studio-month', amount: 4900, currency: 'USD', interval: 'month' }],
  credits: { included: 1000, window: 'period', rollover: 'none' },
  entitlements: { calls: { limit: 'unlimited' }, sso: true },
}

/** The product with subscriptions to renew, and a provider that has taken the money by the time it answers. */
export interface RenewalStage extends Stage {
  /** Messages that were sent, by queue, until they are taken. */
  take(queue: QueueName): unknown[]
  /** Stores customers of a plan that are due; answers how to find the one with a number. */
  subscribe(priceId: string, of: { first: number; count: number }): Promise<(no: number) => Subscriber>
  /** One sweep of the due index; answers how many rows it queued. */
  sweep(): Promise<number>
  /** One message of the renewal queue. */
  renew(message: unknown): Promise<void>
}

export async function openRenewals(
  engine: Engine,
  tableName: string,
  capacityDetail: 'INDEXES' | 'TOTAL',
): Promise<RenewalStage> {
  const stage = await openStage(engine.client, await engine.createTable({ tableName }), capacityDetail)
  const sent = new Map<QueueName, unknown[]>()
  const { deps } = stage
  const seal = sealWith(['a-sealing-secret-of-the-benchmark-0123456789'])
  deps.clock = { ...deps.clock, now: () => now }
  deps.payments = async () => ({ turnedOn: ['stripe'], gateway: () => gateway, seal })
  deps.queues = {
    send: async (queue, messages) => {
      sent.set(queue, (sent.get(queue) ?? []).concat(messages))
    },
  }
  await publishWithCredits(stage)
  return {
    ...stage,
    take: (queue) => {
      const messages = sent.get(queue) ?? []
      sent.delete(queue)
      return messages
    },
    subscribe: async (priceId, of) => {
      const subscriber = await subscribersOf(deps, priceId, dueAt)
      await storeSubscribers(engine, tableName, subscriber, of)
      return subscriber
    },
    sweep: async () => (await sweepDue({ scheduledAt: now }, deps)).queued ?? 0,
    renew: (message) => settleSubscription(operation.message.parse(message), deps, { requestId: 'bench' }),
  }
}

async function publishWithCredits({ table }: Stage): Promise<void> {
  const json = JSON.parse(readFileSync(cataloguePath, 'utf8'))
  const parsed = parseCatalogue({ ...json, plans: [...json.plans, withCredits] })
  if (!parsed.ok) throw new Error(`the catalogue with credits: ${JSON.stringify(parsed.errors.slice(0, 3))}`)
  await publishCatalogue(table, parsed.catalogue, { now })
}

const keys = { secretKey: 'sk_live_bench', webhookSecrets: ['whsec_bench'] }
const played = openGateways({ stripe: keys }, { wait: async () => {}, rng: () => 0.5 })('stripe')
const gateway: typeof played = {
  ...played,
  chargeMethod: async ({ paymentId, amountMinor, currency, token, gatewayCustomerId }): Promise<ProviderPayment> => {
    const card = { kind: 'card', brand: 'visa', last4: '4242', expMonth: 12, expYear: 2099, reusable: true, token }
    return {
      provider: 'stripe',
      providerPaymentId: `pi_3Bench${paymentId.slice(-19)}`,
      // As Paystack and Razorpay name it beside the charge; Stripe does not, and its row is that much smaller.
      providerOrderId: `order_Bench${paymentId.slice(-9)}`,
      reference: paymentId,
      status: 'captured',
      amountMinor,
      currency,
      refundedMinor: 0,
      mode: 'live',
      method: { ...card, ...(gatewayCustomerId !== undefined && { gatewayCustomerId }) },
      createdAt: now,
    }
  },
}
