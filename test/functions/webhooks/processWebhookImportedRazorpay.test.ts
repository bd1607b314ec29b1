import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { priceCountKey } from '#table/keys'
import { takeSent } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { live } from '#test/support/renewals'
import { begin, deliver, hashOf, stored, work } from '#test/support/webhooks'
import { end, first, importedOf, next, now, razorpay, renewed, second, start } from './importedSupport.ts'

const deps = await testDeps({ product: 'resume-ats', now })
afterAll(() => deps.stop())
const { brought, get, hear, linesOf, noticesOf, ours, seen } = importedOf(deps)
beforeEach(() => begin(deps, now))

describe('processWebhook of a subscription that Razorpay renews', () => {
  it('charged: the next period, its line with the money, a notice; no payment of ours and nothing in review', async () => {
    const account = await brought('r-charged', 'razorpay', 'sub_RCharged')
    deps.clock.set(renewed)
    const event = razorpay('subscription.charged', 'sub_RCharged', 'active', { pay: 'pay_RCharged' })
    expect(await hear('razorpay', event)).toMatchObject({ status: 'processed', accountId: account })
    expect(await seen(account)).toEqual(second)
    expect((await linesOf(account))[0]).toEqual({
      ...{ kind: 'renewal', amount: 99_900, currency: 'INR', provider: 'razorpay', providerPaymentId: 'pay_RCharged' },
      ...{ paymentId: null, endedAt: next },
    })
    expect(await noticesOf(account)).toEqual(['subscription.renewed'])
    expect(await ours(account)).toEqual([])
    expect(deps.metrics).toEqual([])
  })

  it('the other events of that charge wait for no payment of ours', async () => {
    const account = await brought('r-others', 'razorpay', 'sub_ROthers')
    deps.clock.set(renewed)
    const charged = JSON.parse(razorpay('subscription.charged', 'sub_ROthers', 'active', { pay: 'pay_ROthers' }))
    const { payment } = charged.payload
    const order = {
      entity: { id: 'order_pay_ROthers', amount: 99_900, currency: 'INR', status: 'paid', receipt: null },
    }
    const invoice = { entity: { id: 'inv_pay_ROthers', subscription_id: 'sub_ROthers', status: 'paid' } }
    const told = (event: string, payload: object) => JSON.stringify({ ...charged, event, payload })
    for (const body of [
      told('payment.authorized', { payment: { entity: { ...payment.entity, status: 'authorized' } } }),
      told('payment.captured', { payment }),
      told('order.paid', { payment, order }),
    ])
      expect(await hear('razorpay', body)).toMatchObject({
        status: 'ignored',
        lastError: 'provider_cycle',
        attempts: 0,
      })
    expect(await hear('razorpay', told('invoice.paid', { payment, order, invoice }))).toMatchObject({
      status: 'processed',
    })
    expect(await seen(account)).toEqual({ ...first, status: 'past_due' })
    expect(await linesOf(account)).toHaveLength(1)
    await hear('razorpay', JSON.stringify(charged))
    expect(await seen(account)).toEqual(second)
    expect(await linesOf(account)).toHaveLength(2)
    expect(deps.metrics).toEqual([])
  })

  it('pending and halted: overdue to the end of grace, then over; paid after all, it is taken up again', async () => {
    const account = await brought('r-halted', 'razorpay', 'sub_RHalted')
    const counted = async () => Number((await deps.table.get(priceCountKey('pro-month')))?.live)
    const before = await counted()
    deps.clock.set(renewed)
    await hear('razorpay', razorpay('subscription.pending', 'sub_RHalted', 'pending'))
    expect(await seen(account)).toEqual({ ...first, status: 'past_due' })
    expect(await noticesOf(account)).toEqual(['subscription.renewal_failed'])
    await hear('razorpay', razorpay('subscription.halted', 'sub_RHalted', 'halted', { at: '2026-03-23T09:00:00.000Z' }))
    await live(deps, '2026-03-23T10:00:00.000Z')
    expect(await seen(account)).toMatchObject({ status: 'expired', activePlanId: 'free' })
    expect(await counted()).toBe(before - 1)
    deps.clock.set('2026-03-25T10:00:00.000Z')
    const paid = { at: '2026-03-25T09:59:00.000Z', pay: 'pay_RHalted' }
    await hear('razorpay', razorpay('subscription.charged', 'sub_RHalted', 'active', paid))
    expect(await seen(account)).toEqual(second)
    expect(await counted()).toBe(before)
    expect((await linesOf(account)).map(({ kind }) => kind).sort()).toEqual(['expire', 'import', 'renewal'])
    expect(await ours(account)).toEqual([])
  })

  it('cancelled: over at Razorpay’s instant; news from before or after moves nothing', async () => {
    const account = await brought('r-cancelled', 'razorpay', 'sub_RCancelled')
    const at = '2026-03-12T08:00:00.000Z'
    deps.clock.set('2026-03-12T08:00:30.000Z')
    const cancelled = razorpay('subscription.cancelled', 'sub_RCancelled', 'cancelled', { at, span: [start, end] })
    expect(await hear('razorpay', cancelled)).toMatchObject({ status: 'processed' })
    expect((await get(account)).body).toMatchObject({ status: 'canceled', endedAt: at, activePlanId: 'free' })
    await hear(
      'razorpay',
      razorpay('subscription.resumed', 'sub_RCancelled', 'active', { at: now, span: [start, end] }),
    )
    await hear('razorpay', razorpay('subscription.updated', 'sub_RCancelled', 'active', { at: renewed }))
    expect((await get(account)).body).toMatchObject({ status: 'canceled', endedAt: at, currentPeriodEnd: end })
  })

  it('completed: the last period is paid and goes on to its end, without grace', async () => {
    const account = await brought('r-completed', 'razorpay', 'sub_RCompleted')
    deps.clock.set(renewed)
    const last = razorpay('subscription.completed', 'sub_RCompleted', 'completed', { pay: 'pay_RCompleted' })
    await hear('razorpay', last)
    expect(await seen(account)).toEqual({ ...second, autoRenew: false })
    await live(deps, next)
    expect((await get(account)).body).toMatchObject({ status: 'expired', endedAt: next, activePlanId: 'free' })
  })

  it('the same event twice at once, and once more: one period, one line', async () => {
    const account = await brought('r-twice', 'razorpay', 'sub_RTwice')
    deps.clock.set(renewed)
    const event = razorpay('subscription.charged', 'sub_RTwice', 'active', { pay: 'pay_RTwice' })
    await deliver(deps, 'razorpay', event)
    const [message] = takeSent(deps, 'webhook')
    expect(await Promise.all([1, 2, 3].map(() => work(deps, [message])))).toEqual([[], [], []])
    // Another event of the same charge.
    await hear('razorpay', razorpay('subscription.activated', 'sub_RTwice', 'active', { pay: 'pay_RTwice' }))
    expect(await seen(account)).toEqual(second)
    expect((await linesOf(account)).map(({ kind }) => kind)).toEqual(['renewal', 'import'])
    expect((await noticesOf(account)).filter((kind) => kind === 'subscription.renewed')).toHaveLength(1)
    expect(await stored(deps, 'razorpay', hashOf(event))).toMatchObject({ status: 'processed' })
  })

  it('one that nobody brought over is ignored; an unborn state says nothing', async () => {
    const strange = razorpay('subscription.charged', 'sub_RStrange', 'active', { pay: 'pay_RStrange' })
    expect(await hear('razorpay', strange)).toMatchObject({ status: 'ignored', lastError: 'not_imported' })
    const account = await brought('r-born', 'razorpay', 'sub_RBorn')
    const born = razorpay('subscription.authenticated', 'sub_RBorn', 'authenticated', { at: now, span: [] })
    expect(await hear('razorpay', born)).toMatchObject({ status: 'processed', accountId: account })
    expect(await seen(account)).toEqual(first)
  })
})
