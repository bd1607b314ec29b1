import { afterAll, describe, expect, it } from 'vitest'
import { accountKey, priceCountKey } from '#table/keys'
import { auditRows, callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ now })
afterAll(() => deps.stop())
const { check, getAccount, getCredits, grantPlan, listLedger, putAccount } = callsOf(deps)

const body = { priceId: 'team-month', reason: 'a partner' }
const made = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  return account
}
const live = async () => Number((await deps.table.get(priceCountKey('team-month')))?.live ?? 0)

describe('grantPlan', () => {
  it('200 gives the plan at once: terms, allowance, count of the price and an audit entry', async () => {
    const account = await made('t-plan')
    const before = await live()
    const answer = await grantPlan({ account, body, headers: { 'x-request-id': 'req-1' } })
    expect(answer).toMatchObject({
      status: 200,
      body: {
        planId: 'team',
        priceId: 'team-month',
        status: 'active',
        complimentary: true,
        currentPeriodStart: now,
        currentPeriodEnd: null,
      },
    })
    expect((await getAccount({ account })).body.planId).toBe('team')
    expect((await check({ account, body: { feature: 'sso' } })).body.allowed).toBe(true)
    expect((await getCredits({ account })).body.balance).toBe(1000)
    expect(await live()).toBe(before + 1)
    expect(await auditRows(deps, 'req-1')).toMatchObject([
      {
        action: 'grantPlan',
        entity: 'audit',
        entityType: 'account',
        entityId: account,
        actor: { id: 'admin', role: 'ADMIN' },
        reason: 'a partner',
        before: { planId: 'free' },
        after: { planId: 'team', subscriptionId: answer.body.id },
        address: '203.0.113.7',
        userAgent: 'test',
      },
    ])
  })

  it('200 an upgrade replaces what is left of the old allowance, in two entries', async () => {
    const account = await made('t-upgrade')
    await grantPlan({ account, body })
    expect((await listLedger({ account })).body.data.map(({ type, amount, seq }) => [type, amount, seq])).toEqual([
      ['grant', 1000, 3],
      ['expire', -20, 2],
      ['grant', 20, 1],
    ])
  })

  it('200 again for the same key: one grant; 422 for another body', async () => {
    const account = await made('t-again')
    const before = await live()
    const first = await grantPlan({ account, body, key: 'k' })
    expect(await grantPlan({ account, body, key: 'k' })).toMatchObject({
      status: 200,
      replayed: true,
      body: first.body,
    })
    expect(await grantPlan({ account, body: { ...body, reason: 'x' }, key: 'k' })).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    })
    expect(await live()).toBe(before + 1)
  })

  it('200 a stored answer is repeated for 24 hours of real time, then the key is free', async () => {
    const account = await made('t-day')
    const first = await grantPlan({ account, body, key: 'day' })
    deps.clock.passReal(86_400_000 - 60_000)
    expect((await grantPlan({ account, body, key: 'day' })).replayed).toBe(true)
    deps.clock.passReal(60_000)
    const later = await grantPlan({ account, body, key: 'day' })
    expect(later.replayed).toBe(false)
    expect(later.body.id).not.toBe(first.body.id)
  })

  it('200 the same plan granted anew replaces the first: one live subscription, one count', async () => {
    const account = await made('t-anew')
    const before = await live()
    const first = await grantPlan({ account, body })
    deps.clock.advance(1_000)
    const second = await grantPlan({ account, body: { ...body, until: '2026-06-01T00:00:00Z' } })
    deps.clock.set(now)
    expect(second.body).toMatchObject({ status: 'active', currentPeriodEnd: '2026-06-01T00:00:00.000Z' })
    const { items } = await deps.table.query({ pk: `ACCOUNT#${account}`, sk: { beginsWith: 'SUB#' }, limit: 10 })
    expect(items.map(({ id, status }) => [id, status])).toEqual([
      [first.body.id, 'canceled'],
      [second.body.id, 'active'],
    ])
    expect(await live()).toBe(before + 1)
  })

  it('400 for an unknown price and for an end that is not in the future', async () => {
    const account = await made('t-invalid')
    for (const wrong of [
      { ...body, priceId: 'gold' },
      { ...body, priceId: 'constructor' },
      { ...body, until: now },
      { ...body, until: 'tomorrow' },
      { priceId: 'team-month' },
    ])
      expect(await grantPlan({ account, body: wrong })).toMatchObject({ status: 400, code: 'validation_failed' })
    expect((await getAccount({ account })).body.planId).toBe('free')
  })

  it('409 for one that is being erased', async () => {
    const account = await made('t-erasing')
    const set = { suspended: true, erasingAt: deps.clock.now() }
    await deps.table.write([{ kind: 'update', key: accountKey(account), set, when: 'unconditional' }])
    expect(await grantPlan({ account, body })).toMatchObject({ status: 409, code: 'conflict' })
  })

  it('404 for an account that nobody made; the audit entry says that it was refused', async () => {
    const headers = { 'x-request-id': 'req-404' }
    expect(await grantPlan({ account: 'nobody', body, headers })).toMatchObject({ status: 404, code: 'not_found' })
    expect(await auditRows(deps, 'req-404')).toMatchObject([{ entityId: 'nobody', method: 'POST', status: 404 }])
  })

  it('403 forbidden for a login that is no staff; 401 without a subject', async () => {
    const account = await made('t-staff')
    expect(await grantPlan({ account, body, subject: 'somebody' })).toMatchObject({ status: 403, code: 'forbidden' })
    expect(await grantPlan({ account, body, subject: '' })).toMatchObject({ status: 401, code: 'unauthenticated' })
    expect((await getAccount({ account })).body.planId).toBe('free')
  })
})
