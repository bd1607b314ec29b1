import { afterAll, describe, expect, it } from 'vitest'
import { findAccount } from '#table/accounts'
import { listHistory } from '#table/history'
import { priceCountKey } from '#table/keys'
import { listPayments } from '#table/payments'
import { latestSubscription } from '#table/subscriptions'
import { buyingOf } from '#test/support/buying'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'
import { live, sweep } from '#test/support/renewals'

const deps = await testDeps({ product: 'wellbeing', now: '2026-01-31T10:00:00.000Z' })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})
const { buy } = buyingOf(deps, bench)
const start = Date.parse('2026-01-31T10:00:00.000Z')

/** A customer of the monthly plan from 31 January on, whose card behaves so. */
async function subscribed(
  account: string,
  card: 'success' | 'declines_later' | 'processing' = 'success',
  saveMethod = true,
) {
  deps.clock.set(start)
  const payment = await buy(
    account,
    { priceId: 'premium-month', saveMethod },
    { saveMethod, ...(card !== 'success' && { card }) },
  )
  expect(payment.status).toBe('completed')
  return account
}
const planOf = async (account: string) => (await callsOf(deps).getAccount({ account })).body.planId
const present = (account: string) => latestSubscription(deps.table, account)
const paid = async (account: string) => {
  const { payments } = await listPayments(deps.table, account, { limit: 50 })
  return payments
    .filter(({ status }) => status === 'completed')
    .map(({ type, amountMinor }) => `${type} ${amountMinor}`)
}

describe('settleSubscription', () => {
  it('renews month after month on the anchor’s day, clamped: thirteen payments in a year, no drift', async () => {
    const account = await subscribed('s-year')
    await live(deps, '2027-01-31T10:00:00.000Z')
    const { entries } = await listHistory(deps.table, account, { limit: 50 })
    expect(entries.toReversed().map(({ startedAt }) => new Date(startedAt).toISOString().slice(0, 10))).toEqual([
      '2026-01-31',
      '2026-02-28',
      '2026-03-31',
      '2026-04-30',
      '2026-05-31',
      '2026-06-30',
      '2026-07-31',
      '2026-08-31',
      '2026-09-30',
      '2026-10-31',
      '2026-11-30',
      '2026-12-31',
      '2027-01-31',
    ])
    expect(await paid(account)).toHaveLength(13)
    expect(await planOf(account)).toBe('premium')
  }, 120_000)

  it('swept three times at once and again: one charge for the period', async () => {
    const account = await subscribed('s-twice')
    deps.clock.set('2026-02-28T10:00:00.000Z')
    await Promise.all([sweep(deps), sweep(deps), sweep(deps)])
    await sweep(deps)
    expect(await paid(account)).toEqual(['renewal 3200', 'plan_purchase 3200'])
  })

  it('three days late it counts from the old end, not from the payment', async () => {
    const account = await subscribed('s-late')
    deps.clock.set('2026-03-03T09:00:00.000Z')
    await sweep(deps)
    expect(await present(account)).toMatchObject({
      status: 'active',
      periodStart: Date.parse('2026-02-28T10:00:00.000Z'),
      periodEnd: Date.parse('2026-03-31T10:00:00.000Z'),
    })
  })

  it('a declined card: overdue with access, retries after 24, 48 and 71 hours, then over and free', async () => {
    const account = await subscribed('s-declined', 'declines_later')
    await live(deps, '2026-02-28T12:00:00.000Z')
    expect(await present(account)).toMatchObject({ status: 'past_due', retry: { failed: 1 } })
    expect(await planOf(account)).toBe('premium')
    await live(deps, '2026-03-03T09:30:00.000Z')
    expect(await present(account)).toMatchObject({ status: 'past_due', retry: { failed: 4 } })
    expect(await planOf(account)).toBe('premium')
    await live(deps, '2026-03-03T10:00:00.000Z')
    expect(await planOf(account)).toBe('free')
    expect(await present(account)).toMatchObject({ status: 'expired', endedAt: Date.parse('2026-03-03T10:00:00.000Z') })
    const { payments } = await listPayments(deps.table, account, { limit: 50 })
    expect(payments.filter(({ type }) => type === 'renewal')).toHaveLength(4)
  }, 60_000)

  it('counts each renewal as failed or not, so that an alarm can watch the share', async () => {
    const countedBy = async (card: 'success' | 'declines_later') => {
      await subscribed(`s-counted-${card}`, card)
      deps.metrics.length = 0
      deps.clock.set('2026-02-28T10:00:00.000Z')
      await sweep(deps)
      return deps.metrics.filter(({ name }) => name === 'RenewalFailed').map(({ value }) => value)
    }
    expect(await countedBy('success')).toEqual([0])
    expect(await countedBy('declines_later')).toEqual([1])
  })

  it('without a saved method it ends with its period, at the instant, and no job need run', async () => {
    const account = await subscribed('s-nomethod', 'success', false)
    deps.clock.set('2026-02-28T09:59:59.999Z')
    expect(await planOf(account)).toBe('premium')
    deps.clock.set('2026-02-28T10:00:00.000Z')
    expect(await planOf(account)).toBe('free')
    await sweep(deps)
    expect(await present(account)).toMatchObject({ status: 'expired' })
  })

  it('a provider that does not answer leaves the charge under way; it is looked up, and charged once', async () => {
    const account = await subscribed('s-down')
    deps.clock.set('2026-02-28T10:00:00.000Z')
    bench.fakes.stripe.behave({
      requests: [
        { route: 'POST /v1/payment_intents', fault: 'commit_then_drop', times: 1 },
        { route: 'GET /v1/payment_intents', fault: 'server_error', times: 20 },
      ],
    })
    await sweep(deps)
    bench.fakes.stripe.behave({ reset: true })
    expect(await planOf(account)).toBe('premium')
    deps.clock.set('2026-02-28T11:30:00.000Z')
    await sweep(deps)
    await live(deps, '2026-02-28T16:30:00.000Z')
    expect(await paid(account)).toEqual(['renewal 3200', 'plan_purchase 3200'])
    expect((await findAccount(deps.table, account))?.plan?.planId).toBe('premium')
  })

  it('ends a granted plan: expired at its end, the count of the price down, the account falls back', async () => {
    const account = 's-granted'
    deps.clock.set(start)
    const { grantPlan, putAccount } = callsOf(deps)
    await putAccount({ account, body: { email: 'a@example.com' } })
    const until = '2026-02-15T00:00:00.000Z'
    await grantPlan({ account, body: { priceId: 'premium-month', until, reason: 'x' }, key: account })
    const live = async () => Number((await deps.table.get(priceCountKey('premium-month')))?.live)
    const before = await live()
    deps.clock.set('2026-02-16T00:00:00.000Z')
    await Promise.all([sweep(deps), sweep(deps), sweep(deps)])
    expect(await present(account)).toMatchObject({ status: 'expired', endedAt: Date.parse(until) })
    expect(await live()).toBe(before - 1)
    expect(await planOf(account)).toBe('free')
  })
})
