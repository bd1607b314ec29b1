import { afterAll, describe, expect, it } from 'vitest'
import { historyKey } from '#table/keys'
import { callsOf, settleAll } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ now })
afterAll(() => deps.stop())
const { getUsageHistory, putAccount, recordUsage } = callsOf(deps)

const made = async (account: string, timeZone = 'UTC') => {
  await putAccount({ account, body: { email: 'a@example.com', timeZone } })
  return account
}
const at = (account: string, on: string, quantity = 1) =>
  recordUsage({ account, body: { feature: 'reports', at: on, quantity } })
const history = async (account: string, query: Record<string, string>) => {
  const { body } = await getUsageHistory({ account, query: { feature: 'reports', ...query } })
  return new Map(body.data.filter(({ used }) => used !== 0).map(({ on, used }) => [on, used]))
}
const march = { from: '2026-02-01', to: '2026-03-31' }

describe('getUsageHistory', () => {
  it('200 by day and by month, the same before and after the windows are closed', async () => {
    const account = await made('o-closed')
    deps.clock.set(now)
    await at(account, '2026-02-28T23:59:59.999Z')
    await at(account, '2026-03-01T00:00:00.000Z')
    await at(account, '2026-03-09T10:00:00.000Z', 2)
    const byDay = new Map([
      ['2026-02-28', 1],
      ['2026-03-01', 1],
      ['2026-03-09', 2],
    ])
    const byMonth = new Map([
      ['2026-02', 1],
      ['2026-03', 3],
    ])
    const seen = async () => [await history(account, march), await history(account, { ...march, by: 'month' })]
    expect(await seen()).toEqual([byDay, byMonth])
    await settleAll(deps)
    expect(await deps.table.get(historyKey(account, 'reports', '2026-02'))).toMatchObject({ total: 1 })
    expect(await seen()).toEqual([byDay, byMonth])
    deps.clock.set('2026-04-01T00:00:00.000Z')
    await settleAll(deps)
    expect(await deps.table.get(historyKey(account, 'reports', '2026-03'))).toMatchObject({
      total: 3,
      days: { '01': 1, '09': 2 },
    })
    expect(await seen()).toEqual([byDay, byMonth])
    deps.clock.set(now)
  })

  it('200 counts days of the account’s zone', async () => {
    const account = await made('o-zone', 'Asia/Kolkata')
    await at(account, '2026-03-08T18:29:59.999Z')
    await at(account, '2026-03-08T18:30:00.000Z')
    expect(await history(account, march)).toEqual(
      new Map([
        ['2026-03-08', 1],
        ['2026-03-09', 1],
      ]),
    )
  })

  it('200 with the last 30 days where no span is given, days without use as 0', async () => {
    const account = await made('o-default')
    const { data } = (await getUsageHistory({ account, query: { feature: 'reports' } })).body
    expect(data).toHaveLength(30)
    expect([data[0]?.on, data.at(-1)?.on]).toEqual(['2026-02-09', '2026-03-10'])
    expect(data.every(({ used }) => used === 0)).toBe(true)
  })

  it.each([
    [{ from: '2026-02-30', to: '2026-03-01' }, 'from'],
    [{ from: '2026-02-01', to: '2026-02-30' }, 'to'],
    [{ from: '2026-03-02', to: '2026-03-01' }, 'to'],
    [{ from: '2025-03-10', to: '2026-03-11' }, 'from'],
    [{ from: '01.02.2026' }, 'from'],
    [{ by: 'week' }, 'by'],
  ])('400 for %j', async (query, path) => {
    const account = await made('o-invalid')
    expect(await getUsageHistory({ account, query: { feature: 'reports', ...query } })).toMatchObject({
      status: 400,
      code: 'validation_failed',
      body: { errors: [expect.objectContaining({ path })] },
    })
  })

  it.each([
    [{ from: '2025-03-10', to: '2026-03-10' }, 366],
    [{ from: '2026-03-10', to: '2026-03-10' }, 1],
    [{ from: '2021-04-01', to: '2026-03-31', by: 'month' }, 60],
  ])('200 for the longest and the shortest span: %j', async (query, points) => {
    const account = await made('o-spans')
    const { status, body } = await getUsageHistory({ account, query: { feature: 'reports', ...query } })
    expect([status, body.data.length]).toEqual([200, points])
  })

  it.each(['nothing', 'constructor'])('404 for the feature %s', async (feature) => {
    const account = await made('o-feature')
    expect(await getUsageHistory({ account, query: { feature } })).toMatchObject({ status: 404, code: 'not_found' })
  })

  it('404 for an account that nobody made', async () => {
    expect(await getUsageHistory({ account: 'nobody', query: { feature: 'reports' } })).toMatchObject({ status: 404 })
  })
})
