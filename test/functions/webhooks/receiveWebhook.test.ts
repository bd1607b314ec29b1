import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/webhooks/receiveWebhook'
import { receiveWebhook } from '#operations/webhooks'
import { webhookEventKey } from '#table/keys'
import { takeSent } from '#test/support/calls'
import { invoke, paymentKeys, testDeps } from '#test/support/deps'
import { tableDump } from '#test/support/tableDump'
import { bytesOf, deliver, hashOf, signed, stored, stripeEvent } from '#test/support/webhooks'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())

const intent = { id: 'pi_1', object: 'payment_intent', amount: 1500, currency: 'usd', status: 'succeeded' }
const razorpay = (more: object = {}) =>
  JSON.stringify({
    event: 'order.notification.failed',
    payload: { notification: { entity: { order_id: 'order_1' } } },
    ...more,
  })

describe('receiveWebhook', () => {
  it('200 stores the body as it came, once, and queues it', async () => {
    const body = `{ "event" : "order.notification.failed",\n\t"payload":{"notification":{"entity":{"order_id":"₹"}}} }`
    expect(await deliver(deps, 'razorpay', body)).toMatchObject({ status: 200, received: true, duplicate: false })
    const eventKey = hashOf(body)
    expect(takeSent(deps, 'webhook')).toEqual([{ provider: 'razorpay', eventKey, requestId: expect.any(String) }])
    expect(await deps.table.get(webhookEventKey('razorpay', eventKey))).toMatchObject({
      entity: 'webhookEvent',
      status: 'received',
      kind: 'order.notification.failed',
      body,
      attempts: 0,
      createdAt: Date.parse('2026-03-10T12:00:00.000Z'),
      gsi1pk: expect.stringMatching(/^DIR#webhook#2026-03#[0-7]$/),
      gsi1sk: `2026-03-10T12:00:00.000Z#razorpay:${eventKey}`,
      gsi2pk: expect.stringMatching(/^DUE#\d\d$/),
      gsi2sk: `2026-03-10T12:15:00.000Z#EVT#razorpay#${eventKey}#EVENT`,
      ttl: expect.any(Number),
    })
  })

  it.each(['razorpay', 'paystack', 'stripe'] as const)('200 for a signed event of %s', async (provider) => {
    const body = stripeEvent('evt_each', 'payment_intent.succeeded', intent, { event: 'charge.success', data: {} })
    expect(await deliver(deps, provider, body)).toMatchObject({ status: 200, duplicate: false })
  })

  it('200 duplicate for a known event: sent again while nobody has worked on it, and not afterwards', async () => {
    const body = stripeEvent('evt_twice', 'payment_intent.succeeded', intent)
    await deliver(deps, 'stripe', body)
    takeSent(deps, 'webhook')
    expect(await deliver(deps, 'stripe', body)).toMatchObject({ status: 200, received: true, duplicate: true })
    expect(takeSent(deps, 'webhook')).toHaveLength(1)
    const key = webhookEventKey('stripe', 'evt_twice')
    await deps.table.write([{ kind: 'update', key, set: { status: 'processed' }, when: 'unconditional' }])
    expect(await deliver(deps, 'stripe', body)).toMatchObject({ status: 200, received: true, duplicate: true })
    expect(takeSent(deps, 'webhook')).toEqual([])
  })

  it('200 the same event twenty times at once is one row', async () => {
    const body = razorpay({ note: 'at once' })
    const answers = await Promise.all(Array.from({ length: 20 }, () => deliver(deps, 'razorpay', body)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20)
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
    expect(await stored(deps, 'razorpay', hashOf(body))).toMatchObject({ ver: 1, status: 'received' })
    takeSent(deps, 'webhook')
  })

  it('200 the same body under a new event id is the same event', async () => {
    const body = razorpay({ note: 'replayed' })
    await deliver(deps, 'razorpay', body)
    const headers = { ...signed('razorpay', bytesOf(body)), 'x-razorpay-event-id': 'evt_another' }
    expect(await deliver(deps, 'razorpay', body, { headers })).toMatchObject({ status: 200, duplicate: true })
    takeSent(deps, 'webhook')
  })

  it.each(['razorpay', 'stripe'] as const)(
    '200 for %s signed with the secret before the rotation',
    async (provider) => {
      const body = stripeEvent('evt_old', 'payment_intent.succeeded', intent, { event: 'x.y' })
      const headers = signed(provider, bytesOf(body), { secret: paymentKeys.oldWebhook, real: deps.clock.real() })
      expect(await deliver(deps, provider, body, { headers })).toMatchObject({ status: 200, duplicate: false })
    },
  )

  it('200 keeps signed bytes that are no UTF-8, and a byte order mark, byte for byte', async () => {
    for (const bytes of [Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d), Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d)]) {
      expect(await deliver(deps, 'razorpay', bytes)).toMatchObject({ status: 200 })
      const { body, encoding } = await stored(deps, 'razorpay', hashOf(bytes))
      expect(new Uint8Array(Buffer.from(body, encoding ?? 'utf8'))).toEqual(bytes)
    }
    takeSent(deps, 'webhook')
  })

  it('200 marks a kind that nobody acts on as ignored, and queues nothing', async () => {
    const body = stripeEvent('evt_unknown', 'plan.created', {})
    expect(await deliver(deps, 'stripe', body)).toMatchObject({ status: 200, duplicate: false })
    expect(await stored(deps, 'stripe', 'evt_unknown')).toMatchObject({ status: 'ignored', kind: 'plan.created' })
    expect(takeSent(deps, 'webhook')).toEqual([])
    expect(await deliver(deps, 'stripe', body)).toMatchObject({ status: 200, duplicate: true })
    expect(takeSent(deps, 'webhook')).toEqual([])
  })

  it('200 ignores an event of the other mode', async () => {
    const body = stripeEvent('evt_live', 'payment_intent.succeeded', intent, { livemode: true })
    expect(await deliver(deps, 'stripe', body)).toMatchObject({ status: 200 })
    expect(await stored(deps, 'stripe', 'evt_live')).toMatchObject({ status: 'ignored', lastError: 'mode' })
    expect(deps.metrics).toContainEqual({ name: 'WebhookMode', value: 1, dimensions: { provider: 'stripe' } })
    expect(takeSent(deps, 'webhook')).toEqual([])
  })

  it('400 invalid_signature stores nothing but a count', async () => {
    const body = stripeEvent('evt_unsigned', 'payment_intent.succeeded', intent)
    const before = Object.keys(await tableDump(deps.engine)).length
    const bad: Record<string, string>[] = [
      {},
      { 'stripe-signature': '' },
      signed('stripe', bytesOf(`${body} `), { real: deps.clock.real() }),
      signed('stripe', bytesOf(body), { secret: 'another', real: deps.clock.real() }),
      signed('stripe', bytesOf(body), { real: deps.clock.real() - 10 * 60_000 }),
      signed('stripe', bytesOf(body), { real: deps.clock.real() + 10 * 60_000 }),
    ]
    for (const headers of bad)
      expect(await deliver(deps, 'stripe', body, { headers, address: '198.51.100.1' })).toMatchObject({
        status: 400,
        code: 'invalid_signature',
      })
    expect(await deps.table.get(webhookEventKey('stripe', 'evt_unsigned'))).toBeUndefined()
    expect(Object.keys(await tableDump(deps.engine))).toHaveLength(before)
    const counted = deps.metrics.filter(({ name }) => name === 'WebhookSignature')
    expect(counted).toHaveLength(bad.length)
    expect(takeSent(deps, 'webhook')).toEqual([])
  })

  it('429 for an address whose signatures failed a hundred times; its valid events pass all the same', async () => {
    const body = razorpay({ note: 'limited' })
    const wrong = { headers: { 'x-razorpay-signature': '0'.repeat(64) }, address: '198.51.100.2' }
    const statuses: number[] = []
    for (let count = 0; count < 101; count++) statuses.push((await deliver(deps, 'razorpay', body, wrong)).status)
    expect(statuses.filter((status) => status === 400)).toHaveLength(100)
    const refused = await deliver(deps, 'razorpay', body, wrong)
    expect(refused).toMatchObject({ status: 429, code: 'rate_limited' })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect(await deliver(deps, 'razorpay', body, { address: '198.51.100.2' })).toMatchObject({ status: 200 })
    expect(await deliver(deps, 'razorpay', body, { ...wrong, address: '198.51.100.3' })).toMatchObject({ status: 400 })
    takeSent(deps, 'webhook')
  })

  it('200 without a limit for valid events of one address', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 150 }, (_, n) => deliver(deps, 'razorpay', razorpay({ n }), { address: '198.51.100.4' })),
    )
    expect(statuses.filter(({ status }) => status === 200)).toHaveLength(150)
    takeSent(deps, 'webhook')
  })

  it('404 for a provider that is not turned on', async () => {
    const tools = await deps.payments()
    const without = { ...deps, payments: async () => ({ ...tools, turnedOn: ['razorpay' as const] }) }
    const body = stripeEvent('evt_off', 'payment_intent.succeeded', intent)
    expect(await deliver(without, 'stripe', body)).toMatchObject({ status: 404, code: 'not_found' })
  })

  it('400 for a provider that there is not, 413 for more than 256 KB', async () => {
    expect(await invoke(receiveWebhook, run, deps, { params: { provider: 'paypal' } })).toMatchObject({
      status: 400,
      code: 'validation_failed',
    })
    const huge = new Uint8Array(256 * 1024 + 1).fill(0x20)
    expect(await deliver(deps, 'razorpay', huge)).toMatchObject({ status: 413, code: 'payload_too_large' })
  })

  it('500 when the queue takes nothing: the event is kept, and the provider’s next try sends it', async () => {
    const body = razorpay({ note: 'queue down' })
    const queues = { send: () => Promise.reject(new Error('down')) }
    expect(await deliver({ ...deps, queues }, 'razorpay', body)).toMatchObject({ status: 500, code: 'internal' })
    expect(await stored(deps, 'razorpay', hashOf(body))).toMatchObject({ status: 'received' })
    expect(await deliver(deps, 'razorpay', body)).toMatchObject({ status: 200, duplicate: true })
    expect(takeSent(deps, 'webhook')).toHaveLength(1)
  })

  it('costs one put and one message', async () => {
    const calls: string[] = []
    const counted = {
      get: () => Promise.reject(new Error('no read')),
      batchGet: () => Promise.reject(new Error('no read')),
      query: () => Promise.reject(new Error('no read')),
      write: (writes: Parameters<typeof deps.table.write>[0]) => {
        calls.push(...writes.map(({ kind }) => kind))
        return deps.table.write(writes)
      },
    }
    expect(await deliver({ ...deps, table: counted }, 'razorpay', razorpay({ note: 'cheap' }))).toMatchObject({
      status: 200,
    })
    expect(calls).toEqual(['put'])
    expect(takeSent(deps, 'webhook')).toHaveLength(1)
  })
})
