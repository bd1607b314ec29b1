import { createHmac } from 'node:crypto'
import { run as receiveWebhookRun } from '#functions/webhooks/receiveWebhook'
import { sealWith } from '#gateways/seal'
import { processWebhook, receiveWebhook } from '#operations/webhooks'
import { handleHttp } from '#runtime/http'
import { applyRefund } from '#runtime/refundFact'
import { workWebhook } from '#runtime/webhookWork'
import { eventOf } from './event.ts'
import { keySecret, paymentIdOf, playedProvider, webhookSecret } from './settlementProvider.ts'
import type { Spent, Stage } from './stage.ts'

export interface Bought {
  accountId: string
  paymentId: string
  orderId: string
  providerPaymentId: string
}

/** A call to the provider in the midst of work: what the table did before it and after it. */
interface Halves {
  before: Spent
  after: Spent
}

/** The product's own handlers with a provider that answers at once, in this process: only the table is measured. */
export function openShop(stage: Stage) {
  let soFar: (() => Spent) | undefined
  let before: Spent | undefined
  let customers = 0
  const { gateway, captured, refundOf } = playedProvider(() => {
    before = soFar?.()
  })
  const seal = sealWith(['a-sealing-secret-of-the-benchmark-0123456789'])
  stage.deps.payments = async () => ({ turnedOn: ['razorpay'], gateway: () => gateway, seal })

  async function halved(work: () => Promise<unknown>): Promise<Halves> {
    before = undefined
    const all = await stage.spentBy((now) => {
      soFar = now
      return work()
    })
    if (!before) throw new Error('the provider was not asked')
    return { before, after: less(all, before) }
  }

  return {
    /** By a customer of its own, whose account is there. */
    checkout: async (body: Record<string, unknown>): Promise<Bought & Halves> => {
      customers += 1
      const number = String(customers).padStart(12, '0')
      const accountId = `6f1c2a4e-90b7-4d35-8a11-${number}`
      await stage.call('putAccount', { accountId, body: { email: `${accountId}@example.com`, name: 'Benchmark' } })
      const told = { paymentId: '', providerOrderId: '' }
      const halves = await halved(async () => {
        const key = `0b8e7c51-4f2d-4e66-9d3a-${number}`
        Object.assign(told, (await stage.call('createCheckout', { accountId, body, key })).body)
      })
      const { paymentId, providerOrderId: orderId } = told
      return { accountId, paymentId, orderId, providerPaymentId: paymentIdOf(orderId), ...halves }
    },
    /** What the browser does once the customer has paid. */
    verify: ({ accountId, paymentId, orderId, providerPaymentId }: Bought): Promise<Spent> => {
      const signature = createHmac('sha256', keySecret).update(`${orderId}|${providerPaymentId}`).digest('hex')
      const returned = {
        razorpay_order_id: orderId,
        razorpay_payment_id: providerPaymentId,
        razorpay_signature: signature,
      }
      return stage.call('verifyPayment', { accountId, body: { paymentId, ...returned } })
    },
    /** As long as the provider's own. */
    capturedEvent: ({ orderId: order_id, providerPaymentId: id }: Bought): string => {
      const { amountMinor: amount, currency } = captured(id)
      const entity = { id, order_id, amount, currency, status: 'captured', notes: { filler: 'x'.repeat(600) } }
      return JSON.stringify({ event: 'payment.captured', payload: { payment: { entity } }, created_at: 1_795_262_400 })
    },
    receive: (body: string): Promise<Spent> => {
      const signature = createHmac('sha256', webhookSecret).update(body).digest('hex')
      const event = eventOf(receiveWebhook, { params: { provider: 'razorpay' } })
      const signed = { ...event, headers: { ...event.headers, 'x-razorpay-signature': signature }, body }
      return stage.spentBy(async () => {
        const { statusCode } = await handleHttp(receiveWebhook, receiveWebhookRun, stage.deps, signed)
        if (statusCode !== 200) throw new Error(`the event was answered with ${statusCode}`)
      })
    },
    work: (body: string): Promise<Spent> => {
      const { eventKey } = gateway.parseWebhook(Buffer.from(body), {})
      const message = { provider: 'razorpay', eventKey, requestId: 'bench' } as const
      return stage.spentBy(() => workWebhook(stage.deps, processWebhook, message))
    },
    refund: ({ paymentId }: Bought, body: Record<string, unknown>): Promise<Halves> => {
      const request = { params: { paymentId }, body: { reason: 'Bought by mistake', ...body } }
      return halved(() => stage.call('refundPayment', request))
    },
    /** The provider's word that the money is on its way back. */
    confirmRefund: ({ accountId, paymentId, providerPaymentId }: Bought): Promise<Spent> => {
      const { amountMinor } = captured(providerPaymentId)
      const seen = {
        providerPaymentId,
        refundId: refundOf(providerPaymentId),
        amountMinor,
        state: 'processed',
      } as const
      const call = { requestId: 'bench', actor: 'webhook:razorpay' }
      return stage.spentBy(() => applyRefund(stage.deps, { accountId, paymentId }, seen, call))
    },
  }
}

function less(all: Spent, before: Spent): Spent {
  const byIndex = Object.entries(all.byIndex).map(([name, units]) => [name, units - (before.byIndex[name] ?? 0)])
  return {
    readUnits: all.readUnits - before.readUnits,
    writeUnits: all.writeUnits - before.writeUnits,
    byIndex: Object.fromEntries(byIndex),
    refusedUnits: all.refusedUnits - before.refusedUnits,
    roundTrips: all.roundTrips - before.roundTrips,
    largestBytes: all.largestBytes,
  }
}
