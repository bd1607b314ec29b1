import { describe, expect, it } from 'vitest'
import type { Account } from '#domain/account'
import { MoreIsDue } from '#domain/accountWallet'
import { couponAmounts } from '#domain/coupon'
import { type CheckoutInput, planCheckout } from '#domain/orderCheckout'
import type { PurchaseRequest } from '#domain/orderPurchase'
import type { Payment } from '#domain/payment'
import { afterFact } from '#domain/paymentFact'
import type { SettlementInput } from '#domain/settlement'
import { planSettlement } from '#domain/settlement'
import { compareCapture, type ObservedPayment } from '#domain/settlementCompare'
import { windowAt } from '#domain/time'
import { maxGrants } from '#domain/walletState'
import { viewWallet } from '#domain/walletView'
import {
  accountOf,
  at,
  catalogueOf,
  checkedOut,
  checkoutInput,
  ids,
  ordered,
  payId,
  paymentOf,
  provided,
  rowOf,
  rowsOf,
  seenOf,
  settle,
  settlementInput,
  termsOfPrice,
  walletOf,
} from './paymentSupport.ts'

const example = catalogueOf('example')
const resume = catalogueOf('resume-ats')
const chat = catalogueOf('ai-chat')
const bought = (request: PurchaseRequest, catalogue = example, over: Partial<CheckoutInput> = {}) =>
  checkedOut(checkoutInput(catalogue, { request, ...over })).payment
const live: Partial<Account> = { subscriptionId: 'sub_0' }
const now = at + 60_000

describe('what is compared', () => {
  it.each<[string, Partial<ObservedPayment>, string[]]>([
    ['nothing differs', {}, []],
    ['a paisa less', { amountMinor: 99_999 }, ['amount']],
    ['a paisa more', { amountMinor: 100_001 }, ['amount']],
    ['the same number in another currency', { currency: 'USD' }, ['currency']],
    ['another order', { providerOrderId: 'order_other' }, ['order']],
    ['another reference', { reference: 'fpay_other' }, ['order']],
    ['neither order nor reference', { providerOrderId: undefined, reference: undefined }, ['order']],
    ['the reference alone', { providerOrderId: undefined }, []],
    ['the order alone', { reference: undefined }, []],
    ['a test payment on a live order', { mode: 'live' }, ['mode']],
    ['a provider that tells no mode', { mode: 'unknown' }, []],
    ['another provider', { provider: 'stripe' }, ['provider']],
    ['several', { amountMinor: 1, currency: 'USD', mode: 'live' }, ['amount', 'currency', 'mode']],
  ])('%s', (_, over, expected) => {
    const payment = paymentOf()
    expect(compareCapture(payment, seenOf(payment, over))).toEqual(expected)
    if (expected.length === 0) return
    const plan = settle(settlementInput(example, payment, { seen: seenOf(payment, over) }))
    expect([plan.as, plan.next.status, plan.next.flags]).toEqual(['held', 'review', [...expected].sort()])
    expect(rowsOf(plan.writes)).toEqual(['payment', 'charge', 'notice'])
  })

  it('finds an order whose creation timed out by our reference, and keeps its id', () => {
    const { providerOrderId: _none, ...unknown } = paymentOf()
    const seen = seenOf(paymentOf())
    expect(settle(settlementInput(example, unknown, { seen })).next).toMatchObject({
      providerOrderId: ordered,
      status: 'completed',
    })
  })
})

describe('a plan', () => {
  const payment = bought({ priceId: 'pro-month' }, resume)

  it('starts at settlement: subscription, snapshot, allowance, count, history, invoice, notices, in one list', () => {
    const plan = settle(settlementInput(resume, payment))
    expect(rowsOf(plan.writes)).toEqual([
      'payment',
      'charge',
      'account',
      'subscription',
      'wallet',
      'priceCount',
      'history',
      'notice',
      'invoice',
      'notice',
    ])
    expect(plan.next).toMatchObject({
      status: 'completed',
      capturedMinor: 14_900,
      ver: 2,
      settled: { at: now, as: 'granted', providerPaymentId: provided, reference: 'sub_1' },
    })
    expect(rowOf(plan.writes, 'charge')).toMatchObject({
      provider: 'razorpay',
      providerPaymentId: provided,
      paymentId: payId,
    })
    const end = Date.parse('2026-02-28T10:01:00Z')
    expect(rowOf(plan.writes, 'subscription')).toMatchObject({
      seenVer: 0,
      next: {
        id: 'sub_1',
        status: 'active',
        anchor: now,
        periodStart: now,
        periodEnd: end,
        autoRenew: false,
        paidMinor: 14_900,
      },
    })
    expect(rowOf(plan.writes, 'account')).toMatchObject({
      seenVer: 1,
      next: {
        ver: 2,
        subscriptionId: 'sub_1',
        currency: 'INR',
        accessEnd: end,
        plan: { planId: 'pro', catalogueVersion: 1 },
        period: { start: now, end },
      },
    })
    expect(rowOf(plan.writes, 'history').next).toMatchObject({
      kind: 'new',
      planId: 'pro',
      previousPlanId: 'free',
      paymentId: payId,
    })
    expect(rowOf(plan.writes, 'invoice').next).toMatchObject({ totalMinor: 14_900, paymentId: payId })
    expect(rowOf(plan.writes, 'priceCount')).toMatchObject({ priceId: 'pro-month', by: 1 })
  })

  it('renews itself, with three days of grace, when a method was saved', () => {
    const { writes } = settle(settlementInput(resume, payment, { savedMethod: { id: 'pmt_1', mandate: false } }))
    const { next } = rowOf(writes, 'subscription')
    expect(next.autoRenew).toBe(true)
    expect(rowOf(writes, 'account').next.accessEnd).toBe((next.periodEnd ?? 0) + 72 * 3_600_000)
  })

  it.each(['one-time', 'lifetime'])('%s has no end, and nothing to renew', (priceId) => {
    const { writes } = settle(
      settlementInput(resume, bought({ priceId }, resume), { savedMethod: { id: 'pmt_1', mandate: false } }),
    )
    expect(rowOf(writes, 'subscription').next).toMatchObject({ periodEnd: null, autoRenew: false })
    expect(rowOf(writes, 'account').next).not.toHaveProperty('accessEnd')
  })

  it("counts its period in the account's zone", () => {
    const account = accountOf(resume, { zones: [{ zone: 'Asia/Kolkata', from: 0 }] })
    const late = Date.parse('2026-01-30T20:00:00Z')
    const { writes } = settle(settlementInput(resume, payment, { account, wallet: walletOf(resume, account) }), late)
    // 31 January, 01:30 in Kolkata; the month's last day is the 28th there.
    expect(rowOf(writes, 'subscription').next.periodEnd).toBe(Date.parse('2026-02-27T20:00:00Z'))
  })

  it('replaces the included credits at once', () => {
    const subscriber = bought({ priceId: 'subscriber-month' }, chat)
    const { writes } = settle(settlementInput(chat, subscriber))
    const { change, seenVersion } = rowOf(writes, 'wallet')
    expect([viewWallet(change.wallet, now, windowAt).balance, seenVersion]).toEqual([1000, 1])
    expect(change.entries.map(({ type, amount }) => [type, amount])).toEqual([
      ['expire', -20],
      ['grant', 1000],
    ])
  })

  it('refuses other terms than those of its checkout', () => {
    const terms = { ...termsOfPrice(resume, 'pro-month'), catalogueVersion: 2 }
    expect(() => settle(settlementInput(resume, payment, { terms }))).toThrow('terms of its checkout')
  })

  it('carries the coupon to its renewals', () => {
    const coupon = { code: 'HALF', percentOff: 50, duration: { periods: 3 } }
    const catalogue = { ...resume, catalogue: { ...resume.catalogue, coupons: [coupon] } }
    const halved = bought({ priceId: 'pro-month', couponCode: 'half' }, catalogue)
    const { next } = rowOf(settle(settlementInput(catalogue, halved)).writes, 'subscription')
    expect(next).toMatchObject({ paidMinor: 7450, coupon: { code: 'HALF', periodsLeft: 2 } })
    expect(next.coupon && couponAmounts(next.coupon, [14_900])).toEqual([7450])
  })
})

describe('credits', () => {
  const payment = bought({ productId: 'pack-500', quantity: 2 })

  it('are granted with the expiry of the pack, guarded by the payment', () => {
    const plan = settle(settlementInput(example, payment))
    expect(rowsOf(plan.writes)).toEqual(['payment', 'charge', 'wallet', 'account', 'notice', 'invoice', 'notice'])
    const { change } = rowOf(plan.writes, 'wallet')
    expect(change.wallet.grants).toContainEqual(
      expect.objectContaining({ amount: 1000, source: 'purchase', expiresAt: Date.parse('2027-01-31T10:01:00Z') }),
    )
    expect(plan.next.settled?.reference).toBe(change.wallet.grants.find(({ source }) => source === 'purchase')?.id)
    expect(rowOf(plan.writes, 'account').next.currency).toBe('USD')
  })

  it('are the same entry whoever settles: a second write of it cannot pass', () => {
    const guards = [now, now + 5000].map((when) => {
      const { change } = rowOf(settle(settlementInput(example, payment), when).writes, 'wallet')
      return change.entries.find(({ type, reference }) => type === 'grant' && reference === payId)?.guard
    })
    expect(guards[0]).toBeDefined()
    expect(guards[1]).toEqual(guards[0])
  })

  it('are never refused, with the wallet full of grants either', () => {
    const account = accountOf(example)
    const wallet = walletOf(example, account)
    const end = Date.parse('2027-01-31T10:01:00Z')
    const grants = Array.from({ length: maxGrants }, (_, n) => ({
      id: `grn_${n}`,
      amount: 1,
      remaining: 1,
      expiresAt: end,
      priority: 0,
      source: 'purchase' as const,
    }))
    const full = { ...wallet, allowance: null, grants, balance: maxGrants }
    const { change } = rowOf(settle(settlementInput(example, payment, { account, wallet: full })).writes, 'wallet')
    expect([change.wallet.grants.length, change.wallet.balance]).toEqual([maxGrants, maxGrants + 1000])
  })

  it('leave an account alone whose currency is fixed', () => {
    const account = accountOf(example, { currency: 'USD', hasPaid: true })
    expect(rowsOf(settle(settlementInput(example, payment, { account })).writes)).not.toContain('account')
  })
})

describe('an item', () => {
  const payment = bought({ productId: 'guide' })
  it('is a purchase', () => {
    const { writes } = settle(settlementInput(example, payment))
    expect(rowOf(writes, 'purchase')).toMatchObject({
      seenVer: 0,
      next: { id: ids.purchase, productId: 'guide', amountMinor: 700 },
    })
  })
  it('of a visitor fixes no currency and needs no wallet', () => {
    const account = accountOf(example, { id: 'anon_1' })
    const visitors = { ...bought({ productId: 'guide' }, example, { account }), accountId: 'anon_1' }
    const { writes } = settle(settlementInput(example, visitors, { account, wallet: undefined }))
    expect(rowsOf(writes)).toEqual(['payment', 'charge', 'purchase', 'invoice', 'notice'])
  })
  it('that costs nothing is settled without a provider, once', () => {
    const manual = { id: 'm', accountId: 'acc_1', percentOff: 100, reason: 'Gift', expiresAt: at + 9, ver: 1 }
    const plan = planCheckout(checkoutInput(example, { request: { productId: 'guide' }, manual: [manual] }), at)
    if (plan.kind !== 'free') throw new Error(plan.kind)
    const input = settlementInput(example, plan.payment)
    const settled = settle(input, at)
    expect(settled.next).toMatchObject({ status: 'completed', amountMinor: 0, provider: null, ver: 1 })
    expect(rowsOf(settled.writes)).toEqual(['payment', 'purchase', 'invoice', 'notice'])
    expect(rowOf(settled.writes, 'payment').seenVer).toBe(0)
    expect(planSettlement({ ...input, payment: settled.next }, at)).toEqual({ kind: 'repeated', payment: settled.next })
    expect(() => planSettlement({ ...input, payment: paymentOf(), seen: null }, at)).toThrow('needs the provider')
  })
})

describe('money whose effect is no longer lawful', () => {
  const plan = bought({ priceId: 'team-month' })
  const pack = bought({ productId: 'pack-500' })
  const expired = (one = plan) => afterFact(one, { kind: 'expired', at }, at)

  it.each<[string, typeof plan, Partial<Account>, string]>([
    ['another order gave a live subscription', plan, live, 'already_subscribed'],
    ['a plan granted by staff is live', plan, { ...live, complimentary: true }, 'already_subscribed'],
    ['the order had expired', expired(), {}, 'order_expired'],
    ["a pack's order had expired", expired(pack), {}, 'order_expired'],
    ['the currency was fixed meanwhile', pack, { currency: 'EUR' }, 'other_currency'],
  ])('becomes account credit and goes to review: %s', (_, payment, over, reason) => {
    const settled = settle(settlementInput(example, payment, { account: accountOf(example, over) }))
    expect([settled.as, settled.next.status, settled.next.flags]).toEqual(['account_credit', 'review', [reason]])
    expect(rowsOf(settled.writes)).toEqual(['payment', 'charge', 'credit', 'notice'])
    expect(rowOf(settled.writes, 'credit').change).toMatchObject({
      next: { balanceMinor: payment.amountMinor, currency: 'USD', ver: 1 },
      entry: { id: `paid_in:${provided}`, cause: 'paid_in' },
    })
    expect(rowOf(settled.writes, 'notice')).toMatchObject({ kind: 'payment.review', data: { reasons: reason } })
  })

  it('is lawful again at the instant the other subscription is over', () => {
    const account = accountOf(example, { ...live, accessEnd: now })
    expect(settle(settlementInput(example, plan, { account })).as).toBe('granted')
    expect(settle(settlementInput(example, plan, { account: { ...account, accessEnd: now + 1 } })).as).toBe(
      'account_credit',
    )
  })

  it('of a failed order is lawful: late authorisation', () => {
    const failed = afterFact(plan, { kind: 'failed', at }, at)
    expect(settle(settlementInput(example, failed)).next.status).toBe('completed')
  })

  it('is only held for a visitor, for an account that is gone, and when it went back already', () => {
    const visitors = { ...expired(bought({ productId: 'guide' })), accountId: 'anon_1' }
    const anonymous = accountOf(example, { id: 'anon_1' })
    const inputs = [
      settlementInput(example, visitors, { account: anonymous }),
      settlementInput(example, plan, { account: undefined }),
      settlementInput(example, plan, { seen: seenOf(plan, { refundedMinor: 1 }) }),
      settlementInput(example, plan, { seen: seenOf(plan, { status: 'refunded', refundedMinor: plan.amountMinor }) }),
    ]
    const settled = inputs.map((input) => settle(input))
    expect(settled.map(({ as, next }) => [as, next.status])).toEqual([
      ['held', 'review'],
      ['held', 'review'],
      ['held', 'review'],
      ['held', 'refunded'],
    ])
  })

  it('is held when a refund of it, done or on its way, was told before it was', () => {
    const asAfter = (state: 'pending' | 'processed' | 'failed') => {
      const refund = {
        kind: 'refund' as const,
        providerPaymentId: provided,
        providerRefundId: 'rfnd_1',
        amountMinor: 1,
      }
      const told = afterFact(plan, { ...refund, state }, now)
      return settle(settlementInput(example, told)).as
    }
    expect([asAfter('pending'), asAfter('processed'), asAfter('failed')]).toEqual(['held', 'held', 'granted'])
  })
})

describe('once', () => {
  const payment = bought({ productId: 'pack-500' })
  const first = settle(settlementInput(example, payment))

  it('the same provider payment settles nothing again, whoever announces it', () => {
    const again = settlementInput(example, first.next, { seen: seenOf(payment, { at: now + 9 }) })
    expect(planSettlement(again, now + 10)).toEqual({ kind: 'repeated', payment: first.next })
  })

  it('a payment that was read before its wallet was settled is decided anew: it is no refusal', () => {
    const wallet = { ...rowOf(first.writes, 'wallet').change.wallet, version: 2 }
    expect(() => settle(settlementInput(example, payment, { wallet }))).toThrow(MoreIsDue)
  })

  it('an altered amount of a settled payment grants nothing', () => {
    const again = settlementInput(example, first.next, { seen: seenOf(payment, { amountMinor: 1 }) })
    expect(planSettlement(again, now)).toEqual({ kind: 'repeated', payment: first.next })
  })

  it('a refund that the provider tells of with it is recorded', () => {
    const again = settlementInput(example, first.next, { seen: seenOf(payment, { refundedMinor: 100 }) })
    expect(planSettlement(again, now)).toMatchObject({
      kind: 'repeated',
      plan: { kind: 'moved', to: 'partially_refunded', next: { refundedMinor: 100 } },
    })
  })

  it('a second provider payment on the order is credited, and reviewed; the first keeps its effect', () => {
    const seen = seenOf(payment, { providerPaymentId: 'pay_2' })
    const second = settle(settlementInput(example, first.next, { seen }))
    expect([second.as, second.next.status, second.next.settled]).toEqual([
      'account_credit',
      'review',
      first.next.settled,
    ])
    expect(second.next.flags).toEqual(['second_charge'])
    expect(rowsOf(second.writes)).not.toContain('wallet')
    expect(rowOf(second.writes, 'charge').providerPaymentId).toBe('pay_2')
  })

  it('the right payment after a wrong one has its effect', () => {
    const wrong = settle(
      settlementInput(example, payment, { seen: seenOf(payment, { amountMinor: 1, providerPaymentId: 'pay_0' }) }),
    )
    const right = settle(settlementInput(example, wrong.next, { seen: seenOf(payment) }))
    expect([right.as, right.next.status, right.next.settled?.providerPaymentId]).toEqual([
      'granted',
      'review',
      provided,
    ])
  })
})

describe('money that is not in', () => {
  const payment = paymentOf()
  const plan = (over: Partial<ObservedPayment>, one = payment) =>
    planSettlement(settlementInput(example, one, { seen: seenOf(payment, over) }), now)

  it.each<[ObservedPayment['status'], string]>([
    ['failed', 'failed'],
    ['processing', 'processing'],
  ])('%s moves the payment alone', (status, to) => {
    expect(plan({ status })).toMatchObject({ kind: 'waiting', plan: { kind: 'moved', to } })
  })
  it("keeps the provider's reason", () => {
    const failure = { code: 'BAD_REQUEST_ERROR', reason: 'payment_cancelled' }
    expect(plan({ status: 'failed', failure })).toMatchObject({ plan: { next: { attempt: failure } } })
  })
  it('created says nothing', () => {
    expect(plan({ status: 'created' })).toEqual({ kind: 'waiting', plan: { kind: 'ignored', reason: 'repeated' } })
  })
  it('abandoned says nothing before anybody has tried, and ends the attempt that was under way', () => {
    const nothing = { kind: 'waiting', plan: { kind: 'ignored', reason: 'repeated' } }
    expect(plan({ status: 'abandoned' })).toEqual(nothing)
    const tried = afterFact(payment, { kind: 'processing', at: now - 1, providerPaymentId: provided }, now - 1)
    expect(plan({ status: 'abandoned', providerPaymentId: 'pay_other' }, tried)).toEqual(nothing)
    const dropped = plan({ status: 'abandoned' }, tried)
    expect(dropped).toMatchObject({ plan: { kind: 'moved', to: 'failed', next: { attempt: { code: 'abandoned' } } } })
    if (dropped.kind !== 'waiting' || dropped.plan.kind !== 'moved') throw new Error('it was not dropped')
    expect(plan({ status: 'abandoned' }, dropped.plan.next)).toEqual(nothing)
    expect(settle(settlementInput(example, dropped.plan.next, { seen: seenOf(payment) })).next.status).toBe('completed')
  })
  it('abandoned ends the charge of a saved method, which no customer has to come for', () => {
    const charged = { ...payment, method: { id: 'pmt_1' } }
    expect(plan({ status: 'abandoned' }, charged)).toMatchObject({ plan: { kind: 'moved', to: 'failed' } })
  })
  it('an approval is waited for as long as the order lives', () => {
    const tried = afterFact(payment, { kind: 'processing', at: now - 1 }, now - 1)
    const paused = (one: typeof tried) =>
      planSettlement(settlementInput(example, one, { seen: seenOf(one, { status: 'paused' }) }), now)
    expect(paused({ ...tried, expiresAt: now + 1 })).toMatchObject({ plan: { kind: 'ignored' } })
    expect(paused({ ...tried, expiresAt: now })).toMatchObject({
      plan: { kind: 'moved', to: 'failed', next: { attempt: { code: 'authentication_required' } } },
    })
  })
  const overtaken = { kind: 'unlawful', reason: 'overtaken' } as const
  it.each<[string, Partial<Payment>, Partial<SettlementInput>]>([
    ['its order has expired', { progress: 'expired', status: 'expired' }, {}],
    ['its account is gone', {}, { account: undefined }],
    ['its account pays in another currency', {}, { account: accountOf(example, { currency: 'USD' }) }],
    ['what it renews has moved on', {}, { other: overtaken }],
    ['others have what it held', { released: true, holds: { manualDiscountId: 'dsc_1' } }, {}],
  ])('authorized is left to lapse when %s, unless its capture was begun', (_, over, input) => {
    const payment = { ...paymentOf(), ...over }
    const authorized = (paid: Payment) =>
      planSettlement({ ...settlementInput(example, paid, input), seen: seenOf(paid, { status: 'authorized' }) }, at)
    expect(authorized(payment)).toEqual({ kind: 'withheld', differences: [] })
    const attempt = { state: 'authorized' as const, at, providerPaymentId: provided }
    expect(authorized({ ...payment, attempt }).kind).toBe('capture')
    expect(authorized({ ...payment, attempt: { ...attempt, providerPaymentId: 'pay_0' } }).kind).toBe('withheld')
  })

  it('authorized is to be captured, when it is ours', () => {
    expect(plan({ status: 'authorized' })).toMatchObject({ kind: 'capture', plan: { to: 'processing' } })
    expect(plan({ status: 'authorized', amountMinor: 1 })).toEqual({ kind: 'withheld', differences: ['amount'] })
    const paid = settle(settlementInput(example, payment)).next
    expect(plan({ status: 'authorized', providerPaymentId: 'pay_2' }, paid)).toEqual({
      kind: 'withheld',
      differences: [],
    })
  })
})
