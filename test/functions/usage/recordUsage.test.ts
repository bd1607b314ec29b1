import { afterAll, describe, expect, it } from 'vitest'
import { guardOfId } from '#domain/guard'
import { operationKey } from '#table/keys'
import { callsOf } from '#test/support/calls'
import { strangerId, testDeps } from '#test/support/deps'
import { suspend } from '#test/support/standing'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ now })
const withoutFallback = await testDeps({ product: 'marketing', now })
const cv = await testDeps({ product: 'cv-builder', now })
afterAll(() => Promise.all([deps.stop(), withoutFallback.stop(), cv.stop()]))
const { check, getCredits, getUsage, grantPlan, listLedger, putAccount, recordUsage } = callsOf(deps)

const made = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  return account
}
const body = { feature: 'reports' }
const used = async (account: string, feature = 'reports') =>
  (await getUsage({ account })).body.data.find((one) => one.feature === feature)?.used
const usageIdOf = (answer: { body: object }): string => String(Reflect.get(answer.body, 'usageId'))
const rowOf = (account: string, usageId: string) => {
  const guard = guardOfId('use', usageId)
  return guard && deps.table.get(operationKey(account, guard))
}

describe('recordUsage', () => {
  it('201 counts, and the event’s row keeps what was said of it', async () => {
    const account = await made('w-count')
    const told = { quantity: 2, metadata: { file: 'a.pdf' }, durationMs: 1_200, reference: 'job-9' }
    const answer = await recordUsage({ account, body: { ...body, ...told }, key: 'k' })
    expect(answer).toMatchObject({
      status: 201,
      body: { feature: 'reports', used: 2, limit: 3, remaining: 1, resetsAt: '2026-04-01T00:00:00.000Z' },
    })
    expect(await rowOf(account, usageIdOf(answer))).toMatchObject({
      entity: 'usage',
      quantity: 2,
      metadata: { file: 'a.pdf' },
      durationMs: 1_200,
      callerReference: 'job-9',
      planId: 'free',
      actor: 'key_test',
      key: 'k',
    })
  })

  it('201 again for the same key: one count; 422 for another body', async () => {
    const account = await made('w-again')
    const first = await recordUsage({ account, body, key: 'k' })
    expect(await recordUsage({ account, body, key: 'k' })).toMatchObject({
      status: 201,
      replayed: true,
      body: first.body,
    })
    expect(await recordUsage({ account, body: { ...body, quantity: 2 }, key: 'k' })).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    })
    expect(await used(account)).toBe(1)
  })

  it('201 a failure is stored and counts for nothing, also at the limit', async () => {
    const account = await made('w-failure')
    await recordUsage({ account, body: { ...body, quantity: 3 } })
    const answer = await recordUsage({ account, body: { ...body, outcome: 'failure', durationMs: 50 } })
    expect(answer).toMatchObject({ status: 201, body: { used: 3, remaining: 0 } })
    expect(await rowOf(account, usageIdOf(answer))).toMatchObject({ outcome: 'failure', quantity: 0 })
    const image = await recordUsage({ account, body: { feature: 'image', outcome: 'failure' } })
    expect(image.status).toBe(201)
    expect((await getCredits({ account })).body.balance).toBe(20)
  })

  it('403 usage_limit_reached tells the figures and offers a plan, counts nothing and is final for its key', async () => {
    const account = await made('w-limit')
    await recordUsage({ account, body: { ...body, quantity: 2 } })
    const asked = { account, body: { ...body, quantity: 2 }, key: 'k' }
    const first = await recordUsage(asked)
    expect(first).toMatchObject({
      status: 403,
      code: 'usage_limit_reached',
      body: { limit: 3, used: 2, resetsAt: '2026-04-01T00:00:00.000Z', upgrade: { planId: 'team' } },
    })
    await grantPlan({ account, body: { priceId: 'team-month', reason: 'x' } })
    expect(await recordUsage(asked)).toMatchObject({ status: 403, replayed: true, code: 'usage_limit_reached' })
    expect((await recordUsage({ ...asked, key: 'other' })).status).toBe(201)
  })

  it('402 insufficient_credits takes neither', async () => {
    const account = await made('w-short')
    expect(await recordUsage({ account, body: { feature: 'image', quantity: 5 } })).toMatchObject({
      status: 402,
      code: 'insufficient_credits',
      body: { balance: 20, required: 25 },
    })
    expect(await used(account, 'image')).toBe(0)
  })

  it('403 feature_not_in_plan', async () => {
    const calls = callsOf(cv)
    await calls.putAccount({ account: 'w-off', body: { email: 'a@example.com' } })
    expect(await calls.recordUsage({ account: 'w-off', body: { feature: 'ai_optimization' } })).toMatchObject({
      status: 403,
      code: 'feature_not_in_plan',
      body: { upgrade: { planId: 'pro', priceId: 'pro-month', amount: 12_000, currency: 'GHS' } },
    })
  })

  it('402 payment_required where no plan holds and there is none to fall back to', async () => {
    const calls = callsOf(withoutFallback)
    await calls.putAccount({ account: 'w-none', body: { email: 'a@example.com' } })
    expect(await calls.recordUsage({ account: 'w-none', body: { feature: 'EMAIL_SENT' } })).toMatchObject({
      status: 402,
      code: 'payment_required',
    })
  })

  it('403 account_suspended, 404 for an account that nobody made', async () => {
    const account = await made('w-suspended')
    await suspend(deps, account)
    expect(await recordUsage({ account, body })).toMatchObject({ status: 403, code: 'account_suspended' })
    expect(await recordUsage({ account: 'nobody', body })).toMatchObject({ status: 404, code: 'not_found' })
  })

  it.each([
    ['in the future by a millisecond', '2026-03-10T12:00:00.001Z', 400],
    ['now', now, 201],
    ['35 days back', '2026-02-03T12:00:00.000Z', 201],
    ['35 days and a millisecond back', '2026-02-03T11:59:59.999Z', 400],
  ])('an event %s is answered as it must', async (name, at, status) => {
    const account = await made(`w-at-${name.length}`)
    expect((await recordUsage({ account, body: { ...body, at } })).status).toBe(status)
  })

  it.each([
    { feature: 'nothing' },
    { feature: 'sso' },
    { feature: 'reports', quantity: 0 },
    { feature: 'reports', quantity: 1.5 },
    { feature: 'reports', outcome: 'maybe' },
    { feature: 'reports', quantity: -1 },
    { feature: 'reports', quantity: -1, reference: 'job-9' },
  ])('400 for %j', async (wrong) => {
    const account = await made('w-invalid')
    expect(await recordUsage({ account, body: wrong })).toMatchObject({ status: 400, code: 'validation_failed' })
    expect(await used(account)).toBe(0)
  })
})

describe('recordUsage, giving back', () => {
  const taken = async (account: string, feature: string, quantity: number) => {
    await made(account)
    return (await check({ account, body: { feature, consume: true, quantity } })).body.usageId ?? ''
  }

  it('201 returns usage and the credits it cost, in one entry', async () => {
    const reference = await taken('b-both', 'image', 3)
    const answer = await recordUsage({ account: 'b-both', body: { feature: 'image', quantity: -2, reference } })
    expect(answer).toMatchObject({ status: 201, body: { used: 1 } })
    expect((await listLedger({ account: 'b-both' })).body.data[0]).toMatchObject({
      type: 'refund',
      amount: 10,
      balanceAfter: 15,
    })
  })

  it('409 conflict beyond what the reference took, over all give-backs', async () => {
    const reference = await taken('b-once', 'reports', 3)
    const back = (quantity: number) =>
      recordUsage({ account: 'b-once', body: { feature: 'reports', quantity: -quantity, reference } })
    expect((await back(2)).status).toBe(201)
    expect(await back(2)).toMatchObject({ status: 409, code: 'conflict', body: { left: 1 } })
    expect((await back(1)).status).toBe(201)
    expect(await back(1)).toMatchObject({ status: 409, body: { left: 0 } })
    expect(await used('b-once')).toBe(0)
  })

  it('201 again for the same key: given back once', async () => {
    const reference = await taken('b-again', 'image', 2)
    const asked = { account: 'b-again', body: { feature: 'image', quantity: -1, reference }, key: 'k' }
    const first = await recordUsage(asked)
    expect(await recordUsage(asked)).toMatchObject({ status: 201, replayed: true, body: first.body })
    expect(await used('b-again', 'image')).toBe(1)
    expect((await getCredits({ account: 'b-again' })).body.balance).toBe(15)
  })

  it('404 for a use that is not, another account’s, or of another feature', async () => {
    const theirs = await taken('b-theirs', 'reports', 1)
    const mine = await taken('b-mine', 'image', 1)
    for (const reference of [theirs, mine, strangerId('use')])
      expect(
        await recordUsage({ account: 'b-mine', body: { feature: 'reports', quantity: -1, reference } }),
      ).toMatchObject({ status: 404, code: 'not_found' })
    expect(await used('b-theirs')).toBe(1)
  })
})
