import { afterAll, describe, expect, it } from 'vitest'
import { run as deleteRun } from '#functions/payments/deletePaymentMethod'
import { run as defaultRun } from '#functions/payments/setDefaultPaymentMethod'
import type { ChargeRequest } from '#gateways/gateway'
import { deletePaymentMethod, setDefaultPaymentMethod } from '#operations/paymentHistory'
import { savedMethods } from '#runtime/savedMethod'
import { listPayments } from '#table/payments'
import { latestSubscription } from '#table/subscriptions'
import { outboxRows } from '#test/support/calls'
import { invoke } from '#test/support/deps'
import { providerThat } from '#test/support/payments'
import { live, sweep } from '#test/support/renewals'
import { deliver, told, work } from '#test/support/webhooks'
import { card, save } from '../payments/methodSupport.ts'
import { shopD } from './support.ts'

/** Cards at Razorpay, which are mandates: announced a day before, debited once a cycle. */
const shop = await shopD('razorpay')
afterAll(() => shop.stop())
const { deps, buying, cancel, change, get, reactivate, renew, settle } = shop
const start = deps.clock.now()
const end = Date.parse('2026-07-01T00:00:00.000Z')
const hourMs = 3_600_000

async function subscriber(account: string) {
  deps.clock.set(start)
  await buying.buy(account, { priceId: 'pro-month' }, { saveMethod: true })
  const [method] = await savedMethods(deps, account)
  return { account, own: method?.id ?? '' }
}
const forget = (account: string, paymentMethodId: string) =>
  invoke(deletePaymentMethod, deleteRun, deps, { account, params: { paymentMethodId } })
const choose = (account: string, paymentMethodId: string) =>
  invoke(setDefaultPaymentMethod, defaultRun, deps, { account, params: { paymentMethodId } })
const present = (account: string) => latestSubscription(deps.table, account)
const renewals = async (account: string) =>
  (await listPayments(deps.table, account, { limit: 20 })).payments
    .filter(({ type }) => type === 'renewal')
    .map(({ status, createdAt }) => [status, (createdAt - end) / hourMs])

describe('a mandate in the place of another', () => {
  it('is charged 48 hours ahead, also where it came after the first was deleted', async () => {
    const { account, own } = await subscriber('m-replaced')
    await forget(account, own)
    expect(await present(account)).toMatchObject({ autoRenew: true })
    const next = await save(deps, account, card('token_next'), 'razorpay')
    await choose(account, next.id)
    expect(await present(account)).toMatchObject({ autoRenew: true, method: { id: next.id, mandate: true } })
    await live(deps, end - 48 * hourMs)
    expect((await renewals(account)).map(([, at]) => at)).toEqual([-48])
  })
})

describe('a debit', () => {
  it('is announced a day before, however late it begins', async () => {
    const { account } = await subscriber('m-late')
    await cancel(account, { when: 'period_end' })
    const asked: ChargeRequest[] = []
    const by = await providerThat(deps, (real) => ({
      chargeMethod: async (charge) => {
        asked.push(charge)
        return real.chargeMethod(charge)
      },
    }))
    deps.clock.set(end - 6 * hourMs)
    await reactivate(account)
    await sweep(by)
    expect(asked.map(({ notice }) => ((notice?.debitAfter ?? 0) - end) / hourMs)).toEqual([19])
    expect(await renewals(account)).toEqual([['processing', -6]])
    await live(deps, end + 12 * hourMs)
    shop.bench.fakes.tick()
    await live(deps, end + 48 * hourMs)
    expect(await present(account)).toMatchObject({ status: 'active', periodStart: end })
  })
})

describe('a debit that is announced', () => {
  it('pays its period also when the last card is deleted meanwhile', async () => {
    const { account, own } = await subscriber('m-deleted')
    await live(deps, end - 40 * hourMs)
    expect(await renewals(account)).toEqual([['processing', -48]])
    await forget(account, own)
    deps.clock.set(end + 12 * hourMs)
    shop.bench.fakes.tick()
    await live(deps, end + 13 * hourMs)
    expect(await renewals(account)).toEqual([['completed', -48]])
    expect(await present(account)).toMatchObject({ status: 'active', periodStart: end, autoRenew: true })
  })
})

describe('a debit that fails', () => {
  it('is told by the sweep after its event, hours before the next look: the customer pays by hand', async () => {
    deps.clock.set(start)
    const account = 'm-fails'
    await buying.buy(account, { priceId: 'pro-month' }, { saveMethod: true, card: 'declines_later' })
    await live(deps, end - hourMs)
    expect(await renewals(account)).toEqual([['processing', -48]])
    expect((await renew(account, {})).code).toBe('conflict')
    deps.clock.set(end + hourMs)
    shop.bench.fakes.tick()
    const [failure = ''] = told(shop.bench.fakes, 'razorpay', 'payment.failed')
    await deliver(deps, 'razorpay', failure)
    expect(await work(deps)).toEqual([])
    await sweep(deps)
    expect(await renewals(account)).toEqual([['failed', -48]])
    const notices = (await outboxRows(deps)).filter(({ accountId }) => accountId === account)
    expect(notices.map(({ kind }) => kind)).toContain('subscription.renewal_failed')
    expect(await present(account)).toMatchObject({ status: 'past_due', retry: { nextAt: null } })
    await settle(account, (await renew(account, {})).body.payment)
    expect((await get(account)).body).toMatchObject({ status: 'active', paidUntil: '2026-08-01T00:00:00.000Z' })
  })
})

describe('a change that a mandate is to pay', () => {
  it.each([
    [48 * hourMs, 200],
    [48 * hourMs - 1, 409],
  ])('with %i ms of the period left: %i', async (left, status) => {
    const { account, own } = await subscriber(`m-change-${status}`)
    deps.clock.set(end - left)
    const answer = await change(account, { priceId: 'premium-month', paymentMethodId: own })
    expect(answer.status).toBe(status)
    // On the page it is paid at once.
    if (status === 409)
      expect((await change(account, { priceId: 'premium-month' })).body.status).toBe('payment_required')
  })
})
