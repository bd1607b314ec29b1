import { createHmac } from 'node:crypto'
import { run as receiveWebhookRun } from '#functions/webhooks/receiveWebhook'
import type { CaptureRequest, Gateway, OrderRequest, ProviderPayment } from '#gateways/gateway'
import { openGateways } from '#gateways/gateways'
import { sealWith } from '#gateways/seal'
import { realNow } from '#local/time'
import { processWebhook, receiveWebhook } from '#operations/webhooks'
import { handleHttp } from '#runtime/http'
import { numberSeries } from '#runtime/invoiceNumbers'
import { applyRefund } from '#runtime/refundFact'
import { workWebhook } from '#runtime/webhookWork'
import { waitingInvoices } from '#table/invoices'
import type { Engine } from '#test/support/engine'
import { eventOf } from './event.ts'
import type { Bound, Table } from './report.ts'
import { openStage, type Spent, type Stage } from './stage.ts'

const keySecret = 'bench-key-secret'
const webhookSecret = 'bench-webhook-secret'
const keyId = 'rzp_live_BENCHKEYID0001'
/** One transaction of the numbers worker. */
const invoicesAtOnce = 25

/** What each step of a payment consumes. Exact, like every figure of this part. */
export async function measureSettlement(engine: Engine): Promise<{ table: Table; bounds: Bound[] }> {
  const stage = await openStage(engine.client, await engine.createTable({ tableName: 'settlement' }))
  const shop = shopOn(stage)
  const rows: Table['rows'] = []
  const bounds: Bound[] = []
  /** The most that a step may cost: its figure today, rounded up to whole units. */
  const note = (what: string, spent: Spent, most: { rcu: number; wcu: number }, share = 1) => {
    const readUnits = spent.readUnits / share
    const units = spent.writeUnits / share
    const indexUnits = (spent.writeUnits - (spent.byIndex[''] ?? 0)) / share
    rows.push([what, readUnits, units, indexUnits, spent.refusedUnits / share, spent.roundTrips, spent.largestBytes])
    bounds.push({ what: `${what}: RCU`, value: readUnits, most: most.rcu })
    bounds.push({ what: `${what}: WCU`, value: units, most: most.wcu })
  }

  const item = await shop.checkout({ productId: 'guide' })
  note('checkout, nothing held', item.begun, { rcu: 0, wcu: 0 })
  note('provider order created', item.opened, { rcu: 0, wcu: 0 })
  const held = await shop.checkout({ priceId: 'team-month', couponCode: 'WELCOME' })
  note('checkout with a coupon', held.begun, { rcu: 0, wcu: 0 })
  const pack = await shop.checkout({ productId: 'pack-500' })
  const plan = await shop.checkout({ priceId: 'team-month' })

  note('settlement of an item', await shop.verify(item), { rcu: 0, wcu: 0 })
  note('settlement of a credit pack', await shop.verify(pack), { rcu: 0, wcu: 0 })
  note('settlement of a plan, its card saved', await shop.verify(plan), { rcu: 0, wcu: 0 })
  note('verify of a settled payment', await shop.verify(item), { rcu: 0, wcu: 0 })

  const event = shop.capturedEvent(item)
  note('webhook received', await shop.receive(event), { rcu: 0, wcu: 0 })
  note('webhook received again', await shop.receive(event), { rcu: 0, wcu: 0 })
  note('webhook of a settled payment worked off', await shop.work(event), { rcu: 0, wcu: 0 })
  const other = await shop.checkout({ productId: 'guide' })
  const first = shop.capturedEvent(other)
  await shop.receive(first)
  note('webhook that settles an item worked off', await shop.work(first), { rcu: 0, wcu: 0 })

  for (const [name, bought, body, confirmed] of [
    ['item', item, {}, { rcu: 0, wcu: 0 }],
    ['credit pack', pack, {}, { rcu: 0, wcu: 0 }],
    ['plan', plan, { plan: 'now' }, { rcu: 0, wcu: 0 }],
  ] as const) {
    const asked = await shop.refund(bought, body)
    if (name === 'item') note('refund asked for', asked, { rcu: 0, wcu: 0 })
    note(`refund of a ${name} confirmed`, await shop.confirmRefund(bought), confirmed)
  }

  // What was issued so far gets its numbers first, so that the batch is whole.
  await numberSeries(stage.deps, seriesNow())
  for (let n = 0; n < invoicesAtOnce; n++) await shop.verify(await shop.checkout({ productId: 'guide' }))
  const numbers = await stage.spentBy(() => numberSeries(stage.deps, seriesNow()))
  note(`numbers, a batch of ${invoicesAtOnce}, per invoice`, numbers, { rcu: 0, wcu: 0 }, invoicesAtOnce)
  if ((await waitingInvoices(stage.table, seriesNow(), 1)).length > 0) throw new Error('an invoice has no number')

  const columns = ['step', 'RCU', 'WCU', 'of these indexes', 'refused', 'round trips', 'largest item, bytes']
  return { table: { title: 'Capacity units of a payment’s steps', columns, rows }, bounds }
}

const seriesNow = (): string => `INV-${new Date(realNow()).getUTCFullYear()}`

interface Bought {
  accountId: string
  paymentId: string
  orderId: string
  providerPaymentId: string
}

/** The product with a provider that answers at once, in this process: only the table is measured. */
function shopOn(stage: Stage) {
  const orders = new Map<string, OrderRequest>()
  const refunds = new Map<string, string>()
  let atOrder: Spent | undefined
  let soFar: (() => Spent) | undefined
  let customers = 0

  const captured = (providerPaymentId: string): ProviderPayment => {
    const providerOrderId = providerPaymentId.replace('pay_', 'order_')
    const order = orders.get(providerOrderId)
    if (!order) throw new Error(`nobody pays ${providerOrderId}`)
    const method = {
      kind: 'card',
      brand: 'visa',
      last4: '4242',
      expMonth: 12,
      expYear: 2099,
      reusable: order.saveMethod,
    }
    const token = { token: `token_${providerPaymentId}`, gatewayCustomerId: 'cust_Bench000000001' }
    return {
      provider: 'razorpay',
      providerPaymentId,
      providerOrderId,
      reference: order.paymentId,
      status: 'captured',
      amountMinor: order.amountMinor,
      currency: order.currency,
      refundedMinor: 0,
      mode: 'live',
      method: order.saveMethod ? { ...method, ...token } : method,
      createdAt: realNow(),
    }
  }

  const tools = { wait: async () => {}, rng: () => 0.5 }
  const razorpay = { keyId, keySecret, webhookSecrets: [webhookSecret] }
  const gateway: Gateway = {
    ...openGateways({ razorpay }, tools)('razorpay'),
    createOrder: async (order) => {
      atOrder = soFar?.()
      const providerOrderId = `order_Bench${String(orders.size).padStart(9, '0')}`
      orders.set(providerOrderId, order)
      const { amountMinor: amount, currency, description, account } = order
      const prefill = { name: account.name ?? '', email: account.email ?? '' }
      return {
        providerOrderId,
        checkout: { key: keyId, order_id: providerOrderId, amount, currency, description, prefill },
      }
    },
    fetchPayment: async (id) => captured(id),
    capture: async ({ providerPaymentId }: CaptureRequest) => captured(providerPaymentId),
    refund: async ({ refundId, providerPaymentId, amountMinor, currency }) => {
      const providerRefundId = `rfnd_${providerPaymentId.slice('pay_'.length)}`
      refunds.set(providerPaymentId, refundId)
      const told = { provider: 'razorpay', status: 'pending', reference: refundId } as const
      return { ...told, providerRefundId, providerPaymentId, amountMinor, currency, createdAt: realNow() }
    },
  }
  const seal = sealWith(['a-sealing-secret-of-the-benchmark-0123456789'])
  stage.deps.payments = async () => ({ turnedOn: ['razorpay'], gateway: () => gateway, seal })

  return {
    /** By a customer of its own, whose account is there. */
    checkout: async (body: Record<string, unknown>): Promise<Bought & { begun: Spent; opened: Spent }> => {
      const accountId = `6f1c2a4e-90b7-4d35-8a11-${String(++customers).padStart(12, '0')}`
      await stage.call('putAccount', { accountId, body: { email: `${accountId}@example.com`, name: 'Benchmark' } })
      const told = { paymentId: '', providerOrderId: '' }
      const all = await stage.spentBy(async (now) => {
        soFar = now
        const key = `0b8e7c51-4f2d-4e66-9d3a-${String(customers).padStart(12, '0')}`
        const event = stage.call('createCheckout', { accountId, body, key })
        Object.assign(told, (await event).body)
      })
      if (!atOrder) throw new Error('no order was asked for')
      const orderId = told.providerOrderId
      const bought = {
        accountId,
        paymentId: told.paymentId,
        orderId,
        providerPaymentId: orderId.replace('order_', 'pay_'),
      }
      return { ...bought, begun: atOrder, opened: less(all, atOrder) }
    },
    verify: ({ accountId, paymentId, orderId, providerPaymentId }: Bought): Promise<Spent> => {
      const signature = createHmac('sha256', keySecret).update(`${orderId}|${providerPaymentId}`).digest('hex')
      const returned = {
        razorpay_order_id: orderId,
        razorpay_payment_id: providerPaymentId,
        razorpay_signature: signature,
      }
      return stage.call('verifyPayment', { accountId, body: { paymentId, ...returned } })
    },
    capturedEvent: ({ providerPaymentId, orderId }: Bought): string => {
      const { amountMinor: amount, currency } = captured(providerPaymentId)
      const entity = {
        id: providerPaymentId,
        order_id: orderId,
        amount,
        currency,
        status: 'captured',
        filler: 'x'.repeat(600),
      }
      const body = { event: 'payment.captured', payload: { payment: { entity } }, created_at: 1_795_262_400 }
      return JSON.stringify(body)
    },
    receive: (body: string): Promise<Spent> => {
      const signature = createHmac('sha256', webhookSecret).update(body).digest('hex')
      const event = eventOf(receiveWebhook, { params: { provider: 'razorpay' } })
      const headers = { ...event.headers, 'x-razorpay-signature': signature }
      return stage.spentBy(async () => {
        const { statusCode } = await handleHttp(receiveWebhook, receiveWebhookRun, stage.deps, {
          ...event,
          headers,
          body,
        })
        if (statusCode !== 200) throw new Error(`the webhook was answered with ${statusCode}`)
      })
    },
    work: (body: string): Promise<Spent> => {
      const { eventKey } = gateway.parseWebhook(Buffer.from(body), {})
      const message = { provider: 'razorpay', eventKey, requestId: 'bench' } as const
      return stage.spentBy(() => workWebhook(stage.deps, processWebhook, message))
    },
    refund: ({ paymentId }: Bought, body: Record<string, unknown>): Promise<Spent> =>
      stage.call('refundPayment', { params: { paymentId }, body: { reason: 'Bought by mistake', ...body } }),
    confirmRefund: ({ accountId, paymentId, providerPaymentId }: Bought): Promise<Spent> => {
      const { amountMinor } = captured(providerPaymentId)
      const refundId = refunds.get(providerPaymentId)
      if (refundId === undefined) throw new Error('no refund was asked for')
      const seen = { providerPaymentId, refundId, amountMinor, state: 'processed' } as const
      const call = { requestId: 'bench', actor: 'webhook:razorpay' }
      return stage.spentBy(() => applyRefund(stage.deps, { accountId, paymentId }, seen, call))
    },
  }
}

/** What came after `before` was told. */
function less(all: Spent, before: Spent): Spent {
  const byIndex = Object.fromEntries(
    Object.entries(all.byIndex).map(([name, units]) => [name, units - (before.byIndex[name] ?? 0)]),
  )
  return {
    readUnits: all.readUnits - before.readUnits,
    writeUnits: all.writeUnits - before.writeUnits,
    byIndex,
    refusedUnits: all.refusedUnits - before.refusedUnits,
    roundTrips: all.roundTrips - before.roundTrips,
    largestBytes: all.largestBytes,
  }
}
