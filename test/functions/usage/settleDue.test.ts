import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/usage/settleDue'
import { settleDue } from '#operations/usage'
import { handleMessages } from '#runtime/worker'
import { counterKey, historyKey } from '#table/keys'
import { callsOf, recordsOf, settleAll, settleMessages } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const now = '2026-03-10T12:00:00.000Z'
const monthEnd = '2026-04-01T00:00:00.000Z'
const deps = await testDeps({ now })
afterAll(() => deps.stop())
const { grantPlan, listLedger, putAccount, recordUsage } = callsOf(deps)

const windowId = 'month#2026-03-01T00:00:00.000Z'
const due = (account: string) => ({ pk: `ACCOUNT#${account}`, sk: `USE#reports#${windowId}` })
const used = async (account: string, quantity = 2) => {
  deps.clock.set(now)
  await putAccount({ account, body: { email: 'a@example.com' } })
  await recordUsage({ account, body: { feature: 'reports', quantity, durationMs: 400 } })
  return account
}
const history = (account: string) => deps.table.get(historyKey(account, 'reports', '2026-03'))

describe('settleDue', () => {
  it('closes a window into history and books the next allowance', async () => {
    const account = await used('z-close')
    deps.clock.set(monthEnd)
    await settleMessages(deps, [due(account)])
    expect(await history(account)).toMatchObject({
      total: 2,
      days: { '10': 2 },
      statistics: { ok: 1, failed: 0, timed: 1, sumMs: 400 },
    })
    const counter = await deps.table.get(counterKey(account, 'reports', windowId))
    expect(counter).toMatchObject({ n: 2, d: {}, s: {} })
    expect(counter).not.toHaveProperty('gsi2pk')
    expect((await listLedger({ account })).body.data.map(({ type, amount, seq }) => [type, amount, seq])).toEqual([
      ['grant', 20, 3],
      ['expire', -20, 2],
      ['grant', 20, 1],
    ])
  })

  it('twice, late and side by side leaves the same books', async () => {
    const account = await used('z-twice')
    deps.clock.set('2026-06-15T00:00:00.000Z')
    await Promise.all([1, 2, 3, 4].map(() => settleMessages(deps, [due(account), due(account)])))
    expect(await history(account)).toMatchObject({ total: 2, statistics: { ok: 1 } })
  })

  it('leaves alone what is not due yet', async () => {
    const account = await used('z-early')
    await settleMessages(deps, [due(account)])
    expect(await history(account)).toBeUndefined()
    expect(await deps.table.get(counterKey(account, 'reports', windowId))).toMatchObject({ d: { '2026-03-10': 2 } })
  })

  it('a late event in a closed window re-opens it, and only that event moves', async () => {
    const account = await used('z-reopen', 1)
    deps.clock.set('2026-04-02T00:00:00.000Z')
    await settleAll(deps)
    await recordUsage({ account, body: { feature: 'reports', at: '2026-03-31T23:00:00.000Z' } })
    expect(await history(account)).toMatchObject({ total: 1 })
    await settleAll(deps)
    expect(await history(account)).toMatchObject({ total: 2, days: { '10': 1, '31': 1 } })
  })

  it('a give-back after the close takes the day back down', async () => {
    const account = 'z-back'
    deps.clock.set(now)
    await putAccount({ account, body: { email: 'a@example.com' } })
    const { body } = await recordUsage({ account, body: { feature: 'reports', quantity: 3 } })
    deps.clock.set('2026-04-02T00:00:00.000Z')
    await settleAll(deps)
    const reference = Reflect.get(body, 'usageId')
    await recordUsage({ account, body: { feature: 'reports', quantity: -1, reference } })
    await settleAll(deps)
    expect(await history(account)).toMatchObject({ total: 2, days: { '10': 2 } })
  })

  it('accounts the overage of a closed window once, as a total that a later close replaces', async () => {
    const account = 'z-overage'
    deps.clock.set(now)
    await putAccount({ account, body: { email: 'a@example.com' } })
    await grantPlan({ account, body: { priceId: 'team-month', reason: 'x' } })
    await recordUsage({ account, body: { feature: 'reports', quantity: 103 } })
    deps.clock.set('2026-04-02T00:00:00.000Z')
    await settleAll(deps)
    const overage = async () => Object.values(Object((await history(account))?.overage))
    expect(await overage()).toMatchObject([
      { quantity: 3, amountMinor: 2, price: { unitAmount: '0.5', currency: 'USD' } },
    ])
    await recordUsage({ account, body: { feature: 'reports', quantity: 2, at: '2026-03-20T00:00:00.000Z' } })
    await settleAll(deps)
    expect(await overage()).toMatchObject([{ quantity: 5, amountMinor: 3 }])
  })

  it('a message about what is gone is done; one about something unknown is reported back, the others go on', async () => {
    const account = await used('z-batch')
    deps.clock.set(monthEnd)
    const answer = await handleMessages(
      settleDue,
      run,
      deps,
      recordsOf([
        { pk: 'ACCOUNT#gone', sk: 'USE#x#lifetime' },
        { pk: `ACCOUNT#${account}`, sk: 'WALLET' },
        due(account),
      ]),
    )
    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: 'message-1' }])
    expect(await history(account)).toMatchObject({ total: 2 })
    expect(deps.metrics).toEqual([{ name: 'Defect', value: 1, dimensions: { area: 'usage' } }])
  })

  it('a message of another shape is reported back', async () => {
    const answer = await handleMessages(settleDue, run, deps, recordsOf([{ pk: 1 }]))
    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: 'message-0' }])
  })
})
