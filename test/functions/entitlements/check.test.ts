import { afterAll, describe, expect, it } from 'vitest'
import { guardOfId } from '#domain/guard'
import { counterKey, operationKey } from '#table/keys'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { suspend } from '#test/support/standing'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ now })
afterAll(() => deps.stop())
const { check, getCredits, getUsage, grantPlan, listLedger, putAccount } = callsOf(deps)

const made = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  return account
}
const take = { feature: 'reports', consume: true }
const team = { planId: 'team', priceId: 'team-month', name: 'Team', amount: 1900, currency: 'USD' }
const used = async (account: string, feature = 'reports') =>
  (await getUsage({ account })).body.data.find((one) => one.feature === feature)?.used

describe('check', () => {
  it('200 a question takes nothing', async () => {
    const account = await made('k-ask')
    expect(await check({ account, body: { feature: 'reports' } })).toMatchObject({
      status: 200,
      body: {
        allowed: true,
        feature: 'reports',
        kind: 'metered',
        planId: 'free',
        limit: 3,
        used: 0,
        remaining: 3,
        resetsAt: '2026-04-01T00:00:00.000Z',
        credits: { cost: 0, balance: 20 },
      },
    })
    expect(await used(account)).toBe(0)
  })

  it('200 consume takes usage, with the event’s row and the counter in one', async () => {
    const account = await made('k-take')
    const answer = await check({ account, body: { ...take, quantity: 2 }, key: 'k' })
    expect(answer.body).toMatchObject({ allowed: true, used: 2, remaining: 1 })
    const guard = guardOfId('use', answer.body.usageId ?? '')
    expect(guard && (await deps.table.get(operationKey(account, guard)))).toMatchObject({
      entity: 'usage',
      feature: 'reports',
      quantity: 2,
      cost: 0,
      planId: 'free',
      ttl: expect.any(Number),
    })
    expect(await deps.table.get(counterKey(account, 'reports', 'month#2026-03-01T00:00:00.000Z'))).toMatchObject({
      entity: 'counter',
      n: 2,
      d: { '2026-03-10': 2 },
    })
    expect((await listLedger({ account })).body.data).toHaveLength(1)
  })

  it('200 consume of a feature that costs credits takes both at once, under one guard', async () => {
    const account = await made('k-both')
    const answer = await check({ account, body: { feature: 'image', consume: true, quantity: 3 } })
    expect(answer.body).toMatchObject({
      allowed: true,
      limit: 'unlimited',
      remaining: null,
      resetsAt: null,
      used: 3,
      credits: { cost: 15, balance: 5 },
    })
    const guard = guardOfId('use', answer.body.usageId ?? '')
    expect(guard && (await deps.table.get(operationKey(account, guard)))).toMatchObject({
      entity: 'entry',
      feature: 'image',
      quantity: 3,
      cost: 15,
    })
    expect((await listLedger({ account })).body.data[0]).toMatchObject({ type: 'deduct', amount: -15, seq: 2 })
  })

  it('200 insufficient_credits takes neither credits nor usage', async () => {
    const account = await made('k-short')
    expect((await check({ account, body: { feature: 'image', consume: true, quantity: 5 } })).body).toMatchObject({
      allowed: false,
      reason: 'insufficient_credits',
      credits: { cost: 25, balance: 20 },
      upgrade: team,
    })
    expect(await used(account, 'image')).toBe(0)
    expect((await getCredits({ account })).body.balance).toBe(20)
  })

  it.each([
    ['replaces the price', { feature: 'image', cost: 20 }, true, 20],
    ['may be nothing', { feature: 'image', quantity: 100, cost: 0 }, true, 0],
    ['is refused above the balance', { feature: 'image', cost: 21 }, false, 21],
    ['may stand on a feature without a price', { feature: 'reports', cost: 7 }, true, 7],
    ['may stand on a choice', { feature: 'model', value: 'small', cost: 7 }, true, 7],
  ])('200 a cost of the caller’s own %s', async (name, body, allowed, cost) => {
    const account = await made(`k-cost-${name.length}`)
    const answer = await check({ account, body: { ...body, consume: true } })
    expect(answer.body).toMatchObject({ allowed, credits: { cost, balance: allowed ? 20 - cost : 20 } })
    expect((await getCredits({ account })).body.balance).toBe(allowed ? 20 - cost : 20)
  })

  it.each([
    [2, true],
    [3, true],
    [4, false],
  ])('200 of a limit of 3, %i at once: allowed %s', async (quantity, allowed) => {
    const account = await made(`k-limit${quantity}`)
    const answer = await check({ account, body: { ...take, quantity } })
    expect(answer.body.allowed).toBe(allowed)
    expect(answer.body.reason).toBe(allowed ? undefined : 'usage_limit_reached')
    expect(answer.body.upgrade).toEqual(allowed ? undefined : team)
    expect(await used(account)).toBe(allowed ? quantity : 0)
  })

  it('200 again for the same key: the first answer, marked, and one effect; 422 for another body', async () => {
    const account = await made('k-again')
    const first = await check({ account, body: take, key: 'k' })
    await check({ account, body: take })
    expect(await check({ account, body: take, key: 'k' })).toMatchObject({
      status: 200,
      replayed: true,
      body: first.body,
    })
    expect(await check({ account, body: { ...take, quantity: 2 }, key: 'k' })).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    })
    expect(await used(account)).toBe(2)
  })

  it('200 a refused consume stays refused for its key, also once a better plan would allow it', async () => {
    const account = await made('k-final')
    const asked = { account, body: { ...take, quantity: 4 }, key: 'k' }
    const first = await check(asked)
    await grantPlan({ account, body: { priceId: 'team-month', reason: 'x' } })
    expect(await check(asked)).toMatchObject({ status: 200, replayed: true, body: first.body })
    expect((await check({ ...asked, key: 'other' })).body.allowed).toBe(true)
  })

  it('200 a question under a key keeps nothing: asked again it is answered anew', async () => {
    const account = await made('k-question')
    const asked = { account, body: { feature: 'reports' }, key: 'k' }
    expect((await check(asked)).body.used).toBe(0)
    await check({ account, body: take })
    expect((await check(asked)).body.used).toBe(1)
  })

  it.each([
    ['sso', undefined, false, undefined],
    ['themes', undefined, true, 'basic'],
    ['themes', 'basic', true, 'basic'],
    ['themes', 'all', false, 'basic'],
    ['themes', 'none', false, 'basic'],
    ['model', 'small', true, 'small'],
    ['model', 'large', false, 'small'],
  ])('200 for %s %s: allowed %s', async (feature, value, allowed, given) => {
    const account = await made('k-kinds')
    const answer = await check({ account, body: { feature, ...(value && { value }), consume: true } })
    expect(answer.body).toMatchObject({ allowed, limit: null, used: null, remaining: null, resetsAt: null })
    expect(answer.body.value).toBe(given)
    expect(answer.body.reason).toBe(allowed ? undefined : 'feature_not_in_plan')
    // No plan has a level that is not in the catalogue.
    expect(answer.body.upgrade).toEqual(allowed || value === 'none' ? undefined : team)
  })

  it('200 rate_limited beyond the plan’s rate for calls with rate: true, with the quota’s headers', async () => {
    const account = await made('k-rate')
    const asked = { account, body: { feature: 'sso', rate: true } }
    const answers = []
    for (let count = 0; count < 62; count++) answers.push(await check(asked))
    expect(answers.slice(0, 60).every(({ body }) => body.reason !== 'rate_limited')).toBe(true)
    const refused = answers.at(-1)
    expect(refused).toMatchObject({
      status: 200,
      body: { allowed: false, reason: 'rate_limited', retryAfter: expect.any(Number) },
      headers: { 'ratelimit-policy': '"plan";q=60;w=3600' },
    })
    expect((await check({ account, body: { feature: 'reports' } })).body.allowed).toBe(true)
    expect((await check({ account, body: { feature: 'reports' } })).headers).not.toHaveProperty('ratelimit')
  })

  it('403 account_suspended', async () => {
    const account = await made('k-suspended')
    await suspend(deps, account)
    for (const body of [take, { feature: 'sso' }])
      expect(await check({ account, body })).toMatchObject({ status: 403, code: 'account_suspended' })
  })

  it('404 for an account that nobody made', async () => {
    expect(await check({ account: 'nobody', body: take })).toMatchObject({ status: 404, code: 'not_found' })
  })

  it.each([
    { feature: 'nothing' },
    { feature: 'constructor' },
    { feature: '__proto__' },
    { feature: 'reports', quantity: 0 },
    { feature: 'reports', quantity: 1_000_000_001 },
    { feature: 'reports', cost: -1 },
    { feature: 'reports', quantity: '1' },
    {},
  ])('400 for %j, and nothing is taken', async (body) => {
    const account = await made('k-invalid')
    expect(await check({ account, body: { ...body, consume: true } })).toMatchObject({
      status: 400,
      code: 'validation_failed',
    })
    expect(await used(account)).toBe(0)
  })

  it('403 forbidden for a key without the scope', async () => {
    expect(await check({ account: 'k-ask', body: take, scopes: ['usage:write'] })).toMatchObject({ status: 403 })
  })
})
