import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { GatewayError } from '#gateways/gatewayError'
import type { Deps } from '#runtime/deps'
import { takeSent } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'
import { begin, deliver, hashOf, payersOf, scripted, stored, work } from '#test/support/webhooks'

const start = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ product: 'resume-ats', now: start })
const { fakes, stop: stopFakes } = await withFakes(deps)
const { paid, paymentNow, rowsOf } = payersOf(deps, fakes)
/** Waits asked of the queue, by message. */
const delays: (number | undefined)[] = []
const { send } = deps.queues
const recording: Deps['queues']['send'] = (queue, messages, options) => {
  if (queue === 'webhook') delays.push(...messages.map(() => options?.delaySeconds))
  return send(queue, messages, options)
}
deps.queues = { send: recording }

afterAll(async () => {
  await stopFakes()
  await deps.stop()
})
beforeEach(() => {
  begin(deps, start)
  delays.length = 0
})

describe('processWebhook', () => {
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
