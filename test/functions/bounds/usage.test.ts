import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { callsOf, deliverAll, outboxRows } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { sweep } from '#test/support/renewals'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ now })
const daily = await testDeps({ product: 'wellbeing', now })
afterAll(() => Promise.all([deps.stop(), daily.stop()]))
beforeEach(() => {
  deps.clock.set(now)
  daily.clock.set(now)
})
const { check, getAccount, getUsage, grantPlan, listEntitlements, listNotices, putAccount, recordUsage } = callsOf(deps)

const made = async (account: string, timeZone = 'UTC') => {
  await putAccount({ account, body: { email: 'a@example.com', timeZone } })
  return account
}
const take = (account: string, quantity = 1) =>
  check({ account, body: { feature: 'reports', consume: true, quantity } })
const usedAt = async (account: string, at: string) => {
  deps.clock.set(at)
  return (await getUsage({ account })).body.data[0]?.used
}

describe('windows', () => {
  it.each([
    ['UTC', '2026-04-01T00:00:00.000Z'],
    ['Asia/Kolkata', '2026-03-31T18:30:00.000Z'],
    ['America/New_York', '2026-04-01T04:00:00.000Z'],
  ])('a month in %s ends at %s, exactly and without any job', async (timeZone, end) => {
    const account = await made(`month-${timeZone.replace('/', '-')}`, timeZone)
    await take(account, 3)
    deps.clock.set(Date.parse(end) - 1)
    expect((await take(account)).body).toMatchObject({ allowed: false, resetsAt: end })
    deps.clock.set(end)
    expect((await take(account)).body).toMatchObject({ allowed: true, used: 1 })
  })

  it.each([
    ['of 23 hours', '2026-03-08T12:00:00.000Z', '2026-03-08T05:00:00.000Z', '2026-03-09T04:00:00.000Z'],
    ['of 24 hours', '2026-03-10T12:00:00.000Z', '2026-03-10T04:00:00.000Z', '2026-03-11T04:00:00.000Z'],
    ['of 25 hours', '2026-11-01T12:00:00.000Z', '2026-11-01T04:00:00.000Z', '2026-11-02T05:00:00.000Z'],
  ])('a day %s begins and ends at local midnight', async (name, noon, start, end) => {
    const account = `day-${name.length}-${noon.slice(0, 10)}`
    const on = callsOf(daily)
    const conversation = () => on.check({ account, body: { feature: 'ai_conversations', consume: true } })
    daily.clock.set(noon)
    await on.putAccount({ account, body: { email: 'a@example.com', timeZone: 'America/New_York' } })
    expect((await on.getUsage({ account })).body.data[0]).toMatchObject({ windowStart: start, resetsAt: end })
    const taken = []
    for (const at of [Date.parse(start), Date.parse(noon), Date.parse(end) - 1]) {
      daily.clock.set(at)
      taken.push((await conversation()).body.used)
    }
    daily.clock.set(end)
    taken.push((await conversation()).body.used)
    daily.clock.set(Date.parse(start) - 1)
    taken.push((await conversation()).body.used)
    expect(taken).toEqual([1, 2, 3, 1, 1])
  })

  it('a zone change is no way to a fresh window', async () => {
    const account = await made('zone', 'America/New_York')
    await take(account, 3)
    await putAccount({ account, body: { email: 'a@example.com', timeZone: 'Pacific/Kiritimati' } })
    for (const at of ['2026-03-10T12:00:01.000Z', '2026-03-31T10:00:00.000Z', '2026-04-01T03:59:59.999Z']) {
      deps.clock.set(at)
      expect((await take(account)).body.reason).toBe('usage_limit_reached')
    }
    deps.clock.set('2026-04-01T04:00:00.000Z')
    expect((await take(account, 3)).body.allowed).toBe(true)
    // The first month in the new zone began at 04:00 of the 1st and ends with April there.
    deps.clock.set('2026-04-30T09:59:59.999Z')
    expect((await take(account)).body.allowed).toBe(false)
    deps.clock.set('2026-04-30T10:00:00.000Z')
    expect((await take(account)).body.allowed).toBe(true)
  })

  it('back-dated use counts in the window in which it happened, also against that window’s limit', async () => {
    const account = await made('back')
    const at = (on: string) => recordUsage({ account, body: { feature: 'reports', at: on, quantity: 2 } })
    expect((await at('2026-02-28T23:59:59.999Z')).status).toBe(201)
    expect(await at('2026-02-20T00:00:00.000Z')).toMatchObject({ status: 403, code: 'usage_limit_reached' })
    expect((await at('2026-03-01T00:00:00.000Z')).status).toBe(201)
    expect(await usedAt(account, now)).toBe(2)
  })

  it('a plan change keeps the counter where the window’s kind stays; remaining is never negative', async () => {
    const account = await made('change')
    await grantPlan({ account, body: { priceId: 'team-month', until: '2026-03-20T00:00:00.000Z', reason: 'x' } })
    await check({ account, body: { feature: 'image', consume: true, quantity: 4 } })
    await take(account, 50)
    deps.clock.set('2026-03-20T00:00:00.000Z')
    const { features } = (await listEntitlements({ account })).body
    expect(features.find(({ feature }) => feature === 'image')).toMatchObject({ used: 4 })
    expect(features.find(({ feature }) => feature === 'reports')).toMatchObject({ limit: 3, used: 0, remaining: 3 })
  })
})

describe('a granted plan', () => {
  it('ends at `until` exactly, without any job; tidied late, twice and side by side the books are the same', async () => {
    const account = await made('granted')
    const until = '2026-03-20T10:00:00.000Z'
    await grantPlan({ account, body: { priceId: 'team-month', until, reason: 'x' } })
    const at = async (instant: string) => {
      deps.clock.set(instant)
      const sso = (await check({ account, body: { feature: 'sso' } })).body
      return [(await getAccount({ account })).body.planId, sso.allowed]
    }
    expect(await at('2026-03-20T09:59:59.999Z')).toEqual(['team', true])
    expect(await at(until)).toEqual(['free', false])
    deps.clock.set('2026-04-15T00:00:00.000Z')
    await Promise.all([sweep(deps), sweep(deps), sweep(deps)])
    expect(await sweep(deps)).toBe(0)
    expect(await at('2026-04-15T00:00:00.001Z')).toEqual(['free', false])
    const { items } = await deps.table.query({ pk: `ACCOUNT#${account}`, sk: { beginsWith: 'SUB#' }, limit: 5 })
    expect(items).toMatchObject([{ status: 'expired', endedAt: Date.parse(until), ver: 2 }])
  })
})

describe('notices', () => {
  it('at 80 % and at 100 % once each, however many calls cross at once, in every window anew', async () => {
    const account = await made('notices')
    await grantPlan({ account, body: { priceId: 'team-month', reason: 'x' } })
    await take(account, 79)
    expect((await outboxRows(deps)).filter(({ accountId }) => accountId === account)).toEqual([])
    await deliverAll(deps)
    await Promise.all(Array.from({ length: 8 }, () => take(account, 1)))
    await take(account, 12)
    await Promise.all(Array.from({ length: 8 }, () => take(account, 1)))
    expect(await deliverAll(deps)).toBe(2)
    const { data } = (await listNotices({ account })).body
    expect(data.map(({ kind, limit }) => [kind, limit]).sort()).toEqual([
      ['usage_limit', 100],
      ['usage_warning', 100],
    ])
    deps.clock.set('2026-04-01T00:00:00.000Z')
    await take(account, 100)
    expect(await deliverAll(deps)).toBe(2)
    expect((await listNotices({ account })).body.data).toHaveLength(4)
    expect(await deliverAll(deps)).toBe(0)
  })

  it('a give-back and a second crossing raise none again', async () => {
    const account = await made('notices-back')
    const { usageId } = (await take(account, 3)).body
    await recordUsage({ account, body: { feature: 'reports', quantity: -3, reference: usageId } })
    await take(account, 3)
    await deliverAll(deps)
    expect((await listNotices({ account })).body.data).toHaveLength(1)
  })
})
