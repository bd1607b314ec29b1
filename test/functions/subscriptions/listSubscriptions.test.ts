import { afterAll, describe, expect, it } from 'vitest'
import { commit } from '#table/commit'
import { putSubscriptionWrite } from '#table/subscriptions'
import { shopD } from './support.ts'

const shop = await shopD()
afterAll(() => shop.stop())
const { cancel, deps, list, subscriber } = shop
const page = async (query: Record<string, string>) => (await list('', undefined, { query })).body

describe('listSubscriptions', () => {
  it('200 newest first over all accounts, by their state at this instant', async () => {
    for (const account of ['l-1', 'l-2', 'l-3']) {
      await subscriber(account)
      deps.clock.advance(1_000)
    }
    await cancel('l-2', { when: 'now' })
    expect((await page({})).data.map(({ accountId, status }) => [accountId, status])).toEqual([
      ['l-3', 'active'],
      ['l-2', 'canceled'],
      ['l-1', 'active'],
    ])
    expect((await page({ status: 'canceled' })).data.map(({ accountId }) => accountId)).toEqual(['l-2'])
    const back = deps.clock.now()
    deps.clock.set('2026-07-02T00:00:00.000Z')
    expect((await page({ status: 'past_due' })).data.map(({ accountId }) => accountId)).toEqual(['l-3', 'l-1'])
    deps.clock.set(back)
  })

  it('200 page by page, also where a shard has more than one read holds: each once, none skipped', async () => {
    const now = deps.clock.now()
    const ids: string[] = []
    for (let at = 0; at < 300; at++) {
      const id = `sub_01JTEST0${String(at).padStart(4, '0')}${deps.ids.random().slice(0, 14)}`
      ids.push(id)
      const given = { planId: 'pro', priceId: 'pro-month', catalogueVersion: 1, complimentary: true, reason: 'a gift' }
      const life = { periodStart: now, periodEnd: null, createdAt: now, ver: 1, status: 'active' as const }
      await commit(deps.table, [putSubscriptionWrite(`m-${at}`, { id, ...given, ...life }, undefined, now)])
    }
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const answer: Awaited<ReturnType<typeof page>> = await page({ limit: '37', ...(cursor && { cursor }) })
      seen.push(...answer.data.filter(({ complimentary }) => complimentary).map(({ id }) => id))
      cursor = answer.nextCursor
    }
    expect(seen).toEqual(ids.toReversed())
  })

  it('403 for whoever is not staff; 400 for a cursor of another list', async () => {
    expect((await list('', undefined, { subject: 'somebody' })).code).toBe('forbidden')
    const { nextCursor } = await page({ limit: '1' })
    expect((await list('', undefined, { query: { status: 'active', cursor: nextCursor ?? '' } })).code).toBe(
      'validation_failed',
    )
  })
})
