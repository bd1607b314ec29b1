import { createHash } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { PaymentProvider } from '#domain/moneyCharge'
import { run as eraseRun } from '#functions/accounts/eraseAccount'
import { run as exportRun } from '#functions/accounts/exportAccount'
import { run as comparePaymentsRun } from '#functions/payments/comparePayments'
import { eraseAccount, exportAccount } from '#operations/accountData'
import { comparePayments } from '#operations/payments'
import { handleJob } from '#runtime/job'
import { priceCountKey, providerSubscriptionKey } from '#table/keys'
import { listPayments } from '#table/payments'
import { latestSubscription } from '#table/subscriptions'
import { callsOf, outboxRows, takeSent } from '#test/support/calls'
import { invoke, testDeps } from '#test/support/deps'
import { live, sweep } from '#test/support/renewals'
import { deliver, scripted, stored, stripeEvent, work } from '#test/support/webhooks'
import { subscribingOf } from '../subscriptions/support.ts'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ product: 'resume-ats', now })
afterAll(() => deps.stop())
const all = callsOf(deps)
const { bringOver, get, history } = subscribingOf(deps)
beforeEach(() => {
  deps.clock.set(now)
  takeSent(deps, 'webhook')
  deps.metrics.length = 0
  deps.logged.length = 0
})

const hashOf = (body: string) => createHash('sha256').update(body).digest('hex')
const seconds = (iso: string) => Date.parse(iso) / 1000
const start = '2026-02-20T10:00:00.000Z'
const end = '2026-03-20T10:00:00.000Z'
const next = '2026-04-20T10:00:00.000Z'
/** When the second period has just begun. */
const renewed = '2026-03-20T10:05:00.000Z'

async function brought(account: string, provider: PaymentProvider, id: string) {
  await all.putAccount({ account, body: { email: 'a@example.com' } })
  const body = {
    provider,
    providerSubscriptionId: id,
    priceId: 'pro-month',
    currentPeriodStart: start,
    currentPeriodEnd: end,
  }
  expect(await bringOver(account, body)).toMatchObject({ status: 201 })
  return account
}
/** Delivers and works off each; answers what became of the last. */
async function hear(provider: PaymentProvider, ...bodies: string[]) {
  for (const body of bodies) {
    await deliver(deps, provider, body)
    expect(await work(deps)).toEqual([])
  }
  const last = bodies.at(-1) ?? ''
  return stored(deps, provider, provider === 'stripe' ? JSON.parse(last).id : hashOf(last))
}
const seen = async (account: string) => {
  const { body } = await get(account)
  const { status, currentPeriodStart, currentPeriodEnd, autoRenew, cancelAtPeriodEnd, activePlanId } = body
  return { status, period: [currentPeriodStart, currentPeriodEnd], autoRenew, cancelAtPeriodEnd, activePlanId }
}
const first = { status: 'active', period: [start, end], autoRenew: true, cancelAtPeriodEnd: false, activePlanId: 'pro' }
const second = { ...first, period: [end, next] }
const linesOf = async (account: string) =>
  (await history(account)).body.data.map(
    ({ kind, amount, currency, provider, providerPaymentId, paymentId, endedAt }) => ({
      ...{ kind, amount, currency, provider, providerPaymentId, paymentId, endedAt },
    }),
  )
const ours = async (account: string) => (await listPayments(deps.table, account, { limit: 10 })).payments
/** In no order: an outbox promises none. */
const noticesOf = async (account: string) =>
  (await outboxRows(deps)).filter(({ accountId }) => accountId === account).map(({ kind }) => kind)

/** As in Razorpay's documentation: the payment names no subscription, `captured` is a text. */
const razorpay = (
  event: string,
  id: string,
  status: string,
  over: { at?: string; span?: [string, string] | []; pay?: string } = {},
) => {
  const { at = renewed, span = [end, next], pay } = over
  const entity = {
    ...{ id, entity: 'subscription', plan_id: 'plan_BvrFKjSxauOH7N', customer_id: 'cust_C0WlbKhp3aLA7W', status },
    ...{ current_start: span[0] ? seconds(span[0]) : null, current_end: span[1] ? seconds(span[1]) : null },
    ...{ ended_at: null, quantity: 1, notes: [], has_scheduled_changes: false, total_count: 12, paid_count: 2 },
  }
  const payment = {
    ...{ id: pay, entity: 'payment', amount: 99_900, currency: 'INR', status: 'captured', order_id: `order_${pay}` },
    ...{ invoice_id: `inv_${pay}`, method: 'card', amount_refunded: 0, refund_status: null, captured: '1', notes: [] },
    ...{ created_at: seconds(at) },
  }
  const contains = pay === undefined ? ['subscription'] : ['subscription', 'payment']
  const payload = { subscription: { entity }, ...(pay !== undefined && { payment: { entity: payment } }) }
  return JSON.stringify({ entity: 'event', account_id: 'acc_1', event, contains, payload, created_at: seconds(at) })
}

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

/** As in Paystack's documentation: `created_at` is the subscription's, and only an invoice tells a period. */
const paystack = (event: string, code: string, over: object = {}) =>
  JSON.stringify({
    event,
    data: {
      ...{
        domain: 'test',
        status: 'active',
        subscription_code: code,
        amount: 1_490_000,
        cron_expression: '0 10 20 * *',
      },
      ...{ next_payment_date: end, open_invoice: null, created_at: '2025-11-20T10:00:00.000Z' },
      customer: { customer_code: 'CUS_xnxdt6s1zg1f4nx', email: 'a@example.com' },
      ...over,
    },
  })
const paystackInvoice = (event: string, code: string, over: object = {}) =>
  JSON.stringify({
    event,
    data: {
      ...{ domain: 'test', invoice_code: `INV_${code.slice(4)}`, amount: 1_490_000, status: 'success', paid: true },
      ...{ period_start: end, period_end: '2026-04-19T23:59:59.000Z', created_at: '2026-03-17T10:00:00.000Z' },
      subscription: { status: 'active', subscription_code: code, next_payment_date: next, open_invoice: null },
      customer: { customer_code: 'CUS_xnxdt6s1zg1f4nx' },
      transaction: { reference: `ref${code}`, status: 'success', amount: 1_490_000, currency: 'NGN' },
      ...over,
    },
  })

describe('processWebhook of a subscription that Paystack renews', () => {
  it('invoice.update: paid, the next period and its line; the invoice before it and the charge say nothing', async () => {
    const account = await brought('p-paid', 'paystack', 'SUB_Paid')
    await hear('paystack', paystack('subscription.create', 'SUB_Paid'))
    deps.clock.set('2026-03-17T10:00:00.000Z')
    const waiting = { paid: false, status: 'pending', transaction: {} }
    expect(await hear('paystack', paystackInvoice('invoice.create', 'SUB_Paid', waiting))).toMatchObject({
      status: 'processed',
    })
    expect(await seen(account)).toEqual(first)
    deps.clock.set(renewed)
    const charge = JSON.stringify({
      event: 'charge.success',
      data: {
        ...{
          id: 302_961,
          domain: 'test',
          status: 'success',
          reference: 'refSUB_Paid',
          amount: 1_490_000,
          currency: 'NGN',
        },
        ...{ metadata: 0, plan: { id: 67_572, name: 'Pro', plan_code: 'PLN_gx2wn530m0i3w3m', interval: 'monthly' } },
      },
    })
    expect(await hear('paystack', charge)).toMatchObject({ status: 'ignored', lastError: 'provider_cycle' })
    await hear('paystack', paystackInvoice('invoice.update', 'SUB_Paid'))
    expect(await seen(account)).toEqual(second)
    expect((await linesOf(account))[0]).toEqual({
      ...{
        kind: 'renewal',
        amount: 1_490_000,
        currency: 'NGN',
        provider: 'paystack',
        providerPaymentId: 'refSUB_Paid',
      },
      ...{ paymentId: null, endedAt: next },
    })
    expect(await ours(account)).toEqual([])
    expect(deps.metrics).toEqual([])
  })

  it('invoice.payment_failed: overdue, by the time of its receipt', async () => {
    const account = await brought('p-failed', 'paystack', 'SUB_Failed')
    deps.clock.set(renewed)
    const failed = { paid: false, status: 'pending', period_end: '2026-03-19T23:59:59.000Z', transaction: {} }
    await hear('paystack', paystackInvoice('invoice.payment_failed', 'SUB_Failed', failed))
    expect(await seen(account)).toEqual({ ...first, status: 'past_due' })
    expect(await noticesOf(account)).toEqual(['subscription.renewal_failed'])
    deps.clock.advance(3_600_000)
    await hear('paystack', paystackInvoice('invoice.update', 'SUB_Failed'))
    expect(await seen(account)).toEqual(second)
  })

  it('not_renew, taken back, said again, then disable at its end', async () => {
    const account = await brought('p-ends', 'paystack', 'SUB_Ends')
    const asked = { status: 'non-renewing', next_payment_date: null }
    const ending = { ...first, autoRenew: false, cancelAtPeriodEnd: true }
    await hear('paystack', paystack('subscription.not_renew', 'SUB_Ends', asked))
    expect(await seen(account)).toEqual(ending)
    expect(await noticesOf(account)).toEqual(['subscription.cancel_scheduled'])
    deps.clock.advance(1_000)
    await hear('paystack', paystack('subscription.enable', 'SUB_Ends'))
    expect(await seen(account)).toEqual(first)
    deps.clock.advance(1_000)
    await hear('paystack', paystack('subscription.not_renew', 'SUB_Ends', { ...asked, open_invoice: 'INV_1' }))
    expect(await seen(account)).toEqual(ending)
    deps.clock.set(renewed)
    await hear(
      'paystack',
      paystack('subscription.disable', 'SUB_Ends', { status: 'cancelled', next_payment_date: next }),
    )
    expect((await get(account)).body).toMatchObject({ status: 'canceled', endedAt: renewed, currentPeriodEnd: end })
  })

  it('disable of one that is complete: to the end of what is paid', async () => {
    const account = await brought('p-complete', 'paystack', 'SUB_Complete')
    await hear(
      'paystack',
      paystack('subscription.disable', 'SUB_Complete', { status: 'complete', next_payment_date: next }),
    )
    expect(await seen(account)).toEqual({ ...first, autoRenew: false })
    deps.clock.set(end)
    await sweep(deps)
    expect((await get(account)).body).toMatchObject({ status: 'expired', endedAt: end })
  })
})

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

describe('beside what is followed', () => {
  it('a plan that staff gave over it stays; that its provider still renews it is told', async () => {
    const account = await brought('o-gift', 'razorpay', 'sub_OGift')
    await all.grantPlan({ account, body: { priceId: 'premium-month', replace: true, reason: 'a gift' } })
    deps.clock.set(renewed)
    await hear('razorpay', razorpay('subscription.charged', 'sub_OGift', 'active', { pay: 'pay_OGift' }))
    expect((await get(account)).body).toMatchObject({ planId: 'premium', complimentary: true })
    expect(deps.logged).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'a provider renews a subscription that is over here' }),
    )
    expect((await linesOf(account)).map(({ kind }) => kind)).toContain('renewal')
  })

  it('an export shows whose it is and how it was brought over; an erasure takes the provider’s customer, and nothing follows', async () => {
    const account = 'o-erased'
    await all.putAccount({ account, body: { email: 'a@example.com' } })
    const body = {
      ...{ provider: 'razorpay', providerSubscriptionId: 'sub_OErased', priceId: 'pro-month' },
      ...{ currentPeriodStart: start, currentPeriodEnd: end, gatewayCustomerId: 'cust_personal' },
    }
    await bringOver(account, body)
    const told = (await invoke(exportAccount, exportRun, deps, { account })).body
    expect(told.subscriptions).toMatchObject([
      {
        ...{ managedBy: 'provider', provider: 'razorpay', providerSubscriptionId: 'sub_OErased' },
        gatewayCustomerId: 'cust_personal',
      },
    ])
    const erase = () => invoke(eraseAccount, eraseRun, deps, { account })
    expect((await erase()).code).toBe('conflict')
    await hear(
      'razorpay',
      razorpay('subscription.cancelled', 'sub_OErased', 'cancelled', { at: now, span: [start, end] }),
    )
    expect((await erase()).status).toBe(200)
    expect(JSON.stringify(await latestSubscription(deps.table, account))).not.toContain('cust_personal')
    expect(await deps.table.get(providerSubscriptionKey('razorpay', 'sub_OErased'))).toMatchObject({
      accountId: account,
    })
    const late = razorpay('subscription.charged', 'sub_OErased', 'active', { pay: 'pay_OErased' })
    expect(await hear('razorpay', late)).toMatchObject({ status: 'ignored', lastError: 'account_erased' })
  })

  it('money of a provider’s own cycle is no difference of the day; any other that nobody made is', async () => {
    const { gateway } = await deps.payments()
    const one = gateway('razorpay').parseWebhook(
      new TextEncoder().encode(
        JSON.stringify({
          event: 'payment.captured',
          payload: { payment: JSON.parse(razorpay('x', 'sub_X', 'active', { pay: 'pay_X' })).payload.payment },
        }),
      ),
      {},
    )
    if (one.about.type !== 'payment') throw new Error('no payment')
    const { payment } = one.about
    const { isOwnCycle: _theirs, ...stranger } = payment
    const listing = scripted(deps, 'razorpay', {
      async *listPayments() {
        yield payment
        yield { ...stranger, providerPaymentId: 'pay_stranger' }
      },
    })
    const on = {
      ...listing,
      payments: async () => ({ ...(await listing.payments()), turnedOn: ['razorpay'] as const }),
    }
    expect(await handleJob(comparePayments, comparePaymentsRun, on, { scheduledAt: '2026-03-21T03:00:00Z' })).toEqual({
      // The same list, whichever of the four days is asked for.
      ...{ compared: 8, settled: 0, unreadable: 0, differing: 4 },
    })
  })
})
