import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dynamoTable } from '#table/dynamo'
import { webhookEventKey } from '#table/keys'
import {
  bytesOf,
  findWebhook,
  listWebhooks,
  type NewWebhook,
  progressWrite,
  putWebhookWrite,
  replayWrite,
  stuckWebhooks,
} from '#table/webhookEvents'
import { startEngine } from '#test/support/engine'

const engine = await startEngine()
const table = dynamoTable({ client: engine.client, tableName: await engine.createTable() })
afterAll(() => engine.stop())

const monthStart = Date.parse('2026-03-01T00:00:00.000Z')
const event = (eventKey: string, over: Partial<NewWebhook> = {}): NewWebhook => ({
  provider: 'stripe',
  eventKey,
  kind: 'charge.refunded',
  bytes: new TextEncoder().encode('{}'),
  status: 'received',
  requestId: 'req_1',
  ...over,
})
const put = (one: NewWebhook, now: number) => table.write([putWebhookWrite(one, { now, real: now })])
const load = async (eventKey: string) => {
  const found = await findWebhook(table, 'stripe', eventKey)
  if (!found) throw new Error(`${eventKey} is gone`)
  return found
}

/** More in one month than one look at each of its shards finds. */
const count = 900
beforeAll(async () => {
  for (let n = 0; n < count; n += 50)
    await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        put(
          event(`evt_${n + at}`, n + at === 3 ? { kind: 'rare', status: 'ignored' } : {}),
          monthStart + (n + at) * 60_000,
        ),
      ),
    )
}, 60_000)

async function pages(filter: { status?: 'ignored' }, limit: number) {
  const found: string[][] = []
  let position: string | undefined
  do {
    const page: Awaited<ReturnType<typeof listWebhooks>> = await listWebhooks(
      table,
      { ...filter, from: Date.parse('2025-06-15T00:00:00Z'), to: Date.parse('2026-04-20T00:00:00Z') },
      { limit, ...(position && { position }) },
    )
    found.push(page.events.map(({ eventKey }) => eventKey))
    position = page.next
  } while (position)
  return found
}

describe('stored events', () => {
  it('are listed newest first, each once, however many a shard holds', async () => {
    const newestFirst = Array.from({ length: count }, (_, n) => `evt_${count - 1 - n}`)
    expect((await pages({}, 100)).flat()).toEqual(newestFirst)
    expect((await pages({}, 33)).flat()).toEqual(newestFirst)
  })

  it('are looked through in bounded steps: a rare one comes after pages that say there is more', async () => {
    const found = await pages({ status: 'ignored' }, 10)
    expect(found.flat()).toEqual(['evt_3'])
    expect(found.length).toBeGreaterThan(1)
    expect(found.length).toBeLessThan(10)
  })

  it('are put once: the refusal shows the one that is there', async () => {
    await put(event('evt_once', { kind: 'first' }), monthStart)
    const outcome = await put(event('evt_once', { kind: 'second' }), monthStart)
    expect(outcome).toMatchObject({ committed: false, refusals: [{ item: { kind: 'first' } }] })
  })

  it('move on the version that was seen alone, and leave the due index when they end', async () => {
    await put(event('evt_move'), monthStart)
    const seen = await load('evt_move')
    const next = { status: 'dead' as const, attempts: 6, lastError: 'unavailable', processedAt: monthStart + 1 }
    const writes = [progressWrite(seen, next, monthStart + 1)]
    expect((await table.write(writes)).committed).toBe(true)
    expect((await table.write(writes)).committed).toBe(false)
    expect(await table.get(webhookEventKey('stripe', 'evt_move'))).toMatchObject({
      gsi2pk: 'WEBHOOK#dead',
      gsi2sk: '2026-03-01T00:00:00.000Z#stripe:evt_move',
      ver: 2,
      body: '{}',
    })
    expect((await stuckWebhooks(table, 'dead', 10)).events.map(({ eventKey }) => eventKey)).toEqual(['evt_move'])
    expect((await stuckWebhooks(table, 'dead', 10, 'razorpay')).events).toEqual([])
    await table.write([replayWrite(await load('evt_move'), 'req_2', monthStart + 2)])
    expect(await load('evt_move')).toMatchObject({ status: 'received', attempts: 0, requestId: 'req_2', ver: 3 })
    expect((await stuckWebhooks(table, 'dead', 10)).events).toEqual([])
    const done = { status: 'processed' as const, attempts: 0, processedAt: monthStart + 3 }
    await table.write([progressWrite(await load('evt_move'), done, monthStart + 3)])
    expect(await table.get(webhookEventKey('stripe', 'evt_move'))).not.toHaveProperty('gsi2pk')
  })

  it('keep a body of 256 KB that is no UTF-8 byte for byte', async () => {
    const bytes = Uint8Array.from({ length: 256 * 1024 }, (_, n) => n % 256)
    expect((await put(event('evt_huge', { bytes }), monthStart)).committed).toBe(true)
    expect(Buffer.compare(bytesOf(await load('evt_huge')), bytes)).toBe(0)
  })

  it('that are corrupt are a defect', async () => {
    await put(event('evt_corrupt'), monthStart)
    const key = webhookEventKey('stripe', 'evt_corrupt')
    await table.write([{ kind: 'update', key, set: { status: 'lost' }, when: 'unconditional' }])
    await expect(load('evt_corrupt')).rejects.toThrow(/evt_corrupt/)
  })
})
