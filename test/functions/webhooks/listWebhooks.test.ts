import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '#functions/webhooks/listWebhooks'
import { listWebhooks } from '#operations/webhooks'
import { admin, type Invocation, invoke, testDeps } from '#test/support/deps'
import { deliver, stripeEvent, work } from '#test/support/webhooks'

const deps = await testDeps({ now: '2026-01-20T00:00:00.000Z' })
afterAll(() => deps.stop())
const list = (query: Record<string, string> = {}, call: Invocation = {}) =>
  invoke(listWebhooks, run, deps, { query, ...call })

const count = 130
/** One event every 12 hours: three months of them, the odd ones of Razorpay and unreadable. */
beforeAll(async () => {
  for (let n = 0; n < count; n++) {
    if (n % 2 === 0) await deliver(deps, 'stripe', stripeEvent(`evt_${n}`, 'plan.created', {}))
    else await deliver(deps, 'razorpay', JSON.stringify({ event: 'payment.captured', n }))
    deps.clock.advance(12 * 3_600_000)
  }
  await work(deps)
})

/** Every page of a list. */
async function all(query: Record<string, string>) {
  const pages = []
  let cursor: string | null = null
  do {
    const { body, status }: Awaited<ReturnType<typeof list>> = await list({ ...query, ...(cursor && { cursor }) })
    expect(status).toBe(200)
    pages.push(body.data)
    cursor = body.nextCursor
  } while (cursor !== null)
  return pages
}

describe('listWebhooks', () => {
  it('200 newest first, over months and shards, each once, nothing of a body', async () => {
    const pages = await all({ limit: '20' })
    const found = pages.flat()
    expect(found).toHaveLength(count)
    const times = found.map(({ receivedAt }) => receivedAt)
    expect(times).toEqual([...times].sort().reverse())
    expect(new Set(found.map(({ id }) => id)).size).toBe(count)
    expect(pages.slice(0, -1).every((page) => page.length === 20)).toBe(true)
    expect(found.at(-1)).toEqual({
      id: 'stripe:evt_0',
      provider: 'stripe',
      kind: 'plan.created',
      status: 'ignored',
      attempts: 0,
      receivedAt: '2026-01-20T00:00:00.000Z',
      nextAttemptAt: null,
      processedAt: '2026-01-20T00:00:00.000Z',
      lastError: null,
      paymentId: null,
      accountId: null,
    })
  })

  it('200 by provider and status', async () => {
    const found = (await all({ provider: 'razorpay', status: 'failed', limit: '7' })).flat()
    expect(found).toHaveLength(count / 2)
    expect(new Set(found.map(({ provider, status, lastError }) => `${provider} ${status} ${lastError}`))).toEqual(
      new Set(['razorpay failed unreadable']),
    )
    expect((await all({ provider: 'stripe', status: 'failed' })).flat()).toEqual([])
  })

  it('200 by time of receipt: from inclusive, to exclusive', async () => {
    const query = { from: '2026-01-31T12:00:00.000Z', to: '2026-02-01T12:00:00.000Z' }
    const times = (await all(query)).flat().map(({ receivedAt }) => receivedAt)
    expect(times).toEqual(['2026-02-01T00:00:00.000Z', '2026-01-31T12:00:00.000Z'])
    expect((await list({ from: query.to, to: query.from })).body).toEqual({ data: [], nextCursor: null })
  })

  it('400 for a cursor of another list, a status that there is not, and a limit beyond 100', async () => {
    const { nextCursor } = (await list({ limit: '5' })).body
    expect(nextCursor).toEqual(expect.any(String))
    const wrong: Record<string, string>[] = [
      { cursor: nextCursor ?? '', provider: 'stripe' },
      { status: 'lost' },
      { limit: '101' },
    ]
    for (const query of wrong) expect(await list(query)).toMatchObject({ status: 400, code: 'validation_failed' })
  })

  it('403 for whoever is no ADMIN', async () => {
    expect((await list({}, { subject: admin })).status).toBe(200)
    expect(await list({}, { subject: 'somebody' })).toMatchObject({ status: 403, code: 'forbidden' })
  })
})
