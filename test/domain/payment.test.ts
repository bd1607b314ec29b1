import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import {
  isInFlight,
  isPaymentId,
  maxCharges,
  maxDisputes,
  maxRefunds,
  type Payment,
  paymentId,
  paymentStatuses,
  paymentTime,
} from '#domain/payment'
import { maxClaimed, planClaim } from '#domain/paymentClaim'
import { afterFact, type PaymentFact, planPaymentFact } from '#domain/paymentFact'
import { summaryOf } from '#domain/paymentFilter'
import {
  assertTransition,
  creditedCurrencies,
  lostMinorOf,
  noCreditIn,
  refundableMinorOf,
  transitions,
} from '#domain/paymentState'
import { paymentView } from '#domain/paymentView'
import type { Purchase } from '#domain/paymentWrite'
import { anyFact, authorized, captured, dispute, expired, failed, processing, refund, total } from './paymentFacts.ts'
import { at, payId, paymentOf, provided } from './paymentSupport.ts'

const after = (...facts: PaymentFact[]): Payment =>
  facts.reduce((payment, fact) => afterFact(payment, fact, at + 100), paymentOf())

describe('ids', () => {
  it('begin with fpay_, carry their time and sort by it', () => {
    expect(payId).toMatch(/^fpay_[0-9A-HJKMNP-TV-Z]{26}$/)
    expect(paymentTime(payId)).toBe(at)
    expect(paymentId(at + 1, '0'.repeat(16)) > payId).toBe(true)
  })
  it.each(['', 'pay_DESoU0U4ikYA19', 'fpay_', 'fpay_1', payId.slice(1), `${payId}0`, payId.toLowerCase()])(
    '%j is none',
    (id) => expect(isPaymentId(id)).toBe(false),
  )
})

describe('the status', () => {
  it.each<[string, PaymentFact[], string]>([
    ['starts pending', [], 'pending'],
    ['processing', [processing], 'processing'],
    ['authorised is not paid', [authorized], 'processing'],
    ['failed', [failed], 'failed'],
    ['a bank debit that fails', [processing, failed], 'failed'],
    ['failed → completed: late authorisation', [failed, captured()], 'completed'],
    ['a failed order whose time is over', [failed, expired], 'failed'],
    ['its failure heard of late', [expired, failed], 'failed'],
    ['expired → completed: later still', [expired, captured()], 'completed'],
    ['a late failure changes nothing', [captured(), failed], 'completed'],
    ['a late expiry changes nothing', [captured(), expired], 'completed'],
    ['a late authorisation changes nothing', [captured(), authorized], 'completed'],
    ['a failed order that is tried again stays failed until it is paid', [failed, authorized], 'failed'],
    ['another amount', [captured({ differences: ['amount'] })], 'review'],
    ['an effect that is no longer lawful', [captured({ unlawful: 'already_subscribed' })], 'review'],
    ['paid twice', [captured(), captured({ providerPaymentId: 'pay_2' })], 'review'],
    ['a refund under way', [captured(), refund('r1', 400, 'pending')], 'completed'],
    ['a part refund', [captured(), refund('r1', 99_999, 'processed')], 'partially_refunded'],
    ['a whole refund', [captured(), refund('r1', 100_000, 'processed')], 'refunded'],
    [
      'part refunds that add up',
      [captured(), refund('r1', 99_999, 'processed'), refund('r2', 1, 'processed')],
      'refunded',
    ],
    ['a running total alone', [captured(), total(99_999)], 'partially_refunded'],
    ['a whole running total', [captured(), total(100_000)], 'refunded'],
    ['a refund heard of before its payment', [refund('r1', 10, 'processed'), captured()], 'partially_refunded'],
    ['a refund of a payment that was never captured', [refund('r1', 10, 'processed')], 'pending'],
    [
      'a refund that fails after it was done',
      [captured(), refund('r1', 9, 'processed'), refund('r1', 9, 'failed')],
      'completed',
    ],
    ['disputed', [captured(), dispute('open')], 'disputed'],
    ['a dispute won', [captured(), dispute('open'), dispute('won')], 'completed'],
    ['a dispute lost', [captured(), dispute('open'), dispute('lost')], 'disputed'],
    ['an "open" that comes after the outcome', [captured(), dispute('won'), dispute('open', at + 99)], 'completed'],
    ['won on appeal', [captured(), dispute('lost'), dispute('won', at + 10)], 'completed'],
    [
      'a dispute won after a part refund',
      [captured(), total(5), dispute('open'), dispute('won')],
      'partially_refunded',
    ],
    ['a review that ends by a whole refund', [captured({ differences: ['amount'] }), total(100_000)], 'refunded'],
    [
      'a review that staff end',
      [
        captured({ unlawful: 'order_expired' }),
        { kind: 'resolved', providerPaymentId: provided, as: 'kept', at: at + 20 },
      ],
      'completed',
    ],
  ])('%s', (_, facts, status) => expect(after(...facts).status).toBe(status))

  it('counts a refund once, whether it comes alone, in the running total or in both', () => {
    expect(after(captured(), refund('r1', 30, 'processed'), total(30)).refundedMinor).toBe(30)
    expect(
      after(captured(), total(30), refund('r1', 30, 'processed'), refund('r2', 20, 'processed')).refundedMinor,
    ).toBe(50)
    expect(after(captured(), total(30), refund('r1', 30, 'processed'), refund('r1', 30, 'failed')).refundedMinor).toBe(
      0,
    )
    expect(after(captured(), total(500_000)).refundedMinor).toBe(100_000)
  })

  const outside = (
    providerRefundId: string | undefined,
    state: 'pending' | 'processed' | 'failed',
    amountMinor = 30,
  ): PaymentFact => ({
    ...{ kind: 'refund', providerPaymentId: provided, amountMinor, state },
    ...(providerRefundId !== undefined && { providerRefundId }),
  })
  it.each<[string, PaymentFact[], refunded: number, known: number]>([
    ['without a name, then by its id', [outside(undefined, 'processed'), outside('p1', 'processed')], 30, 1],
    ['without a name, then by its id, late', [outside(undefined, 'processed'), outside('p1', 'pending')], 30, 1],
    ['by its id, then without a name', [outside('p1', 'processed'), outside(undefined, 'processed')], 30, 1],
    [
      'two, the first without a name',
      [outside(undefined, 'processed'), outside('p1', 'processed'), outside('p2', 'processed')],
      60,
      2,
    ],
    ['one of ours is another one', [outside(undefined, 'processed'), refund('r1', 30, 'processed')], 60, 2],
    [
      'one of ours that failed is another one',
      [
        refund('r1', 30, 'failed', { providerRefundId: 'p0' }),
        outside('p1', 'processed'),
        outside(undefined, 'processed'),
      ],
      30,
      2,
    ],
    ['one of another amount is another one', [outside(undefined, 'processed'), outside('p1', 'processed', 31)], 61, 2],
    ['that failed after all', [outside(undefined, 'processed'), outside('p1', 'failed')], 0, 1],
  ])('counts a refund made outside once, told %s', (_, facts, refundedMinor, known) => {
    const payment = after(captured(), ...facts)
    expect([payment.refundedMinor, payment.charges[0]?.refunds.length]).toEqual([refundedMinor, known])
    expect(payment.charges[0]?.refunds.filter(({ providerRefundId }) => providerRefundId === 'p1').length ?? 0).toBe(
      facts.some((fact) => 'providerRefundId' in fact && fact.providerRefundId === 'p1') ? 1 : 0,
    )
  })

  it('keeps asked-for refunds aside from what may still be refunded', () => {
    const payment = after(captured(), refund('r1', 30, 'pending'), refund('r2', 50, 'processed'))
    expect(refundableMinorOf(payment, noCreditIn)).toBe(99_920)
    expect(refundableMinorOf(afterFact(payment, refund('r1', 30, 'failed'), at), noCreditIn)).toBe(99_950)
  })

  it.each<[string, PaymentFact[], lost: number, refundable: number]>([
    ['an open dispute takes nothing', [dispute('open')], 0, 100_000],
    ['a lost one takes its amount', [dispute('lost')], 100_000, 0],
    ['a lost one takes what was taken', [dispute('lost', at + 9, { takenMinor: 400 })], 400, 99_600],
    ['one that is won after all takes nothing', [dispute('lost'), dispute('won', at + 10)], 0, 100_000],
    ['an older win gives nothing back', [dispute('lost'), dispute('won', at + 8)], 100_000, 0],
    ['of one instant the loss holds', [dispute('won'), dispute('lost')], 100_000, 0],
    [
      'several take what they take together',
      [dispute('lost', at + 9, { amountMinor: 30_000 }), dispute('lost', at, { disputeId: 'd2', amountMinor: 20_000 })],
      50_000,
      50_000,
    ],
    [
      'several never take more than there was',
      [dispute('lost', at + 9, { amountMinor: 70_000 }), dispute('lost', at, { disputeId: 'd2', amountMinor: 70_000 })],
      100_000,
      0,
    ],
    ['what was refunded cannot be lost', [refund('r1', 30_000, 'processed'), dispute('lost')], 70_000, 0],
    ['a refund that is done beside it takes its part', [dispute('lost'), refund('r1', 30_000, 'processed')], 70_000, 0],
    [
      'a refund under way is kept aside as well',
      [refund('r1', 30_000, 'pending'), dispute('lost', at + 9, { amountMinor: 50_000 })],
      50_000,
      20_000,
    ],
    ['of the charge that it names', [dispute('lost', at + 9, { providerPaymentId: provided })], 100_000, 0],
    ['of the one that was paid, where it names none', [dispute('lost')], 100_000, 0],
    [
      'of none, where it names one that is not known yet',
      [dispute('lost', at, { providerPaymentId: 'x' })],
      0,
      100_000,
    ],
  ])('%s', (_, told, lost, refundable) => {
    const payment = after(captured(), ...told)
    expect([lostMinorOf(payment), refundableMinorOf(payment, noCreditIn)]).toEqual([lost, refundable])
    expect(payment.refundedMinor + lostMinorOf(payment)).toBeLessThanOrEqual(payment.capturedMinor)
    expect(summaryOf([payment]).spent).toEqual([{ currency: 'INR', amount: 100_000 - payment.refundedMinor - lost }])
  })

  it('of money that became account credit only what is there still is refundable', () => {
    const { charges, ...payment } = after(captured(), refund('r1', 30_000, 'processed'))
    const credited = { ...payment, charges: charges.map((charge) => ({ ...charge, as: 'account_credit' as const })) }
    const left = (balance: number) => refundableMinorOf(credited, (currency) => (currency === 'INR' ? balance : 0))
    expect([left(100_000), left(70_000), left(69_999), left(0)]).toEqual([70_000, 70_000, 69_999, 0])
    expect(creditedCurrencies(credited)).toEqual(['INR'])
    expect(creditedCurrencies({ ...payment, charges })).toEqual([])
  })

  it('joins a refund that was heard of under both of its ids', () => {
    const byProvider: PaymentFact = {
      kind: 'refund',
      providerPaymentId: provided,
      providerRefundId: 'rfnd_1',
      amountMinor: 30,
      state: 'processed',
    }
    const both = refund('r1', 30, 'pending', { providerRefundId: 'rfnd_1' })
    const payment = after(captured(), byProvider, both)
    expect(payment.charges[0]?.refunds).toEqual([
      { refundId: 'r1', providerRefundId: 'rfnd_1', amountMinor: 30, processed: true, failed: false },
    ])
    expect(payment.refundedMinor).toBe(30)
  })

  it('tells a refund without any id by its amount: ours first', () => {
    const anonymous: PaymentFact = { kind: 'refund', providerPaymentId: provided, amountMinor: 30, state: 'processed' }
    const ours = after(captured(), refund('r1', 30, 'pending'), anonymous, anonymous)
    expect([ours.refundedMinor, ours.charges[0]?.refunds.length, ours.flags]).toEqual([30, 1, []])
    const outside = after(captured(), anonymous, anonymous)
    expect([outside.refundedMinor, outside.flags]).toEqual([30, ['refunded_outside']])
  })
})

describe('a plan', () => {
  it('moves, records or ignores', () => {
    const payment = paymentOf()
    const moved = planPaymentFact(payment, captured(), at + 7)
    expect(moved).toMatchObject({
      kind: 'moved',
      from: 'pending',
      to: 'completed',
      next: { ver: 2, updatedAt: at + 7 },
    })
    const completed = afterFact(payment, captured(), at + 7)
    expect(planPaymentFact(completed, captured(), at + 8)).toEqual({ kind: 'ignored', reason: 'repeated' })
    expect(planPaymentFact(completed, failed, at + 8)).toMatchObject({
      kind: 'recorded',
      next: { status: 'completed' },
    })
    expect(planPaymentFact(afterFact(completed, failed, at), { ...failed, at: at + 1 }, at)).toEqual({
      kind: 'ignored',
      reason: 'repeated',
    })
  })

  it.each<[string, (n: number) => PaymentFact, number]>([
    ['charges', (n) => captured({ providerPaymentId: `pay_${n}` }), maxCharges],
    ['refunds', (n) => refund(`r${n}`, 1, 'pending'), maxRefunds],
    ['disputes', (n) => ({ kind: 'dispute', disputeId: `d${n}`, amountMinor: 1, state: 'open', at }), maxDisputes],
  ])('refuses more %s than a payment holds, and still knows those', (_, fact, most) => {
    const full = after(...Array.from({ length: most }, (_none, n) => fact(n)))
    expect(planPaymentFact(full, fact(most), at)).toEqual({ kind: 'ignored', reason: 'full' })
    expect(planPaymentFact(full, fact(0), at)).toEqual({ kind: 'ignored', reason: 'repeated' })
  })

  it('knows when a provider still works on it', () => {
    expect(isInFlight(after(processing))).toBe(true)
    expect(isInFlight(after(failed, { ...authorized, at: at + 3 }))).toBe(true)
    expect(isInFlight(after(authorized, { ...failed, at: at + 4 }))).toBe(false)
    expect(isInFlight(after(authorized, captured()))).toBe(false)
  })

  it('shows the failure only while it is the last word', () => {
    expect(paymentView(after(failed), noCreditIn).failure).toEqual({ code: 'BAD_REQUEST_ERROR', reason: 'declined' })
    expect(paymentView(after(failed, authorized), noCreditIn).failure).toBeNull()
    expect(paymentView(after(captured(), refund('r1', 30, 'pending')), noCreditIn)).toMatchObject({
      status: 'completed',
      refundPending: 30,
      refundable: 99_970,
      providerPaymentId: provided,
    })
  })
})

const stateOf = ({ ver: _ver, updatedAt: _at, ...state }: Payment) => state

test('any facts in any order, any number of times, lead to one state', () => {
  const disordered = fc
    .array(anyFact, { minLength: 1, maxLength: 12 })
    .chain((all) => fc.tuple(fc.constant([...new Set(all)]), fc.shuffledSubarray(all, { minLength: all.length })))
  fc.assert(
    fc.property(disordered, ([once, shuffled]) => {
      expect(stateOf(after(...shuffled))).toEqual(stateOf(after(...once)))
    }),
    { numRuns: 500 },
  )
})

test('a status moves only as the table says, and money in never goes back to none', () => {
  const open = new Set(['pending', 'processing', 'failed', 'expired'])
  fc.assert(
    fc.property(fc.array(anyFact, { maxLength: 14 }), (all) => {
      let payment = paymentOf()
      for (const fact of all) {
        const next = afterFact(payment, fact, at)
        expect(next.status === payment.status || transitions[payment.status].includes(next.status)).toBe(true)
        if (!open.has(payment.status)) expect(open.has(next.status)).toBe(false)
        expect(next.refundedMinor).toBeGreaterThanOrEqual(0)
        expect(next.refundedMinor).toBeLessThanOrEqual(Math.max(next.capturedMinor, 0))
        payment = next
      }
    }),
    { numRuns: 300 },
  )
})

test('the table refuses what it does not name', () => {
  for (const from of paymentStatuses)
    for (const to of paymentStatuses) {
      const legal = from === to || transitions[from].includes(to)
      if (legal) expect(() => assertTransition(from, to)).not.toThrow()
      else expect(() => assertTransition(from, to)).toThrow(`from ${from} to ${to}`)
    }
  expect(transitions.completed).not.toContain('pending')
  expect(transitions.failed).toContain('completed')
  expect(transitions.failed).not.toContain('processing')
})

describe('a claim', () => {
  const purchase = (id: string, accountId = 'anon_1'): Purchase => ({
    id,
    accountId,
    paymentId: payId,
    productId: 'guide',
    name: 'The guide',
    group: 'article',
    quantity: 1,
    amountMinor: 700,
    currency: 'USD',
    createdAt: at,
    ver: 3,
  })
  it('moves what the visitor bought and nobody has claimed, as new rows; the old ones say where', () => {
    const gone = { ...purchase('p3'), claimedBy: 'acc_1' }
    const plan = planClaim('anon_1', 'acc_1', [purchase('p1'), purchase('p2', 'anon_2'), gone])
    expect(plan.moved).toEqual([{ ...purchase('p1', 'acc_1'), ver: 1 }])
    expect(plan.writes).toEqual([
      { row: 'purchase', next: plan.moved[0], seenVer: 0 },
      { row: 'purchase', next: { ...purchase('p1'), claimedBy: 'acc_1', ver: 4 }, seenVer: 3 },
    ])
  })
  it('moves at most what a transaction holds', () => {
    const many = Array.from({ length: maxClaimed + 1 }, (_, n) => purchase(`p${n}`))
    expect(planClaim('anon_1', 'acc_1', many).moved).toHaveLength(maxClaimed)
  })
  it.each([
    ['acc_1', 'acc_2'],
    ['anon_1', 'anon_2'],
  ])('from %s to %s is none', (from, to) => expect(() => planClaim(from, to, [])).toThrow(RangeError))
})
