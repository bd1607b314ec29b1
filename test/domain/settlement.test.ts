import { describe, expect, it } from 'vitest'
import type { Account } from '#domain/account'
import { MoreIsDue } from '#domain/accountWallet'
import type { Payment } from '#domain/payment'
import { afterFact } from '#domain/paymentFact'
import { planSettlement, type SettlementInput } from '#domain/settlement'
import { compareCapture, type ObservedPayment } from '#domain/settlementCompare'
import {
  accountOf,
  at,
  bought,
  catalogueOf,
  ordered,
  paymentOf,
  provided,
  rowOf,
  rowsOf,
  seenOf,
  settle,
  settlementInput,
} from './paymentSupport.ts'

const example = catalogueOf('example')
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
