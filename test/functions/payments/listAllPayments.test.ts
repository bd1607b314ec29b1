import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Payment } from '#domain/payment'
import { run } from '#functions/payments/listAllPayments'
import { listAllPayments } from '#operations/adminPayments'
import { auditRows } from '#test/support/calls'
import { invoke, strangerId, testDeps } from '#test/support/deps'
import { paid, pending } from './refundSupport.ts'

const deps = await testDeps({ now: '2026-01-20T12:00:00.000Z' })
afterAll(() => deps.stop())

const dayMs = 86_400_000
const list = (query: Record<string, string> = {}, rest: object = {}) =>
  invoke(listAllPayments, run, deps, { query, ...rest })

/** Follows the cursors to the end. */
async function all(query: Record<string, string> = {}): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | null = null
  do {
    const { body } = await list({ ...query, ...(cursor && { cursor }) })
    ids.push(...body.data.map(({ id }) => id))
    cursor = body.nextCursor
  } while (cursor)
  return ids
}

/** Oldest first: 40 over three months, every fourth paid. */
const made: Payment[] = []
beforeAll(async () => {
  for (let n = 0; n < 40; n++) {
    deps.clock.advance(1.5 * dayMs)
    const options = {
      account: n % 2 === 0 ? 'even' : 'odd',
      provider: n % 5 === 0 ? ('paystack' as const) : ('stripe' as const),
    }
    made.push(n % 4 === 0 ? await paid(deps, 'item', options) : await pending(deps, 'pack', options))
  }
})
const newest = (of: Payment[] = made) => of.map(({ id }) => id).toReversed()

describe('listAllPayments', () => {
  it('200 newest first over months and shards, each once, whatever the page', async () => {
    expect((await list({ limit: '100' })).body.data.map(({ id }) => id)).toEqual(newest())
    expect(await all({ limit: '7' })).toEqual(newest())
    expect(await all({ limit: '1' })).toEqual(newest())
  })

  it.each([
    [{ status: 'completed' }, (_: Payment, n: number) => n % 4 === 0],
    [{ provider: 'paystack' }, (_: Payment, n: number) => n % 5 === 0],
    [{ type: 'credit_pack' }, (_: Payment, n: number) => n % 4 !== 0],
    [{ status: 'completed', provider: 'paystack' }, (_: Payment, n: number) => n % 20 === 0],
    [{ status: 'refunded' }, () => false],
  ])('200 only what fits %j', async (query, fits) => {
    expect(await all({ ...query, limit: '3' })).toEqual(newest(made.filter(fits)))
  })

  it('200 from an instant on, and before another', async () => {
    const [from, to] = [made[10], made[30]]
    const query = { from: new Date(from?.createdAt ?? 0).toISOString(), to: new Date(to?.createdAt ?? 0).toISOString() }
    expect(await all(query)).toEqual(newest(made.slice(10, 30)))
    expect(await all({ from: query.to, to: query.from })).toEqual([])
    expect(await all({ to: '1970-01-01T00:00:00.000Z' })).toEqual([])
  })

  it('200 by an id of ours or the provider’s, or by an account', async () => {
    const payment = made[8]
    for (const q of [payment?.id, payment?.providerOrderId, payment?.providerPaymentId])
      expect(await all({ q: q ?? '' })).toEqual([payment?.id])
    expect(await all({ q: 'even', limit: '3' })).toEqual(newest(made.filter((_, n) => n % 2 === 0)))
    expect(await all({ q: 'even', status: 'completed' })).toEqual(newest(made.filter((_, n) => n % 4 === 0)))
    expect(await all({ q: payment?.id ?? '', status: 'failed' })).toEqual([])
    expect(await all({ q: strangerId('fpay') })).toEqual([])
    expect(await all({ q: 'nobody' })).toEqual([])
  })

  it('200 shows whose payment it is, and the call is in the audit log', async () => {
    const { body } = await list({ q: made[8]?.id ?? '' }, { headers: { 'x-request-id': 'req-list' } })
    expect(body.data).toMatchObject([{ accountId: 'even', status: 'completed', amount: 700, captured: 700 }])
    expect(await auditRows(deps, 'req-list')).toMatchObject([{ action: 'listAllPayments', status: 200 }])
  })

  it.each([
    { status: 'lost' },
    { q: 'a b' },
    { limit: '0' },
    { from: 'yesterday' },
    { cursor: 'bm90LWEtY3Vyc29y' },
    { account: 'x' },
  ])('400 for %j', async (query) => {
    expect(await list(Object.fromEntries(Object.entries(query)))).toMatchObject({
      status: 400,
      code: 'validation_failed',
    })
  })

  it('403 for a login that is no staff', async () => {
    expect(await list({}, { subject: 'somebody' })).toMatchObject({ status: 403, code: 'forbidden' })
  })
})
