import { afterAll, describe, expect, it } from 'vitest'
import { run as checkoutRun } from '#functions/payments/createCheckout'
import { run } from '#functions/subscriptions/importSubscription'
import { createCheckout } from '#operations/payments'
import { importSubscription } from '#operations/subscriptions'
import { accountKey, priceCountKey, providerSubscriptionKey } from '#table/keys'
import { listPayments } from '#table/payments'
import { auditRows } from '#test/support/calls'
import { invoke } from '#test/support/deps'
import { live } from '#test/support/renewals'
import { suspend } from '#test/support/standing'
import { shopD } from './support.ts'

const now = '2026-06-01T00:00:00.000Z'
const shop = await shopD()
afterAll(() => shop.stop())
const { all, bringOver, deps, get, history, subscriber } = shop

const start = '2026-05-20T10:00:00.000Z'
const end = '2026-06-20T10:00:00.000Z'
const bodyOf = (providerSubscriptionId: string, over: object = {}) => ({
  ...{ provider: 'razorpay', providerSubscriptionId, priceId: 'pro-month' },
  ...{ currentPeriodStart: start, currentPeriodEnd: end },
  ...over,
})
const made = async (account: string) => {
  await all.putAccount({ account, body: { email: 'a@example.com' } })
  return account
}
const brought = async (account: string, over: object = {}) => {
  await made(account)
  expect(await bringOver(account, bodyOf(`sub_${account}`, over))).toMatchObject({ status: 201 })
  return account
}
const liveOf = async (priceId: string) => Number((await deps.table.get(priceCountKey(priceId)))?.live ?? 0)
const pointerOf = (id: string) => deps.table.get(providerSubscriptionKey('razorpay', id), { consistent: true })

describe('importSubscription', () => {
  it('201 the plan from now on, as the provider has it: terms, count, way to it, history and an audit entry', async () => {
    const account = await made('i-one')
    const before = await liveOf('pro-month')
    const headers = { 'x-request-id': 'i-one' }
    const body = bodyOf('sub_One', { gatewayCustomerId: 'cust_1' })
    const answer = await bringOver(account, body, { headers, key: 'i-one' })
    expect(answer).toMatchObject({
      status: 201,
      body: {
        ...{ planId: 'pro', priceId: 'pro-month', status: 'active', managedBy: 'razorpay', complimentary: false },
        ...{ currentPeriodStart: start, currentPeriodEnd: end, autoRenew: true, cancelAtPeriodEnd: false },
      },
    })
    expect((await get(account)).body).toEqual(answer.body)
    expect((await all.getAccount({ account })).body.planId).toBe('pro')
    expect(await liveOf('pro-month')).toBe(before + 1)
    expect(await pointerOf('sub_One')).toMatchObject({ accountId: account, subscriptionId: answer.body.id })
    expect((await history(account)).body.data).toMatchObject([
      ...[
        {
          kind: 'import',
          planId: 'pro',
          previousPlanId: 'free',
          amount: 0,
          startedAt: now,
          endedAt: end,
          active: true,
        },
      ],
    ])
    expect(await auditRows(deps, 'i-one')).toMatchObject([
      {
        ...{ action: 'importSubscription', entityType: 'subscription', entityId: answer.body.id },
        ...{ actor: { role: 'ADMIN' }, before: { planId: 'free' } },
        after: { planId: 'pro', priceId: 'pro-month', provider: 'razorpay', providerSubscriptionId: 'sub_One' },
      },
    ])
    expect((await shop.list('', undefined, { as: 'staff' })).body.data).toContainEqual(
      expect.objectContaining({ id: answer.body.id, accountId: account, managedBy: 'razorpay' }),
    )
    expect(await bringOver(account, body, { key: 'i-one' })).toMatchObject({ replayed: true, body: answer.body })
    expect(await liveOf('pro-month')).toBe(before + 1)
  })

  it('201 overdue, within its grace, and of a suspended account', async () => {
    await brought('i-overdue', { status: 'past_due' })
    expect((await get('i-overdue')).body).toMatchObject({ status: 'past_due', currentPeriodEnd: end })
    await brought('i-grace', { currentPeriodEnd: '2026-05-29T00:00:00.001Z' })
    expect((await get('i-grace')).body.status).toBe('past_due')
    await made('i-suspended')
    await suspend(deps, 'i-suspended')
    expect((await bringOver('i-suspended', bodyOf('sub_suspended'))).body).toMatchObject({ pausedAt: null })
  })

  it('201 the sweep charges nothing, waits through the grace and ends it where the provider stays silent', async () => {
    const account = await brought('i-silent')
    await live(deps, '2026-06-23T09:59:59.999Z')
    expect((await get(account)).body).toMatchObject({ status: 'past_due', activePlanId: 'pro' })
    await live(deps, '2026-06-23T10:00:00.000Z')
    expect((await get(account)).body).toMatchObject({
      ...{ status: 'expired', activePlanId: 'free', endedAt: '2026-06-23T10:00:00.000Z', managedBy: 'razorpay' },
    })
    expect((await listPayments(deps.table, account, { limit: 5 })).payments).toEqual([])
    deps.clock.set(now)
  })

  it('400 for an unknown or endless price, a period that is none, and a provider that is turned off', async () => {
    const account = await made('i-wrong')
    for (const wrong of [
      { priceId: 'gold' },
      { priceId: 'lifetime' },
      { currentPeriodStart: '2026-06-01T00:00:00.001Z' },
      { currentPeriodEnd: start },
      { currentPeriodEnd: '2026-05-29T00:00:00.000Z' },
      { providerSubscriptionId: 'sub_A#B' },
      { provider: 'adyen' },
      { status: 'canceled' },
    ])
      expect(await bringOver(account, bodyOf('sub_Wrong', wrong))).toMatchObject({ code: 'validation_failed' })
    const tools = await deps.payments()
    const off = { ...deps, payments: async () => ({ ...tools, turnedOn: ['stripe'] as const }) }
    expect(await invoke(importSubscription, run, off, { account, body: bodyOf('sub_Wrong') })).toMatchObject({
      ...{ status: 400, body: { errors: [{ path: 'provider' }] } },
    })
    expect(await pointerOf('sub_Wrong')).toBeUndefined()
  })

  it('404 for an account that nobody made', async () => {
    expect((await bringOver('i-nobody', bodyOf('sub_Nobody'))).code).toBe('not_found')
    expect(await pointerOf('sub_Nobody')).toBeUndefined()
  })

  it('409 with a live subscription, bought, given or brought over', async () => {
    const bought = await subscriber('i-bought')
    const given = await made('i-given')
    await all.grantPlan({ account: given, body: { priceId: 'pro-month', reason: 'a gift' } })
    for (const account of [bought, given, await brought('i-twice')])
      expect((await bringOver(account, bodyOf(`sub_again_${account}`))).body).toMatchObject({
        detail: 'The account has a live subscription.',
      })
  })

  it('409 for another currency than the account pays in', async () => {
    const account = await made('i-currency')
    await all.updateAccount({ account, body: { currency: 'USD' } })
    expect((await bringOver(account, bodyOf('sub_Currency'))).code).toBe('conflict')
  })

  it('409 when the provider’s subscription is known, also to the account itself, once that is over', async () => {
    await brought('i-known')
    const again = bodyOf('sub_i-known')
    expect((await bringOver(await made('i-other'), again)).code).toBe('conflict')
    deps.clock.set('2026-07-01T00:00:00.000Z')
    const later = { ...again, currentPeriodEnd: '2026-07-20T00:00:00.000Z' }
    expect((await bringOver('i-known', later)).body).toMatchObject({
      detail: 'This subscription of the provider was brought over before.',
    })
    deps.clock.set(now)
    expect((await bringOver('i-other', { ...again, provider: 'stripe' })).status).toBe(201)
  })

  it('of two accounts that ask for one subscription at once, one has it, and one plan is counted', async () => {
    const accounts = [await made('i-race-1'), await made('i-race-2')]
    const before = await liveOf('pro-month')
    const answers = await Promise.all(accounts.map((account) => bringOver(account, bodyOf('sub_Race'))))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409])
    expect(await liveOf('pro-month')).toBe(before + 1)
    const winner = accounts[answers.findIndex(({ status }) => status === 201)]
    expect(await pointerOf('sub_Race')).toMatchObject({ accountId: winner })
    const plans = await Promise.all(
      accounts.map(async (account) => (await deps.table.get(accountKey(account)))?.subscriptionId),
    )
    expect(plans.filter((id) => id !== undefined)).toHaveLength(1)
  })

  it('403 for whoever is not staff; 401 without a subject', async () => {
    const account = await made('i-staff')
    expect((await bringOver(account, bodyOf('sub_Staff'), { subject: 'somebody' })).code).toBe('forbidden')
    expect((await bringOver(account, bodyOf('sub_Staff'), { subject: '' })).code).toBe('unauthenticated')
  })
})

describe('what is refused of a subscription that a provider renews', () => {
  const managed = 'The payment provider manages this subscription: it is changed and cancelled there.'
  it('409 to end, keep, change, extend or renew it, and says why; overdue or over as well', async () => {
    const account = await brought('i-managed')
    const overdue = await brought('i-managed-late', { status: 'past_due' })
    for (const one of [account, overdue])
      for (const answer of [
        await shop.cancel(one, { when: 'now' }),
        await shop.cancel(one, { when: 'period_end' }),
        await shop.cancel(one, { when: 'now' }, { as: 'staff' }),
        await shop.reactivate(one),
        await shop.update(one, { autoRenew: false }),
        await shop.update(one, { autoRenew: true }),
        await shop.unschedule(one),
        await shop.extend(one, { until: '2027-01-01T00:00:00Z', reason: 'x' }),
        await shop.preview(one, { priceId: 'premium-month' }),
        await shop.change(one, { priceId: 'premium-month' }),
        await shop.change(one, { priceId: 'premium-month' }, { as: 'staff' }),
        await shop.renew(one, {}),
      ])
        expect(answer).toMatchObject({ status: 409, code: 'conflict', body: { detail: managed } })
    expect((await get(account)).body).toMatchObject({ status: 'active', autoRenew: true, cancelAtPeriodEnd: false })
  })

  it('409 to buy or try a plan beside it', async () => {
    const account = await brought('i-beside')
    const call = { account, body: { priceId: 'premium-month' } }
    expect((await invoke(createCheckout, checkoutRun, deps, call)).code).toBe('conflict')
    expect((await shop.trial(account, { priceId: 'pro-month' })).code).toBe('conflict')
  })

  it('staff give a plan over it: it is canceled here', async () => {
    const account = await brought('i-gift')
    const { id } = (await get(account)).body
    await all.grantPlan({ account, body: { priceId: 'premium-month', replace: true, reason: 'a gift' } })
    expect((await get(account)).body).toMatchObject({ planId: 'premium', complimentary: true, managedBy: null })
    expect((await shop.list('', undefined, { as: 'staff', query: { status: 'canceled' } })).body.data).toContainEqual(
      expect.objectContaining({ id, managedBy: 'razorpay' }),
    )
  })
})
