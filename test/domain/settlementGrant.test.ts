import { describe, expect, it } from 'vitest'
import { couponAmounts } from '#domain/coupon'
import { planCheckout } from '#domain/orderCheckout'
import { planSettlement, type SettlementInput } from '#domain/settlement'
import { windowAt } from '#domain/time'
import { maxGrants } from '#domain/walletState'
import { viewWallet } from '#domain/walletView'
import {
  accountOf,
  at,
  bought,
  catalogueOf,
  checkoutInput,
  ids,
  payId,
  paymentOf,
  provided,
  rowOf,
  rowsOf,
  settle,
  settlementInput,
  termsOfPrice,
  walletOf,
} from './paymentSupport.ts'

const example = catalogueOf('example')
const resume = catalogueOf('resume-ats')
const chat = catalogueOf('ai-chat')
const now = at + 60_000

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

  it('with nothing to pay renews with the method that was named, which has paid nothing', () => {
    const coupon = { code: 'GIFT', percentOff: 100, duration: 'once' as const }
    const catalogue = { ...resume, catalogue: { ...resume.catalogue, coupons: [coupon] } }
    const gift = bought({ priceId: 'pro-month', couponCode: 'GIFT' }, catalogue)
    const method = { id: 'pmt_1', mandate: false }
    const free = (over: Partial<SettlementInput>) =>
      settle(settlementInput(catalogue, gift, { seen: null, ...over })).writes
    const writes = free({ savedMethod: method })
    expect(rowOf(writes, 'subscription').next).toMatchObject({ paidMinor: 0, autoRenew: true, method })
    expect(rowOf(writes, 'history').next).not.toHaveProperty('methodId')
    expect(rowOf(free({}), 'subscription').next).toMatchObject({ paidMinor: 0, autoRenew: false })
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
  const visitors = (over: Partial<SettlementInput> = {}) => {
    const account = accountOf(example, { id: 'anon_1' })
    const own = { ...bought({ productId: 'guide' }, example, { account }), accountId: 'anon_1' }
    return settlementInput(example, own, { account, wallet: undefined, ...over })
  }
  it('of a visitor fixes no currency and needs no wallet', () => {
    const { writes } = settle(visitors())
    expect(rowsOf(writes)).toEqual(['payment', 'charge', 'claim', 'purchase', 'invoice', 'notice'])
    expect(rowOf(writes, 'claim')).toEqual({ row: 'claim', visitor: 'anon_1' })
  })
  it('of a visitor whose session was claimed lies with the claimer, and the visitor’s row says where', () => {
    const { writes, next } = settle(visitors({ claimedBy: 'acc_9' }))
    expect(rowsOf(writes)).toEqual(['payment', 'charge', 'claim', 'purchase', 'purchase', 'invoice', 'notice'])
    expect(rowOf(writes, 'claim')).toEqual({ row: 'claim', visitor: 'anon_1', by: 'acc_9' })
    const purchases = writes.flatMap((write) => (write.row === 'purchase' ? [write] : []))
    expect(purchases).toMatchObject([
      { seenVer: 0, next: { id: ids.purchase, accountId: 'acc_9', ver: 1 } },
      { seenVer: 0, next: { id: ids.purchase, accountId: 'anon_1', claimedBy: 'acc_9', ver: 1 } },
    ])
    expect(purchases[0]?.next.claimedBy).toBeUndefined()
    expect(next).toMatchObject({ accountId: 'anon_1', settled: { as: 'granted', reference: ids.purchase } })
  })
  it('of a visitor is held when whoever claimed the session is gone', () => {
    const plan = settle(visitors({ claimedBy: 'acc_9', account: undefined }))
    expect(plan).toMatchObject({ as: 'held', next: { status: 'review', flags: ['no_account'] } })
    expect(rowsOf(plan.writes)).toEqual(['payment', 'charge', 'notice'])
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
