import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { testDeps } from '#test/support/deps'
import { begin, stripeEvent } from '#test/support/webhooks'
import { end, first, importedOf, next, now, renewed, second, seconds, start } from './importedSupport.ts'

const deps = await testDeps({ product: 'resume-ats', now })
afterAll(() => deps.stop())
const { brought, get, hear, linesOf, noticesOf, ours, seen } = importedOf(deps)
beforeEach(() => begin(deps, now))

/** Since API version 2025-03-31 the period is on the items, and an invoice names its subscription under its parent. */
const stripeSubscription = (id: string, status: string, over: { span?: [string, string]; ends?: boolean } = {}) => {
  const { span = [end, next], ends = false } = over
  const item = { id: 'si_1', current_period_start: seconds(span[0]), current_period_end: seconds(span[1]) }
  return { id, object: 'subscription', status, customer: 'cus_1', cancel_at_period_end: ends, items: { data: [item] } }
}
const stripeInvoice = (id: string, subscription: string, status: string) => ({
  ...{
    id,
    object: 'invoice',
    currency: 'inr',
    status,
    amount_due: 14_900,
    amount_paid: status === 'paid' ? 14_900 : 0,
  },
  ...{ period_start: seconds(start), period_end: seconds(end) },
  parent: { subscription_details: { subscription } },
  lines: { data: [{ period: { start: seconds(end), end: seconds(next) } }] },
})
const stripe = (id: string, type: string, object: object, at = renewed) =>
  stripeEvent(id, type, object, { created: seconds(at) })

describe('processWebhook of a subscription that Stripe renews', () => {
  it.each([
    ['the period, then its money', 0, 1],
    ['the money, then the period', 1, 0],
  ])('%s: one period, one line with what was paid', async (_, ...order) => {
    const id = `sub_S${order.join('')}`
    const account = await brought(`s-paid-${order.join('')}`, 'stripe', id)
    deps.clock.set(renewed)
    const bodies = [
      stripe(`evt_${id}_period`, 'customer.subscription.updated', stripeSubscription(id, 'active')),
      stripe(`evt_${id}_money`, 'invoice.paid', stripeInvoice(`in_${id}`, id, 'paid')),
    ]
    await hear('stripe', ...order.map((at) => bodies[at] ?? ''))
    expect(await seen(account)).toEqual(second)
    expect(await linesOf(account)).toMatchObject([
      {
        kind: 'renewal',
        amount: 14_900,
        currency: 'INR',
        provider: 'stripe',
        providerPaymentId: `in_${id}`,
        endedAt: next,
      },
      { kind: 'import' },
    ])
    expect(await ours(account)).toEqual([])
  })

  it('payment_failed: overdue in the period that has begun; late news of before changes nothing; then deleted', async () => {
    const account = await brought('s-failed', 'stripe', 'sub_SFailed')
    deps.clock.set('2026-03-20T12:00:00.000Z')
    const later = '2026-03-20T11:05:00.000Z'
    await hear(
      'stripe',
      stripe('evt_f1', 'customer.subscription.updated', stripeSubscription('sub_SFailed', 'active')),
      stripe('evt_f2', 'invoice.payment_failed', stripeInvoice('in_SFailed', 'sub_SFailed', 'open'), later),
      stripe('evt_f3', 'customer.subscription.updated', stripeSubscription('sub_SFailed', 'past_due'), later),
      stripe(
        'evt_f4',
        'customer.subscription.updated',
        stripeSubscription('sub_SFailed', 'active'),
        '2026-03-20T10:06:00.000Z',
      ),
    )
    expect(await seen(account)).toEqual({ ...second, status: 'past_due' })
    expect(await noticesOf(account)).toEqual(['subscription.renewal_failed'])
    const deleted = '2026-03-20T11:59:00.000Z'
    await hear(
      'stripe',
      stripe('evt_f5', 'customer.subscription.deleted', stripeSubscription('sub_SFailed', 'canceled'), deleted),
    )
    expect((await get(account)).body).toMatchObject({ status: 'canceled', endedAt: deleted, activePlanId: 'free' })
    await hear(
      'stripe',
      stripe(
        'evt_f6',
        'customer.subscription.updated',
        stripeSubscription('sub_SFailed', 'active'),
        '2026-03-20T12:00:00.000Z',
      ),
    )
    expect((await get(account)).body).toMatchObject({ status: 'canceled', endedAt: deleted })
  })

  it('to end with its period: shown as such', async () => {
    const account = await brought('s-ends', 'stripe', 'sub_SEnds')
    const object = stripeSubscription('sub_SEnds', 'active', { span: [start, end], ends: true })
    await hear('stripe', stripe('evt_ends', 'customer.subscription.updated', object, now))
    expect(await seen(account)).toEqual({ ...first, autoRenew: false, cancelAtPeriodEnd: true })
  })
})
