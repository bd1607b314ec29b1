import { afterAll, describe, expect, it } from 'vitest'
import { run as addRun } from '#functions/payments/addPaymentMethod'
import { run as deleteRun } from '#functions/payments/deletePaymentMethod'
import { run as defaultRun } from '#functions/payments/setDefaultPaymentMethod'
import { addPaymentMethod, deletePaymentMethod, setDefaultPaymentMethod } from '#operations/paymentHistory'
import { savedMethods } from '#runtime/savedMethod'
import { withCredit } from '#test/support/accountCredit'
import { outboxRows } from '#test/support/calls'
import { invoke } from '#test/support/deps'
import { live } from '#test/support/renewals'
import { card, save } from '../payments/methodSupport.ts'
import { shopD } from './support.ts'

/** Cards at Stripe. What a customer does decides what renews: nothing ends in silence that nobody asked to end. */
const shop = await shopD()
afterAll(() => shop.stop())
const { all, buying, cancel, change, deps, get, history, renew, settle, trial } = shop
const start = deps.clock.now()
const end = Date.parse('2026-07-01T00:00:00.000Z')
const trialEnd = Date.parse('2026-06-15T00:00:00.000Z')
const hourMs = 3_600_000

async function made(account: string) {
  deps.clock.set(start)
  await all.putAccount({ account, body: { email: `${account}@example.com` } })
  return account
}
async function bought(account: string, body: Record<string, unknown> = {}, options = {}) {
  await buying.buy(await made(account), { priceId: 'pro-month', ...body }, options)
  return account
}
/** Through the provider's page, as a customer does. */
async function add(account: string) {
  const { body } = await invoke(addPaymentMethod, addRun, deps, { account, body: { provider: 'stripe' } })
  const returned = buying.pay('stripe', body.providerOrderId ?? '', { saveMethod: true })
  await buying.verify(account, { paymentId: body.paymentId, ...returned })
  const [method] = await savedMethods(deps, account)
  return method?.id ?? ''
}
const forget = (account: string, paymentMethodId: string) =>
  invoke(deletePaymentMethod, deleteRun, deps, { account, params: { paymentMethodId } })
const choose = (account: string, paymentMethodId: string) =>
  invoke(setDefaultPaymentMethod, defaultRun, deps, { account, params: { paymentMethodId } })
const present = async (account: string) => {
  const { status, autoRenew, paymentMethodId, cancelAtPeriodEnd } = (await get(account)).body
  return { status, autoRenew, paymentMethodId, cancelAtPeriodEnd }
}
const renewing = { autoRenew: true, cancelAtPeriodEnd: false }
const told = async (account: string, kind: string) =>
  (await outboxRows(deps)).filter((row) => row.accountId === account && row.kind === kind)

describe('a plan whose only card was deleted', () => {
  /** Another card than the one that is added later: that one would be the deleted one again. */
  const bare = async (account: string) => {
    await bought(account, {}, { saveMethod: true, card: 'refund_fails' })
    await forget(account, (await present(account)).paymentMethodId ?? '')
    expect(await present(account)).toEqual({ status: 'active', paymentMethodId: null, ...renewing })
    return account
  }

  it('is overdue at its end, its customer is told, and it is over with its grace', async () => {
    const account = await bare('k-bare')
    await live(deps, end - hourMs)
    expect(await told(account, 'subscription.reminder')).toMatchObject([{ data: { renews: 'no' } }])
    await live(deps, end)
    expect(await present(account)).toMatchObject({ status: 'past_due', ...renewing })
    expect(await told(account, 'subscription.renewal_failed')).toMatchObject([{ data: { attempt: 1 } }])
    await live(deps, end + 72 * hourMs)
    expect((await get(account)).body).toMatchObject({ status: 'expired', canceledAt: null, activePlanId: 'free' })
  })

  it('is charged at its end with a card that was added before', async () => {
    const account = await bare('k-again')
    const paymentMethodId = await add(account)
    expect(await present(account)).toEqual({ status: 'active', paymentMethodId, ...renewing })
    await live(deps, end)
    expect((await get(account)).body).toMatchObject({ status: 'active', paidUntil: '2026-08-01T00:00:00.000Z' })
  })

  it('is charged in its grace with a card that was added then', async () => {
    const account = await bare('k-late')
    await live(deps, end + hourMs)
    await add(account)
    await live(deps, end + 24 * hourMs)
    expect((await get(account)).body).toMatchObject({ status: 'active', paidUntil: '2026-08-01T00:00:00.000Z' })
  })
})

describe('a trial without a card', () => {
  it('renews with the card that is added during it', async () => {
    const account = await made('k-trial')
    await trial(account, { priceId: 'pro-month' })
    const paymentMethodId = await add(account)
    expect(await present(account)).toEqual({ status: 'trialing', paymentMethodId, ...renewing })
    await live(deps, trialEnd)
    expect((await get(account)).body).toMatchObject({ status: 'active', paidUntil: '2026-07-15T00:00:00.000Z' })
  })

  it('renews with the card that is made the default; one that was cancelled does not', async () => {
    for (const [account, isCanceled] of [
      ['k-default', false],
      ['k-canceled', true],
    ] as const) {
      await trial(await made(account), { priceId: 'pro-month' })
      if (isCanceled) await cancel(account, { when: 'period_end' })
      await choose(account, (await save(deps, account, card(`pm_${account}`))).id)
      expect(await present(account)).toMatchObject({ autoRenew: !isCanceled, cancelAtPeriodEnd: isCanceled })
    }
  })
})

describe('a trial that is begun with a card on file', () => {
  it('renews with the default, or with the card that is named', async () => {
    const account = await made('k-file')
    const [first, second] = [await save(deps, account, card('pm_f1')), await save(deps, account, card('pm_f2'))]
    const { body } = await trial(account, { priceId: 'pro-month' })
    expect(body).toMatchObject({ status: 'trialing', paymentMethodId: first.id, ...renewing })
    const other = await made('k-named')
    await save(deps, other, card('pm_n1'))
    const named = await save(deps, other, card('pm_n2'))
    expect(second.isDefault).toBe(false)
    expect((await trial(other, { priceId: 'pro-month', paymentMethodId: named.id })).body).toMatchObject({
      paymentMethodId: named.id,
      ...renewing,
    })
  })
})

describe('a purchase with nothing to pay', () => {
  it.each([
    ['a coupon', 'k-gift', { couponCode: 'GIFT' }, 0],
    ['account credit', 'k-credit', {}, 20_000],
  ])('renews with the card that was named, and by itself with none: %s', async (_what, id, body, creditMinor) => {
    for (const isNamed of [true, false]) {
      const account = await made(`${id}-${isNamed}`)
      if (creditMinor > 0) await withCredit(deps, account, 'INR', creditMinor)
      const { id: paymentMethodId } = await save(deps, account, card(`pm_${account}`))
      const payment = await buying.buy(account, { priceId: 'pro-month', ...body, ...(isNamed && { paymentMethodId }) })
      expect(payment).toMatchObject({ amountMinor: 0, status: 'completed' })
      expect(await present(account)).toMatchObject({
        status: 'active',
        autoRenew: isNamed,
        paymentMethodId: isNamed ? paymentMethodId : null,
      })
      // Nothing was paid with it.
      expect((await history(account)).body.data).toMatchObject([{ kind: 'new', methodLabel: null }])
    }
  })

  it('is renewed by what pays first: an upgrade', async () => {
    const account = await bought('k-up', { couponCode: 'GIFT' })
    expect(await present(account)).toMatchObject({ autoRenew: false })
    await settle(account, (await change(account, { priceId: 'premium-month' })).body.payment)
    const after = await present(account)
    expect(after).toMatchObject({ status: 'active', ...renewing })
    expect(after.paymentMethodId).toMatch(/^pmt_/)
  })

  it('is renewed by what pays first: a renewal by hand', async () => {
    const account = await bought('k-hand', { couponCode: 'GIFT' })
    await settle(account, (await renew(account, {})).body.payment)
    expect(await present(account)).toMatchObject({ status: 'active', ...renewing })
  })

  it('is another thing than a purchase without keeping a card, which is left as it was', async () => {
    const account = await bought('k-unkept', { saveMethod: false })
    await add(account)
    expect(await present(account)).toMatchObject({ autoRenew: false })
    await settle(account, (await change(account, { priceId: 'premium-month' })).body.payment)
    expect(await present(account)).toMatchObject({ autoRenew: false, cancelAtPeriodEnd: false })
  })
})

describe('a renewal that failed', () => {
  it('renews with the card that paid it by hand from then on', async () => {
    const account = await bought('k-dunned', {}, { saveMethod: true, card: 'declines_later' })
    const { paymentMethodId: failing } = await present(account)
    await live(deps, end + hourMs)
    expect(await present(account)).toEqual({ status: 'past_due', paymentMethodId: failing, ...renewing })
    await settle(account, (await renew(account, {})).body.payment)
    const after = await present(account)
    expect(after).toMatchObject({ status: 'active', ...renewing })
    expect(after.paymentMethodId).not.toBe(failing)
    await live(deps, '2026-08-01T00:00:00.000Z')
    expect((await get(account)).body).toMatchObject({ status: 'active', paidUntil: '2026-09-01T00:00:00.000Z' })
  })
})
