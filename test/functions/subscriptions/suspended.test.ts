import { afterAll, describe, expect, it } from 'vitest'
import { listPayments } from '#table/payments'
import { latestSubscription } from '#table/subscriptions'
import { buyingOf } from '#test/support/buying'
import { callsOf } from '#test/support/calls'
import { type TestDeps, testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'
import { live, sweep } from '#test/support/renewals'
import { suspend, unsuspend } from '#test/support/standing'
import { deliver, told, work } from '#test/support/webhooks'
import { subscribingOf } from './support.ts'

const start = '2026-01-31T10:00:00.000Z'
const end = '2026-02-28T10:00:00.000Z'

async function stageOf(product: 'wellbeing' | 'resume-ats') {
  const deps = await testDeps({ product, now: start })
  const bench = await withFakes(deps)
  afterAll(async () => {
    await bench.stop()
    await deps.stop()
  })
  return { deps, bench, ...buyingOf(deps, bench), ...subscribingOf(deps), all: callsOf(deps) }
}
const paid = async (deps: TestDeps, account: string) =>
  (await listPayments(deps.table, account, { limit: 50 })).payments.map(({ type, status }) => `${type} ${status}`)
const present = (deps: TestDeps, account: string) => latestSubscription(deps.table, account)

const stripe = await stageOf('wellbeing')
const { deps, bench } = stripe

/** A customer of the monthly plan from 31 January on, whose card behaves so. */
async function subscriber(account: string, card: 'success' | 'declines_later' = 'success') {
  deps.clock.set(start)
  const options = { saveMethod: true, ...(card !== 'success' && { card }) }
  await stripe.buy(account, { priceId: 'premium-month', saveMethod: true }, options)
  return account
}

describe('a subscription of a suspended account', () => {
  it('stands still over its period’s end: no charge, no end, no access; lifted, one period is charged from then on', async () => {
    const account = await subscriber('s-over')
    await live(deps, '2026-02-20T00:00:00.000Z')
    await suspend(deps, account)
    await live(deps, '2026-05-20T00:00:00.000Z')
    expect(await paid(deps, account)).toEqual(['plan_purchase completed'])
    expect((await stripe.get(account)).body).toMatchObject({
      ...{ status: 'past_due', planId: 'premium', activePlanId: 'premium', currentPeriodEnd: end },
      ...{ pausedAt: '2026-02-20T00:00:00.000Z', autoRenew: true, endedAt: null },
    })
    const feature = Object.keys((await deps.catalogue()).catalogue.features)[0] ?? ''
    expect(await stripe.all.check({ account, body: { feature } })).toMatchObject({ code: 'account_suspended' })
    const { features } = (await stripe.all.listEntitlements({ account })).body
    expect(features.filter(({ enabled }) => enabled)).toEqual([])
    await unsuspend(deps, account)
    const lifted = (await stripe.get(account)).body
    expect(lifted).toMatchObject({ status: 'past_due', pausedAt: null, currentPeriodEnd: '2026-05-20T00:00:00.000Z' })
    expect((await stripe.all.listEntitlements({ account })).body.features.some(({ enabled }) => enabled)).toBe(true)
    await live(deps, '2026-05-20T00:15:00.000Z')
    expect(await paid(deps, account)).toEqual(['renewal completed', 'plan_purchase completed'])
    expect((await stripe.get(account)).body).toMatchObject({
      ...{ status: 'active', pausedAt: null },
      ...{ currentPeriodStart: '2026-05-20T00:00:00.000Z', currentPeriodEnd: '2026-06-20T00:00:00.000Z' },
    })
  })

  it('goes on as it was where its period had not ended', async () => {
    const account = await subscriber('s-within')
    const before = (await stripe.get(account)).body
    await suspend(deps, account)
    await live(deps, '2026-02-10T00:00:00.000Z')
    await unsuspend(deps, account)
    expect((await stripe.get(account)).body).toEqual({ ...before, daysRemaining: 19 })
    await live(deps, end)
    expect(await paid(deps, account)).toEqual(['renewal completed', 'plan_purchase completed'])
  })

  it('does not run through its grace: that begins anew when it is lifted, with its retries', async () => {
    const account = await subscriber('s-grace', 'declines_later')
    await live(deps, '2026-03-01T12:00:00.000Z')
    expect(await present(deps, account)).toMatchObject({ status: 'past_due', retry: { failed: 2 } })
    await suspend(deps, account)
    await live(deps, '2026-03-20T00:00:00.000Z')
    expect(await present(deps, account)).toMatchObject({ status: 'past_due', retry: { failed: 2 } })
    await unsuspend(deps, account)
    await sweep(deps)
    await live(deps, '2026-03-22T23:59:59.000Z')
    expect(await present(deps, account)).toMatchObject({ status: 'past_due', retry: { failed: 6, nextAt: null } })
    expect((await stripe.all.getAccount({ account })).body.planId).toBe('premium')
    await live(deps, '2026-03-23T00:00:00.000Z')
    expect(await present(deps, account)).toMatchObject({
      status: 'expired',
      endedAt: Date.parse('2026-03-23T00:00:00.000Z'),
    })
  })

  it('is paid by hand all the same, from then on', async () => {
    const account = await subscriber('s-hand', 'declines_later')
    await suspend(deps, account)
    await live(deps, '2026-04-01T00:00:00.000Z')
    const { status, body } = await stripe.renew(account, {})
    expect(status).toBe(201)
    const returned = stripe.pay('stripe', body.providerOrderId ?? '', { saveMethod: true })
    expect((await stripe.verify(account, { paymentId: body.paymentId, ...returned })).body.status).toBe('completed')
    expect((await stripe.get(account)).body).toMatchObject({
      ...{ status: 'active', pausedAt: start, currentPeriodStart: '2026-04-01T00:00:00.000Z' },
    })
    await live(deps, '2026-06-01T00:00:00.000Z')
    expect((await paid(deps, account)).filter((one) => one.startsWith('renewal'))).toHaveLength(1)
    await unsuspend(deps, account)
    await live(deps, '2026-06-01T00:15:00.000Z')
    expect((await paid(deps, account)).filter((one) => one.startsWith('renewal'))).toHaveLength(2)
  })

  it('is bought, and what was begun before is settled by its event; it stands still from the start', async () => {
    deps.clock.set(start)
    const account = 's-buys'
    const begun = await stripe.begin(account, { priceId: 'premium-month', saveMethod: true })
    await suspend(deps, account)
    const before = told(bench.fakes, 'stripe').length
    stripe.pay('stripe', begun.providerOrderId ?? '', { saveMethod: true })
    for (const event of told(bench.fakes, 'stripe').slice(before)) await deliver(deps, 'stripe', event)
    expect(await work(deps)).toEqual([])
    expect(await paid(deps, account)).toEqual(['plan_purchase completed'])
    expect((await stripe.get(account)).body).toMatchObject({ status: 'active', autoRenew: true, pausedAt: start })
    await live(deps, '2026-03-15T00:00:00.000Z')
    expect(await paid(deps, account)).toEqual(['plan_purchase completed'])
    await unsuspend(deps, account)
    await sweep(deps)
    expect(await paid(deps, account)).toEqual(['renewal completed', 'plan_purchase completed'])
  })

  it('a charge that nobody heard of is not made while it is suspended, and once afterwards', async () => {
    const account = await subscriber('s-unheard')
    deps.clock.set(end)
    bench.fakes.stripe.behave({ requests: [{ route: '*', fault: 'server_error', times: 40 }] })
    await sweep(deps)
    bench.fakes.stripe.behave({ reset: true })
    expect(await paid(deps, account)).toEqual(['renewal pending', 'plan_purchase completed'])
    await suspend(deps, account)
    await live(deps, '2026-02-28T18:00:00.000Z')
    expect(await paid(deps, account)).toEqual(['renewal pending', 'plan_purchase completed'])
    await unsuspend(deps, account)
    await live(deps, '2026-02-28T21:00:00.000Z')
    expect(await paid(deps, account)).toEqual(['renewal completed', 'plan_purchase completed'])
  })

  it('race: suspended while a sweep works on it, it is charged before or not at all, and named in either case', async () => {
    for (let round = 0; round < 4; round++) {
      const account = await subscriber(`s-race-${round}`)
      deps.clock.set(end)
      await Promise.all([sweep(deps), suspend(deps, account), sweep(deps)])
      const stored = await present(deps, account)
      const charged = (await paid(deps, account)).filter((one) => one.startsWith('renewal'))
      await live(deps, '2026-03-10T00:00:00.000Z')
      expect((await paid(deps, account)).filter((one) => one.startsWith('renewal'))).toHaveLength(charged.length)
      expect(stored).toMatchObject({ pausedAt: Date.parse(end) })
    }
  })
})

describe('a mandate’s debit that is announced when its account is suspended', () => {
  it('is made and settled; the next one waits', async () => {
    const { deps, bench, buy, get } = await stageOf('resume-ats')
    const account = 's-mandate'
    await buy(account, { priceId: 'pro-month' }, { saveMethod: true })
    await live(deps, '2026-02-26T10:00:00.000Z')
    await suspend(deps, account)
    for (const instant of ['2026-02-27T12:00:00.000Z', '2026-02-28T23:00:00.000Z', '2026-03-02T10:00:00.000Z']) {
      await live(deps, instant)
      bench.fakes.tick()
    }
    await live(deps, '2026-03-03T10:00:00.000Z')
    expect(await paid(deps, account)).toEqual(['renewal completed', 'plan_purchase completed'])
    const { body } = await get(account)
    expect(body).toMatchObject({ status: 'active', pausedAt: '2026-02-26T10:00:00.000Z' })
    await live(deps, '2026-06-01T10:00:00.000Z')
    expect(await paid(deps, account)).toHaveLength(2)
  })
})
