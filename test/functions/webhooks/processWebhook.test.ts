import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { GatewayError } from '#gateways/gatewayError'
import type { Fakes } from '#local/providers/start'
import type { Deps } from '#runtime/deps'
import { findPayment } from '#table/payments'
import { callsOf, takeSent } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'
import { bytesOf, checkedOut, deliver, scripted, signed, stored, stripeEvent, told, work } from '#test/support/webhooks'

const start = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ product: 'resume-ats', now: start })
const { putAccount } = callsOf(deps)
let fakes: Fakes
let stopFakes: () => Promise<void>
/** Waits asked of the queue, by message. */
const delays: (number | undefined)[] = []

beforeAll(async () => {
  const bench = await withFakes(deps)
  fakes = bench.fakes
  stopFakes = bench.stop
  const { send } = deps.queues
  const recording: Deps['queues']['send'] = (queue, messages, options) => {
    if (queue === 'webhook') delays.push(...messages.map(() => options?.delaySeconds))
    return send(queue, messages, options)
  }
  deps.queues = { send: recording }
})
afterAll(async () => {
  await stopFakes()
  await deps.stop()
})
beforeEach(() => {
  deps.clock.set(start)
  takeSent(deps, 'webhook')
  delays.length = 0
  deps.metrics.length = 0
  deps.logged.length = 0
})

const hashOf = (body: string) => createHash('sha256').update(body).digest('hex')

/** A checkout of the plan "pro", paid on Razorpay's page; the events it told of. */
async function paid(account: string, pay: object = {}) {
  await putAccount({ account, body: { email: `${account}@example.com` } })
  const { paymentId, providerOrderId } = await checkedOut(deps, account, { priceId: 'pro-month' })
  const before = told(fakes, 'razorpay').length
  fakes.razorpay.pay({ orderId: providerOrderId, outcome: 'success', ...pay })
  const events = told(fakes, 'razorpay').slice(before)
  return {
    account,
    paymentId,
    providerOrderId,
    events: events.filter((body) => /"event":"(payment|order)\./.test(body)),
  }
}
const paymentNow = async ({ account, paymentId }: { account: string; paymentId: string }) => {
  const payment = await findPayment(deps.table, account, paymentId, { consistent: true })
  if (!payment) throw new Error('the payment is gone')
  return payment
}
/** Rows of an account whose sort key begins so. */
const rowsOf = async (account: string, prefix: string) =>
  (await deps.table.query({ pk: `ACCOUNT#${account}`, sk: { beginsWith: prefix }, limit: 100 })).items

describe('processWebhook', () => {
  it('settles what the provider says was paid', async () => {
    const bought = await paid('wh-paid')
    expect(bought.events.length).toBeGreaterThan(1)
    for (const body of bought.events) await deliver(deps, 'razorpay', body)
    expect(await work(deps)).toEqual([])
    expect(await paymentNow(bought)).toMatchObject({ status: 'completed', settled: { as: 'granted' } })
    for (const body of bought.events)
      expect(await stored(deps, 'razorpay', hashOf(body))).toMatchObject({
        status: 'processed',
        attempts: 0,
        accountId: 'wh-paid',
        paymentId: bought.paymentId,
        processedAt: Date.parse(start),
      })
  })

  it('all events of one charge, twenty times over at once, are one plan, one invoice, one grant', async () => {
    fakes.razorpay.behave({ settings: { fiveEvents: true } })
    const bought = await paid('wh-race')
    fakes.razorpay.behave({ reset: true })
    const kinds = bought.events.map((body) => String(Reflect.get(JSON.parse(body), 'event')))
    expect(kinds.length).toBeGreaterThanOrEqual(3)
    for (const body of bought.events) await deliver(deps, 'razorpay', body)
    const messages = takeSent(deps, 'webhook')
    await Promise.all(Array.from({ length: 20 }, () => work(deps, messages)))
    expect(await paymentNow(bought)).toMatchObject({ status: 'completed' })
    expect(await rowsOf('wh-race', `PAY#${bought.paymentId}#INV#`)).toHaveLength(1)
    expect(await rowsOf('wh-race', 'SUB#')).toHaveLength(1)
    expect(await rowsOf('wh-race', 'SUBHIST#')).toHaveLength(1)
    for (const body of bought.events)
      expect(await stored(deps, 'razorpay', hashOf(body))).toMatchObject({
        status: expect.stringMatching(/processed|ignored/),
      })
  })

  it('a settled payment’s later events ask nobody', async () => {
    const bought = await paid('wh-quiet')
    const [first = '', ...others] = bought.events
    await deliver(deps, 'razorpay', first)
    await work(deps)
    const settledAt = await paymentNow(bought)
    for (const body of others) await deliver(deps, 'razorpay', body)
    const silent = scripted(deps, 'razorpay', {
      fetchPayment: () => Promise.reject(new Error('asked')),
      fetchOrder: () => Promise.reject(new Error('asked')),
    })
    expect(await work(silent)).toEqual([])
    for (const body of others) expect((await stored(deps, 'razorpay', hashOf(body))).status).toBe('processed')
    expect(await paymentNow(bought)).toEqual(settledAt)
  })

  it('an altered amount under a valid signature grants nothing of its own: the provider is asked', async () => {
    const bought = await paid('wh-altered')
    const altered = (bought.events[0] ?? '').replaceAll('14900', '100')
    expect(altered).not.toBe(bought.events[0])
    await deliver(deps, 'razorpay', altered, { headers: signed('razorpay', bytesOf(altered)) })
    await work(deps)
    // What counts is what the API says: the right amount was paid.
    expect(await paymentNow(bought)).toMatchObject({ status: 'completed', capturedMinor: 14900 })
  })

  it('a payment of another amount than asked lands in review', async () => {
    const bought = await paid('wh-less', { amount: 100 })
    for (const body of bought.events) await deliver(deps, 'razorpay', body)
    await work(deps)
    expect(await paymentNow(bought)).toMatchObject({ status: 'review', flags: ['amount'] })
    expect(await rowsOf('wh-less', 'SUB#')).toEqual([])
  })

  it('a failed payment is recorded, and its later success settles', async () => {
    await putAccount({ account: 'wh-failed', body: { email: 'f@example.com' } })
    const { paymentId, providerOrderId } = await checkedOut(deps, 'wh-failed', { priceId: 'pro-month' })
    const address = { account: 'wh-failed', paymentId }
    fakes.razorpay.pay({ orderId: providerOrderId, outcome: 'fail' })
    await deliver(deps, 'razorpay', told(fakes, 'razorpay', 'payment.failed').at(-1) ?? '')
    await work(deps)
    expect(await paymentNow(address)).toMatchObject({ status: 'failed' })
    fakes.razorpay.pay({ orderId: providerOrderId, outcome: 'success' })
    await deliver(deps, 'razorpay', told(fakes, 'razorpay', 'payment.captured').at(-1) ?? '')
    await work(deps)
    expect(await paymentNow(address)).toMatchObject({ status: 'completed' })
  })

  it('a provider that is down: one minute, five, half an hour, two hours, eight, then dead', async () => {
    const bought = await paid('wh-down')
    const body = bought.events.at(-1) ?? ''
    const eventKey = hashOf(body)
    await deliver(deps, 'razorpay', body)
    delays.length = 0
    const down = scripted(deps, 'razorpay', {
      fetchPayment: () => Promise.reject(new GatewayError('razorpay', 'unavailable', { code: 'http_503' })),
    })
    const waits = [60, 300, 1_800, 7_200, 28_800]
    for (const [at, seconds] of waits.entries()) {
      expect(
        await work(down, at === 0 ? takeSent(deps, 'webhook') : [{ provider: 'razorpay', eventKey, requestId: 'r' }]),
      ).toEqual([])
      const due = new Date(deps.clock.now() + seconds * 1_000).toISOString()
      expect(await deps.table.get({ pk: `EVT#razorpay#${eventKey}`, sk: 'EVENT' })).toMatchObject({
        status: 'retrying',
        attempts: at + 1,
        lastError: 'unavailable:http_503',
        gsi2sk: `${due}#EVT#razorpay#${eventKey}#EVENT`,
      })
      deps.clock.advance(seconds * 1_000)
    }
    // Longer waits than a queue's lie in the due index.
    expect(delays).toEqual([60, 300])
    expect(await work(down, [{ provider: 'razorpay', eventKey, requestId: 'r' }])).toEqual([0])
    expect(await deps.table.get({ pk: `EVT#razorpay#${eventKey}`, sk: 'EVENT' })).toMatchObject({
      status: 'dead',
      attempts: 6,
      gsi2pk: 'WEBHOOK#dead',
    })
    expect(deps.metrics).toContainEqual({ name: 'WebhookDead', value: 1, dimensions: { provider: 'razorpay' } })
    // The message's way back from the dead-letter queue is a try.
    expect(await work(deps, [{ provider: 'razorpay', eventKey, requestId: 'r' }])).toEqual([])
    expect(await stored(deps, 'razorpay', eventKey)).toMatchObject({ status: 'processed' })
    expect(await paymentNow(bought)).toMatchObject({ status: 'completed' })
  })

  it('a message whose try is yet to come, or is over, does nothing; a delayed one counts its own time', async () => {
    const bought = await paid('wh-early')
    const body = bought.events.at(-1) ?? ''
    const eventKey = hashOf(body)
    await deliver(deps, 'razorpay', body)
    const first = takeSent(deps, 'webhook')
    const down = scripted(deps, 'razorpay', {
      fetchPayment: () => Promise.reject(new GatewayError('razorpay', 'unavailable')),
    })
    await work(down, first)
    const delayed = takeSent(deps, 'webhook')
    expect(delayed).toEqual([expect.objectContaining({ eventKey, attempt: 1 })])
    await work(deps, first)
    expect(await stored(deps, 'razorpay', eventKey)).toMatchObject({ status: 'retrying', attempts: 1 })
    // The test clock stands still; the queue's wait is over all the same.
    await work(deps, delayed)
    const done = await stored(deps, 'razorpay', eventKey)
    expect(done).toMatchObject({ status: 'processed', attempts: 1 })
    expect(done.nextAt).toBeUndefined()
    await work(deps, [...first, ...delayed])
    expect(await stored(deps, 'razorpay', eventKey)).toEqual(done)
  })

  it('an order that nobody knows is looked for again, then ignored with an alarm, and never granted', async () => {
    const body = JSON.stringify({
      event: 'payment.captured',
      payload: {
        payment: {
          entity: {
            id: 'pay_unknown0000001',
            amount: 100,
            currency: 'INR',
            status: 'captured',
            order_id: 'order_unknown00001',
          },
        },
      },
    })
    const eventKey = hashOf(body)
    await deliver(deps, 'razorpay', body)
    const message = { provider: 'razorpay', eventKey, requestId: 'r' }
    for (const minutes of [1, 5, 30, 120, 480]) {
      expect(await work(deps, [message])).toEqual([])
      expect(await stored(deps, 'razorpay', eventKey)).toMatchObject({ status: 'unmatched', lastError: 'unmatched' })
      deps.clock.advance(minutes * 60_000)
    }
    expect(await work(deps, [message])).toEqual([])
    expect(await stored(deps, 'razorpay', eventKey)).toMatchObject({
      status: 'ignored',
      lastError: 'unmatched',
      attempts: 6,
    })
    expect(deps.metrics).toContainEqual({ name: 'WebhookUnmatched', value: 1, dimensions: { provider: 'razorpay' } })
  })

  it('rows that come after their event are found by the next try', async () => {
    const bought = await paid('wh-lag')
    const keys = [
      { pk: `ORDER#razorpay#${bought.providerOrderId}`, sk: 'ORDER' },
      { pk: `ACCOUNT#${bought.account}`, sk: `PAY#${bought.paymentId}` },
    ]
    const rows = await Promise.all(keys.map((key) => deps.table.get(key, { consistent: true })))
    await deps.table.write(keys.map((key) => ({ kind: 'delete', key, when: 'unconditional' })))
    const body = bought.events.find((one) => one.includes('"payment.captured"')) ?? ''
    await deliver(deps, 'razorpay', body)
    // The order itself would name our payment, and cannot be asked at this moment.
    fakes.razorpay.behave({ requests: [{ route: 'GET /v1/orders/:id', fault: 'server_error', times: 3 }] })
    await work(deps)
    fakes.razorpay.behave({ reset: true })
    expect(await stored(deps, 'razorpay', hashOf(body))).toMatchObject({ status: 'unmatched' })
    const back = rows.flatMap((item) => (item ? [{ kind: 'put' as const, item, when: 'unconditional' as const }] : []))
    expect(back).toHaveLength(2)
    await deps.table.write(back)
    await work(deps)
    expect(await stored(deps, 'razorpay', hashOf(body))).toMatchObject({ status: 'processed' })
    expect(await paymentNow(bought)).toMatchObject({ status: 'completed' })
  })

  it('an unreadable event of a kind that matters fails at once, with an alarm', async () => {
    const body = JSON.stringify({ event: 'payment.captured', payload: { payment: { entity: { id: 7 } } } })
    await deliver(deps, 'razorpay', body)
    expect(await work(deps)).toEqual([])
    expect(await deps.table.get({ pk: `EVT#razorpay#${hashOf(body)}`, sk: 'EVENT' })).toMatchObject({
      status: 'failed',
      lastError: 'unreadable',
      gsi2pk: 'WEBHOOK#failed',
    })
    expect(deps.metrics).toContainEqual({ name: 'WebhookUnreadable', value: 1, dimensions: { provider: 'razorpay' } })
    expect(delays).toEqual([undefined])
  })

  it('a defect is told, and tried again like a provider’s failure', async () => {
    const bought = await paid('wh-defect')
    const body = bought.events.at(-1) ?? ''
    await deliver(deps, 'razorpay', body)
    const broken = scripted(deps, 'razorpay', { fetchPayment: () => Promise.reject(new TypeError('broken')) })
    expect(await work(broken)).toEqual([])
    expect(await stored(deps, 'razorpay', hashOf(body))).toMatchObject({ status: 'retrying', lastError: 'defect' })
    expect(deps.metrics).toContainEqual({ name: 'Defect', value: 1, dimensions: { area: 'webhooks' } })
    takeSent(deps, 'webhook')
  })

  it('one that kills its worker each time is dead in the end, and a fresh one costs no more than its result', async () => {
    const bought = await paid('wh-killer')
    const body = bought.events.at(-1) ?? ''
    const eventKey = hashOf(body)
    const message = { provider: 'razorpay', eventKey, requestId: 'r' }
    await deliver(deps, 'razorpay', body)
    takeSent(deps, 'webhook')
    const tries: unknown[] = []
    for (let death = 0; death < 8; death++) {
      await new Promise<void>((asked) => {
        const killed = scripted(deps, 'razorpay', {
          fetchPayment: () => {
            asked()
            return new Promise(() => {})
          },
        })
        void work(killed, [message])
      })
      const { status, attempts, lastError } = await stored(deps, 'razorpay', eventKey)
      tries.push([status, attempts, lastError])
      deps.clock.advance(8 * 3_600_000)
    }
    expect(tries).toEqual([
      // The first try is not counted: nothing speaks against a fresh event.
      ['received', 0, undefined],
      ...[1, 2, 3, 4, 5].map((attempts) => ['retrying', attempts, 'died']),
      ...[6, 7].map((attempts) => ['dead', attempts, 'died']),
    ])
    expect(await work(deps, [message])).toEqual([])
    expect(await stored(deps, 'razorpay', eventKey)).toMatchObject({ status: 'processed', attempts: 7 })
    const fresh = await paid('wh-fresh')
    const other = fresh.events.at(-1) ?? ''
    await deliver(deps, 'razorpay', other)
    await work(deps)
    expect(await stored(deps, 'razorpay', hashOf(other))).toMatchObject({ status: 'processed', ver: 2 })
  })

  it('one that fails for the queue’s sake leaves the others of its batch alone', async () => {
    const one = await paid('wh-batch-1')
    const two = await paid('wh-batch-2')
    for (const body of [one.events.at(-1) ?? '', two.events.at(-1) ?? '']) await deliver(deps, 'razorpay', body)
    const broken = {
      ...deps,
      table: {
        ...deps.table,
        get: async (...args: Parameters<Deps['table']['get']>) => {
          if (args[0].pk === `EVT#razorpay#${hashOf(one.events.at(-1) ?? '')}`) throw new Error('down')
          return deps.table.get(...args)
        },
      },
    }
    expect(await work(broken)).toEqual([0])
    expect(await paymentNow(one)).toMatchObject({ status: 'pending' })
    expect(await paymentNow(two)).toMatchObject({ status: 'completed' })
  })

  it('a refund made in the dashboard is applied, and told twice is applied once', async () => {
    const bought = await paid('wh-refund')
    for (const body of bought.events) await deliver(deps, 'razorpay', body)
    await work(deps)
    const { providerPaymentId } = await paymentNow(bought)
    const refund = (event: string) =>
      JSON.stringify({
        event,
        payload: {
          refund: {
            entity: {
              id: 'rfnd_outside0000001',
              amount: 5000,
              currency: 'INR',
              payment_id: providerPaymentId,
              status: 'processed',
            },
          },
          payment: {
            entity: {
              id: providerPaymentId,
              amount: 14900,
              currency: 'INR',
              status: 'captured',
              order_id: bought.providerOrderId,
              amount_refunded: 5000,
            },
          },
        },
      })
    for (const body of [refund('refund.created'), refund('refund.processed')]) {
      await deliver(deps, 'razorpay', body)
      expect(await work(deps)).toEqual([])
      expect(await stored(deps, 'razorpay', hashOf(body))).toMatchObject({
        status: 'processed',
        paymentId: bought.paymentId,
      })
    }
    expect(await paymentNow(bought)).toMatchObject({ status: 'partially_refunded', refundedMinor: 5000 })
    expect(await rowsOf('wh-refund', `PAY#${bought.paymentId}#RFD#`)).toHaveLength(1)
  })

  it('a dispute flags its payment, and a late "open" does not take its end back', async () => {
    const bought = await paid('wh-dispute')
    for (const body of bought.events) await deliver(deps, 'razorpay', body)
    await work(deps)
    const { providerPaymentId } = await paymentNow(bought)
    const dispute = (event: string, status: string, at: number, deducted = 0) =>
      JSON.stringify({
        event,
        created_at: at,
        payload: {
          dispute: {
            entity: {
              id: 'disp_0000000000001',
              payment_id: providerPaymentId,
              amount: 14900,
              currency: 'INR',
              status,
              amount_deducted: deducted,
              phase: 'chargeback',
            },
          },
        },
      })
    for (const body of [
      dispute('payment.dispute.created', 'open', 1_773_144_000),
      dispute('payment.dispute.won', 'won', 1_773_148_000),
      dispute('payment.dispute.under_review', 'under_review', 1_773_146_000),
    ]) {
      await deliver(deps, 'razorpay', body)
      expect(await work(deps)).toEqual([])
    }
    expect(await paymentNow(bought)).toMatchObject({ flags: ['dispute_won'], disputes: [{ outcome: { won: true } }] })
    // Less may be taken in the end than was disputed.
    await deliver(deps, 'razorpay', dispute('payment.dispute.lost', 'lost', 1_773_149_000, 14_000))
    expect(await work(deps)).toEqual([])
    expect(await paymentNow(bought)).toMatchObject({
      ...{ status: 'disputed', notedMinor: 14_000 },
      disputes: [{ amountMinor: 14_900, outcome: { won: false, takenMinor: 14_000 } }],
    })
  })

  it('an imported subscription’s event is ignored while none is known; a notice that failed asks the provider', async () => {
    const subscription = stripeEvent('evt_sub', 'customer.subscription.updated', { id: 'sub_1', status: 'active' })
    await deliver(deps, 'stripe', subscription)
    await work(deps)
    expect(await stored(deps, 'stripe', 'evt_sub')).toMatchObject({ status: 'ignored', lastError: 'not_imported' })
    const bought = await paid('wh-notice')
    const notice = JSON.stringify({
      event: 'order.notification.failed',
      payload: { notification: { entity: { order_id: bought.providerOrderId } } },
    })
    await deliver(deps, 'razorpay', notice)
    await work(deps)
    expect(await stored(deps, 'razorpay', hashOf(notice))).toMatchObject({
      status: 'processed',
      paymentId: bought.paymentId,
    })
    expect(await paymentNow(bought)).toMatchObject({ status: 'completed' })
  })

  it('a replay by staff in the middle of a try wins: its own try follows', async () => {
    const bought = await paid('wh-middle')
    const body = bought.events.at(-1) ?? ''
    const eventKey = hashOf(body)
    await deliver(deps, 'razorpay', body)
    const tools = await deps.payments()
    const slow = scripted(deps, 'razorpay', {
      fetchPayment: async (id) => {
        const set = { status: 'received', requestId: 'replay' }
        await deps.table.write([
          {
            kind: 'update',
            key: { pk: `EVT#razorpay#${eventKey}`, sk: 'EVENT' },
            set,
            add: { ver: 1 },
            when: 'unconditional',
          },
        ])
        return tools.gateway('razorpay').fetchPayment(id)
      },
    })
    expect(await work(slow)).toEqual([])
    expect(await stored(deps, 'razorpay', eventKey)).toMatchObject({ status: 'received', requestId: 'replay' })
    await work(deps, [{ provider: 'razorpay', eventKey, requestId: 'replay' }])
    expect(await stored(deps, 'razorpay', eventKey)).toMatchObject({ status: 'processed' })
    expect(await rowsOf('wh-middle', 'SUB#')).toHaveLength(1)
  })

  it('a message for an event that is not there is done', async () => {
    expect(await work(deps, [{ provider: 'stripe', eventKey: 'evt_gone', requestId: 'r' }])).toEqual([])
  })
})
