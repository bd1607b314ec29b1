import { afterAll, describe, expect, it } from 'vitest'
import { gaugeKey } from '#table/keys'
import { callsOf } from '#test/support/calls'
import { catalogueFrom, catalogueJson } from '#test/support/catalogues'
import { testDeps } from '#test/support/deps'
import { suspend } from '#test/support/standing'

/** The example with seats: two on the free plan, ten on team; and storage that only team has. */
function withSeats() {
  const json = structuredClone(Object(catalogueJson('example')))
  Object.assign(json.features, {
    seats: { kind: 'gauge', name: 'Seats', unit: 'seat' },
    storage: { kind: 'gauge', name: 'Storage', unit: 'GB' },
  })
  Object.assign(json.plans[0].entitlements, { seats: { limit: 2 } })
  Object.assign(json.plans[1].entitlements, { seats: { limit: 10 }, storage: { limit: 'unlimited' } })
  return json
}

const deps = await testDeps({ catalogue: catalogueFrom(withSeats()), now: '2026-03-10T12:00:00.000Z' })
const payingOnly = withSeats()
payingOnly.plans.shift()
const withoutFallback = await testDeps({ catalogue: catalogueFrom(payingOnly) })
afterAll(() => Promise.all([deps.stop(), withoutFallback.stop()]))
const { check, getUsage, grantPlan, putAccount, setGauge } = callsOf(deps)

const made = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  return account
}
const set = (account: string, value: unknown, feature = 'seats') =>
  setGauge({ account, params: { feature }, body: { value } })

describe('setGauge', () => {
  it('200 sets the value; it is what use and check show', async () => {
    const account = await made('y-set')
    expect(await set(account, 1)).toMatchObject({
      status: 200,
      body: { feature: 'seats', used: 1, limit: 2, remaining: 1, resetsAt: null },
    })
    expect(await deps.table.get(gaugeKey(account, 'seats'))).toMatchObject({ entity: 'gauge', n: 1 })
    expect((await getUsage({ account })).body.data).toContainEqual(
      expect.objectContaining({ feature: 'seats', kind: 'gauge', used: 1, window: null }),
    )
    expect((await check({ account, body: { feature: 'seats' } })).body).toMatchObject({ allowed: true, remaining: 1 })
    expect((await check({ account, body: { feature: 'seats', quantity: 2 } })).body.reason).toBe('usage_limit_reached')
  })

  it.each([
    [1, 200],
    [2, 200],
    [3, 403],
  ])('of a limit of 2, %i is answered %i', async (value, status) => {
    const account = await made(`y-limit${value}`)
    const answer = await set(account, value)
    expect(answer.status).toBe(status)
    expect(answer.code).toBe(status === 403 ? 'usage_limit_reached' : undefined)
  })

  it('403 usage_limit_reached offers the plan that would allow it', async () => {
    const account = await made('y-offer')
    expect((await set(account, 3)).body).toMatchObject({ limit: 2, used: 0, upgrade: { planId: 'team' } })
    expect((await set(account, 11)).body).not.toHaveProperty('upgrade')
  })

  it('200 going down is allowed from above a limit that a smaller plan brought, going up is not', async () => {
    const account = await made('y-down')
    const until = '2026-03-11T00:00:00.000Z'
    await grantPlan({ account, body: { priceId: 'team-month', until, reason: 'x' } })
    await set(account, 8)
    deps.clock.set(until)
    expect(await set(account, 9)).toMatchObject({ status: 403 })
    expect(await set(account, 5)).toMatchObject({ status: 200, body: { used: 5, remaining: 0 } })
    expect((await set(account, 0)).body).toMatchObject({ used: 0, remaining: 2 })
    deps.clock.set('2026-03-10T12:00:00.000Z')
  })

  it('403 feature_not_in_plan', async () => {
    const account = await made('y-off')
    expect(await set(account, 1, 'storage')).toMatchObject({
      status: 403,
      code: 'feature_not_in_plan',
      body: { upgrade: { planId: 'team' } },
    })
  })

  it('402 payment_required where no plan holds and there is none to fall back to', async () => {
    await callsOf(withoutFallback).putAccount({ account: 'y-none', body: { email: 'a@example.com' } })
    const call = { account: 'y-none', params: { feature: 'seats' }, body: { value: 1 } }
    expect(await callsOf(withoutFallback).setGauge(call)).toMatchObject({ status: 402, code: 'payment_required' })
  })

  it('403 account_suspended, 404 for an account that nobody made', async () => {
    const account = await made('y-suspended')
    await suspend(deps, account)
    expect(await set(account, 1)).toMatchObject({ status: 403, code: 'account_suspended' })
    expect(await set('nobody', 1)).toMatchObject({ status: 404, code: 'not_found' })
  })

  it.each([-1, 1.5, '1', 1_000_000_000_001, null])('400 for the value %j', async (value) => {
    expect(await set('y-set', value)).toMatchObject({ status: 400, code: 'validation_failed' })
  })

  it('400 for a feature that is no gauge, or none at all', async () => {
    for (const feature of ['reports', 'sso', 'nothing'])
      expect(await set('y-set', 1, feature)).toMatchObject({ status: 400, code: 'validation_failed' })
  })

  it('200 for ten at once: the last word is one of theirs, and every call is answered', async () => {
    const account = await made('y-race')
    await grantPlan({ account, body: { priceId: 'team-month', reason: 'x' } })
    const answers = await Promise.all(Array.from({ length: 10 }, (_, at) => set(account, at + 1)))
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
    expect(await deps.table.get(gaugeKey(account, 'seats'), { consistent: true })).toMatchObject({ ver: 10 })
  })
})
