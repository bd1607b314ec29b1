import { describe, expect, it } from 'vitest'
import type { Account } from '#domain/account'
import { invoiceOf } from '#domain/invoice'
import type { Payment } from '#domain/payment'
import { noCreditIn, refundableMinorOf } from '#domain/paymentState'
import { isRefundId, planRefund, type Refund, type RefundRequest, refundId } from '#domain/refund'
import type { RefundContext } from '#domain/refundDraft'
import { type ObservedRefund, planRefundFact } from '#domain/refundFact'
import { planReview } from '#domain/settlementReview'
import { windowAt } from '#domain/time'
import { decide } from '#domain/walletDecide'
import { viewWallet } from '#domain/walletView'
import {
  accountOf,
  at,
  catalogueOf,
  checkedOut,
  checkoutInput,
  fallbackOf,
  parties,
  paymentOf,
  provided,
  rowOf,
  rowsOf,
  seenOf,
  settle,
  settlementInput,
  walletOf,
  zones,
} from './paymentSupport.ts'

const example = catalogueOf('example')
const chat = catalogueOf('ai-chat')
const now = at + 3_600_000
const first = refundId(now, '0123456789ABCDEF')
const second = refundId(now, '1123456789ABCDEF')
const ask = (over: Partial<RefundRequest> = {}): RefundRequest => ({ id: first, reason: 'Not needed', ...over })

/** A captured and settled payment of 1,000.00 INR. */
const paid = (): Payment => settle(settlementInput(example, paymentOf())).next

function requested(payment: Payment, request = ask()) {
  const plan = planRefund(payment, request, undefined, now)
  if (plan.kind === 'refused') throw new Error(plan.detail)
  return plan
}

const seen = (state: ObservedRefund['state'], over: Partial<ObservedRefund> = {}): ObservedRefund => ({
  providerPaymentId: provided,
  refundId: first,
  providerRefundId: 'rfnd_1',
  amountMinor: 100_000,
  state,
  ...over,
})

const contextOf = (payment: Payment, refund: Refund | undefined, over: Partial<RefundContext> = {}): RefundContext => ({
  payment,
  refund,
  others: [],
  account: undefined,
  wallet: undefined,
  subscription: undefined,
  purchase: undefined,
  credit: undefined,
  invoice: undefined,
  creditNote: undefined,
  disputeNotes: [],
  fallback: fallbackOf(example),
  document: { id: 'inv_2', zones },
  ...over,
})

describe('account credit that a payment became', () => {
  const live = accountOf(example, { subscriptionId: 'sub_0' })
  const { payment } = checkedOut(checkoutInput(example, { request: { priceId: 'team-month' } }))
  const credited = settle(settlementInput(example, payment, { account: live }))
  const credit = rowOf(credited.writes, 'credit').change.next

  it('leaves the account before it is sent back, and returns when that fails', () => {
    const plan = planRefund(credited.next, ask(), credit, now)
    if (plan.kind !== 'request') throw new Error(plan.detail)
    expect(rowOf(plan.writes, 'credit').change).toMatchObject({
      next: { balanceMinor: 0 },
      entry: { id: `withdrawn:${first}` },
    })
    const after = { ...credit, balanceMinor: 0, ver: 2 }
    const failed = planRefundFact(
      contextOf(plan.next, plan.refund, { credit: after }),
      seen('failed', { amountMinor: 1900 }),
      now,
    )
    expect(rowOf(failed.writes, 'credit').change.next.balanceMinor).toBe(1900)
    const done = planRefundFact(
      contextOf(plan.next, plan.refund, { credit: after }),
      seen('processed', { amountMinor: 1900 }),
      now,
    )
    expect([done.payment.status, rowsOf(done.writes)]).toEqual(['refunded', ['payment', 'refund', 'notice']])
  })

  const outside = (state: ObservedRefund['state'], amountMinor: number, providerRefundId = 'rfnd_1') => {
    const { refundId: _none, ...made } = seen(state, { amountMinor, providerRefundId })
    return made
  }
  it.each<[string, number, taken: number, short: number]>([
    ['all of it is there', 1900, 400, 0],
    ['just as much is left', 400, 400, 0],
    ['most of it was spent', 399, 399, 1],
    ['all of it was spent', 0, 0, 400],
  ])(
    'leaves the account for a refund made outside, and is there again when that fails: %s',
    (_, left, taken, short) => {
      const before = { ...credit, balanceMinor: left }
      const told = planRefundFact(contextOf(credited.next, undefined, { credit: before }), outside('pending', 400), now)
      const id = told.refund.id
      const moved = told.writes.flatMap((write) => (write.row === 'credit' ? [write.change.entry] : []))
      expect(moved.map((entry) => [entry.id, entry.amountMinor])).toEqual(
        taken > 0 ? [[`withdrawn:${id}`, -taken]] : [],
      )
      expect(told.payment.charges[0]?.creditShortMinor ?? 0).toBe(short)
      expect(told.payment.flags.includes('credit_spent')).toBe(short > 0)
      const after = { ...before, balanceMinor: left - taken, ver: 2 }
      const done = planRefundFact(
        contextOf(told.payment, told.refund, { credit: after }),
        outside('processed', 400),
        now + 1,
      )
      expect(rowsOf(done.writes)).toEqual(['payment', 'refund', 'notice'])
      const failed = planRefundFact(
        contextOf(done.payment, done.refund, { credit: after }),
        outside('failed', 400),
        now + 2,
      )
      const back = failed.writes.flatMap((write) => (write.row === 'credit' ? [write.change] : []))
      expect(back.map(({ entry, next }) => [entry.id, next.balanceMinor])).toEqual(
        taken > 0 ? [[`released:${id}`, left]] : [],
      )
      expect(failed.payment.charges[0]?.creditShortMinor).toBeUndefined()
    },
  )

  it('of two refunds made outside gives back no more than is still here when the one fails', () => {
    const one = planRefundFact(
      contextOf(credited.next, undefined, { credit: { ...credit, balanceMinor: 100 } }),
      outside('processed', 400),
      now,
    )
    const more = { ...credit, balanceMinor: 300, ver: 3 }
    const two = planRefundFact(
      contextOf(one.payment, undefined, { credit: more }),
      outside('processed', 300, 'r2'),
      now,
    )
    expect(rowOf(two.writes, 'credit').change.entry.amountMinor).toBe(-300)
    const failed = planRefundFact(
      contextOf(two.payment, two.refund, { credit: { ...more, balanceMinor: 0, ver: 4 } }),
      outside('failed', 300, 'r2'),
      now,
    )
    // 400 were taken of 700, and 400 are gone still.
    expect(rowsOf(failed.writes)).toEqual(['payment', 'refund', 'notice'])
    expect(failed.payment.charges[0]).not.toHaveProperty('creditShortMinor')
  })

  it('gets nothing for a refund made outside that is first heard of when it has failed', () => {
    const told = planRefundFact(contextOf(credited.next, undefined, { credit }), outside('failed', 400), now)
    expect(rowsOf(told.writes)).toEqual(['payment', 'refund', 'notice'])
  })

  it('gets what had gone back before staff kept the rest, once that fails', () => {
    const held = settle(settlementInput(example, payment, { seen: seenOf(payment, { mode: 'live' }) }))
    const told = planRefundFact(contextOf(held.next, undefined), outside('processed', 400), now)
    const input = settlementInput(example, told.payment)
    const kept = planReview(input, { providerPaymentId: provided, as: 'kept' }, now)
    if (kept.kind !== 'settle') throw new Error(kept.kind)
    const { next } = rowOf(kept.writes, 'credit').change
    expect(next.balanceMinor).toBe(1500)
    const failed = planRefundFact(contextOf(kept.next, told.refund, { credit: next }), outside('failed', 400), now + 9)
    expect(rowOf(failed.writes, 'credit').change).toMatchObject({
      entry: { id: `released:${told.refund.id}`, amountMinor: 400 },
      next: { balanceMinor: 1900 },
    })
  })

  it('is refunded as far as it was not used', () => {
    const left = { ...credit, balanceMinor: 1899 }
    expect(planRefund(credited.next, ask(), left, now)).toMatchObject({ refund: { amountMinor: 1899 } })
    expect(planRefund(credited.next, ask({ amountMinor: 1900 }), left, now)).toMatchObject({
      code: 'conflict',
      refundableMinor: 1899,
    })
    expect(planRefund(credited.next, ask(), { ...credit, balanceMinor: 0 }, now)).toMatchObject({
      code: 'conflict',
      refundableMinor: 0,
    })
    expect(planRefund(credited.next, ask(), undefined, now)).toMatchObject({ code: 'conflict' })
  })
})

/** A settled purchase and what its transaction left. */
function settled(catalogue: typeof example, request: { priceId?: string; productId?: string }, savedMethod = false) {
  const { payment } = checkedOut(checkoutInput(catalogue, { request }))
  const plan = settle(
    settlementInput(catalogue, payment, savedMethod ? { savedMethod: { id: 'pmt_1', mandate: false } } : {}),
  )
  return { payment: plan.next, writes: plan.writes, invoice: plan.invoice }
}

describe('a refunded plan', () => {
  const { payment, writes, invoice } = settled(chat, { priceId: 'subscriber-month' }, true)
  const account: Account = rowOf(writes, 'account').next
  const subscription = rowOf(writes, 'subscription').next
  const wallet = { ...rowOf(writes, 'wallet').change.wallet, version: 2 }
  const context = (plan: 'now' | 'period_end' | 'keep', over: Partial<RefundContext> = {}) => {
    const { next, refund } = requested(payment, ask({ plan }))
    return contextOf(next, refund, { account, subscription, wallet, invoice, fallback: fallbackOf(chat), ...over })
  }
  const taken = seen('pending', { amountMinor: 1500 })

  it('has to say what becomes of the plan', () => {
    expect(planRefund(payment, ask(), undefined, now)).toMatchObject({ code: 'validation_failed' })
    const endless = settled(catalogueOf('resume-ats'), { priceId: 'lifetime' }).payment
    expect(planRefund(endless, ask({ plan: 'period_end' }), undefined, now)).toMatchObject({
      code: 'validation_failed',
    })
    expect(planRefund(endless, ask({ plan: 'now' }), undefined, now).kind).toBe('request')
  })

  it('ends now: access, count and what is free of the included credits', () => {
    const outcome = planRefundFact(context('now'), taken, now)
    expect(rowsOf(outcome.writes)).toEqual([
      'payment',
      'refund',
      'subscription',
      'account',
      'wallet',
      'priceCount',
      'history',
      'notice',
    ])
    expect(rowOf(outcome.writes, 'subscription').next).toMatchObject({
      status: 'canceled',
      endedAt: now,
      autoRenew: false,
      ver: 2,
    })
    const after = rowOf(outcome.writes, 'account').next
    expect(after.plan?.planId).toBe('free')
    expect(after).not.toHaveProperty('subscriptionId')
    expect(after).not.toHaveProperty('accessEnd')
    expect(viewWallet(rowOf(outcome.writes, 'wallet').change.wallet, now, windowAt).balance).toBe(20)
    expect(rowOf(outcome.writes, 'priceCount').by).toBe(-1)
    expect(outcome.refund).toMatchObject({ status: 'pending', effectAt: now, providerRefundId: 'rfnd_1' })
  })

  it('ends with its period: no renewal, no grace, the credits stay', () => {
    const outcome = planRefundFact(context('period_end'), taken, now)
    expect(rowOf(outcome.writes, 'subscription').next).toMatchObject({ status: 'active', autoRenew: false })
    expect(rowOf(outcome.writes, 'account').next).toMatchObject({
      subscriptionId: 'sub_1',
      accessEnd: subscription.periodEnd,
    })
    expect(viewWallet(rowOf(outcome.writes, 'wallet').change.wallet, now, windowAt).balance).toBe(1000)
    expect(rowsOf(outcome.writes)).not.toContain('priceCount')
  })

  it.each<[string, 'now' | 'keep', Partial<RefundContext>]>([
    ['the caller says keep', 'keep', {}],
    ['it was replaced meanwhile', 'now', { account: { ...account, subscriptionId: 'sub_2' } }],
    ['it is over', 'now', { subscription: { ...subscription, status: 'canceled' } }],
  ])('goes on when %s', (_, plan, over) => {
    expect(rowsOf(planRefundFact(context(plan, over), taken, now).writes)).toEqual([
      'payment',
      'refund',
      'subscription',
    ])
  })

  it('is taken once, by whichever word comes first; the note is made when it is done', () => {
    const asked = context('now')
    const pending = planRefundFact(asked, taken, now)
    const later = {
      ...asked,
      payment: pending.payment,
      refund: pending.refund,
      subscription: rowOf(pending.writes, 'subscription').next,
    }
    expect(planRefundFact(later, taken, now).kind).toBe('ignored')
    const done = planRefundFact(later, seen('processed', { amountMinor: 1500, totalMinor: 1500 }), now)
    expect(rowsOf(done.writes)).toEqual(['payment', 'refund', 'invoice', 'notice'])
    expect(done.payment).toMatchObject({ status: 'refunded', notedMinor: 1500, reversedMinor: 1500 })
    expect(rowOf(done.writes, 'invoice').next).toMatchObject({ kind: 'credit_note', totalMinor: 1500, refundId: first })
    expect(planRefundFact({ ...later, payment: done.payment, refund: done.refund }, taken, now).kind).toBe('ignored')
    const atOnce = planRefundFact(asked, seen('processed', { amountMinor: 1500 }), now)
    expect(rowsOf(atOnce.writes)).toEqual([
      'payment',
      'refund',
      'subscription',
      'account',
      'wallet',
      'priceCount',
      'history',
      'notice',
      'invoice',
      'notice',
    ])
  })

  it('that fails after it was done takes its note back, and tells staff: the plan is not started again', () => {
    const asked = context('now')
    const done = planRefundFact(asked, seen('processed', { amountMinor: 1500 }), now)
    const note = { ...rowOf(done.writes, 'invoice').next, number: 'CN-2026-000001' }
    const back = { ...asked, payment: done.payment, refund: done.refund, creditNote: note }
    const failed = planRefundFact(back, seen('failed', { amountMinor: 1500 }), now + 1)
    expect(rowsOf(failed.writes)).toEqual(['payment', 'refund', 'invoice', 'notice'])
    expect(rowOf(failed.writes, 'invoice').next).toMatchObject({ kind: 'invoice', totalMinor: 1500 })
    expect(failed.payment).toMatchObject({
      status: 'completed',
      refundedMinor: 0,
      notedMinor: 0,
      reversedMinor: 0,
      flags: ['refund_failed'],
    })
    expect(
      planRefundFact(
        { ...back, payment: failed.payment, refund: failed.refund },
        seen('failed', { amountMinor: 1500 }),
        now,
      ).kind,
    ).toBe('ignored')
  })

  it('that fails after another one was made outside: that one has its note then', () => {
    const asked = context('keep')
    const done = planRefundFact(asked, seen('processed', { amountMinor: 1500 }), now)
    const note = { ...rowOf(done.writes, 'invoice').next, number: 'CN-2026-000001' }
    const told = (amountMinor: number, providerRefundId: string, payment = done.payment, others: Refund[] = []) => {
      const { refundId: _ours, ...made } = seen('processed', { amountMinor, providerRefundId })
      return planRefundFact({ ...asked, payment, refund: undefined, others: [done.refund, ...others] }, made, now + 1)
    }
    const outside = told(900, 'rfnd_2')
    const further = told(600, 'rfnd_3', outside.payment, [outside.refund])
    for (const one of [outside, further]) {
      expect(rowsOf(one.writes)).toEqual(['payment', 'refund', 'notice'])
      expect(one.refund.creditNoteId).toBeUndefined()
    }
    const failed = planRefundFact(
      {
        ...asked,
        payment: further.payment,
        refund: done.refund,
        creditNote: note,
        others: [further.refund, outside.refund],
      },
      seen('failed', { amountMinor: 1500 }),
      now + 2,
    )
    const documents = failed.writes.flatMap((write) => (write.row === 'invoice' ? [write.next] : []))
    expect(documents.map(({ kind, totalMinor, refundId: of }) => [kind, totalMinor, of])).toEqual([
      ['invoice', 1500, first],
      ...[outside.refund, further.refund]
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .map(({ amountMinor, id }) => ['credit_note', amountMinor, id]),
    ])
    expect(new Set(documents.map(({ id }) => id)).size).toBe(3)
    const rows = failed.writes.flatMap((write) => (write.row === 'refund' ? [write] : []))
    expect(rows.map(({ next, seenVer }) => [next.creditNoteId, next.ver - seenVer])).toEqual([
      [note.id, 1],
      ...documents.slice(1).map(({ id }) => [id, 1]),
    ])
    expect(failed.payment).toMatchObject({ refundedMinor: 1500, notedMinor: 1500 })
  })

  it('that fails gives the ground of a proration back, where the plan goes on', () => {
    const asked = context('keep', {})
    const done = planRefundFact(asked, seen('processed', { amountMinor: 1500 }), now)
    const without = rowOf(done.writes, 'subscription').next
    expect([subscription.paidMinor, without.paidMinor]).toEqual([1500, 0])
    const back = { ...asked, payment: done.payment, refund: done.refund, subscription: without }
    const failed = planRefundFact(back, seen('failed', { amountMinor: 1500 }), now + 1)
    expect(rowOf(failed.writes, 'subscription').next).toMatchObject({ status: 'active', paidMinor: 1500 })
  })

  it('that the provider refuses at once leaves everything as it was', () => {
    const refused = planRefundFact(context('now'), seen('failed', { amountMinor: 1500 }), now)
    expect(rowsOf(refused.writes)).toEqual(['payment', 'refund', 'notice'])
    expect(refundableMinorOf(refused.payment, noCreditIn)).toBe(1500)
  })
})

describe('refunded credits', () => {
  const { payment, writes } = settled(example, { productId: 'pack-500' })
  const full = { ...rowOf(writes, 'wallet').change.wallet, version: 2 }
  const spend = (amount: number) => {
    const guard = { class: 's' as const, bits: '8123456789ABCDEF' }
    const decision = decide(full, { kind: 'deduct', guard, amount, reason: 'use' }, now, windowAt)
    if (decision.kind !== 'accepted') throw new Error(decision.kind)
    return decision.wallet
  }
  const refunded = (amountMinor: number, wallet = full, before = payment) => {
    const { next, refund } = requested(before, ask({ amountMinor }))
    return planRefundFact(
      contextOf(next, refund, { wallet, account: accountOf(example) }),
      seen('pending', { amountMinor }),
      now,
    )
  }

  it.each([
    ['all of them', 900, 0, 500, 0],
    ['what is left, and how many were spent', 900, 220, 300, 200],
    ['none, when all were spent', 900, 520, 0, 500],
    ['their part, for a part', 300, 0, 166, 0],
  ])('are taken back: %s', (_, amountMinor, spent, creditsTaken, creditsSpent) => {
    // The 20 included credits burn before the pack: they expire first.
    const outcome = refunded(amountMinor, spent > 0 ? spend(spent) : full)
    expect(outcome.refund).toMatchObject({ creditsTaken, creditsSpent })
  })

  it('in parts add up to the whole', () => {
    const one = refunded(300)
    const wallet = { ...rowOf(one.writes, 'wallet').change.wallet }
    const { next, refund } = requested(one.payment, ask({ id: second, amountMinor: 600 }))
    const two = planRefundFact(
      contextOf(next, refund, { wallet, others: [one.refund] }),
      seen('pending', { refundId: second, providerRefundId: 'rfnd_2', amountMinor: 600 }),
      now,
    )
    expect([one.refund.creditsTaken, two.refund.creditsTaken]).toEqual([166, 334])
    expect(viewWallet(rowOf(two.writes, 'wallet').change.wallet, now, windowAt).balance).toBe(20)
  })

  it('come back when the refund fails', () => {
    const taken = refunded(900)
    const wallet = rowOf(taken.writes, 'wallet').change.wallet
    const failed = planRefundFact(
      contextOf(taken.payment, taken.refund, { wallet }),
      seen('failed', { amountMinor: 900 }),
      now,
    )
    expect(viewWallet(rowOf(failed.writes, 'wallet').change.wallet, now, windowAt).balance).toBe(520)
    expect(failed.payment.reversedMinor).toBe(0)
  })
})

describe('a refunded item', () => {
  const { payment, writes } = settled(example, { productId: 'guide' })
  const { next: purchase } = rowOf(writes, 'purchase')
  const step = (before: Payment, request: RefundRequest, state: ObservedRefund['state'] = 'pending') => {
    const { next, refund } = requested(before, request)
    const { id: refundId, amountMinor } = refund
    return planRefundFact(
      contextOf(next, refund, { purchase }),
      seen(state, { refundId, providerRefundId: `p${refundId}`, amountMinor }),
      now,
    )
  }

  it('goes when all of its money does', () => {
    const part = step(payment, ask({ amountMinor: 699 }))
    expect(rowsOf(part.writes)).not.toContain('purchase')
    const rest = step(part.payment, ask({ id: second }))
    expect(rowOf(rest.writes, 'purchase')).toMatchObject({ seenVer: 1, next: { revokedAt: now, ver: 2 } })
  })

  it('comes back when the refund fails', () => {
    const gone = step(payment, ask())
    const revoked = rowOf(gone.writes, 'purchase').next
    const failed = planRefundFact(
      contextOf(gone.payment, gone.refund, { purchase: revoked }),
      seen('failed', { amountMinor: 700 }),
      now,
    )
    expect(rowOf(failed.writes, 'purchase').next).not.toHaveProperty('revokedAt')
  })
})

describe('a refund made outside', () => {
  const payment = paid()
  const invoice = invoiceOf(payment, { id: 'inv_1', zones, at, ...parties })
  const { refundId: _none, ...outside } = seen('processed', { amountMinor: 40_000, totalMinor: 40_000 })

  it("is recorded under an id that follows from the provider's, noted, flagged, and takes nothing", () => {
    const one = planRefundFact(contextOf(payment, undefined, { invoice }), outside, now)
    expect(one.payment).toMatchObject({
      status: 'partially_refunded',
      refundedMinor: 40_000,
      flags: ['refunded_outside'],
      reversedMinor: 0,
    })
    expect(one.refund).toMatchObject({ status: 'processed', plan: 'keep', providerRefundId: 'rfnd_1' })
    expect(rowsOf(one.writes)).toEqual(['payment', 'refund', 'invoice', 'notice'])
    expect(rowOf(one.writes, 'refund').seenVer).toBe(0)
    const again = planRefundFact(contextOf(payment, undefined, { invoice }), outside, now + 5)
    expect(again.refund.id).toBe(one.refund.id)
    expect(isRefundId(one.refund.id)).toBe(true)
    expect(planRefundFact(contextOf(one.payment, one.refund, { invoice }), outside, now).kind).toBe('ignored')
  })

  it('is of the currency that was paid, and in another one it is for people to look at', () => {
    const held = settle(settlementInput(example, paymentOf(), { seen: seenOf(paymentOf(), { currency: 'USD' }) })).next
    const told = planRefundFact(contextOf(held, undefined), { ...outside, currency: 'USD' }, now)
    expect(told.refund.currency).toBe('USD')
    expect(planRefundFact(contextOf(held, undefined), outside, now).refund.currency).toBe('USD')
    const inRupees = () => planRefundFact(contextOf(held, undefined), { ...outside, currency: 'INR' }, now)
    expect(inRupees).toThrow('told in INR, and USD was paid')
  })

  it('leaves that much less to refund', () => {
    const { payment: next } = planRefundFact(contextOf(payment, undefined, { invoice }), outside, now)
    expect(requested(next).refund.amountMinor).toBe(60_000)
    expect(planRefund(next, ask({ amountMinor: 60_001 }), undefined, now)).toMatchObject({ code: 'conflict' })
  })
})

it("a second charge is refunded by its own id and takes nothing of the first one's effect", () => {
  const one = settled(example, { productId: 'pack-500' })
  const double = settle(
    settlementInput(example, one.payment, { seen: seenOf(one.payment, { providerPaymentId: 'pay_2' }) }),
  )
  const credit = rowOf(double.writes, 'credit').change.next
  const plan = planRefund(double.next, ask({ providerPaymentId: 'pay_2' }), credit, now)
  if (plan.kind !== 'request') throw new Error(plan.detail)
  const wallet = walletOf(example, accountOf(example))
  const outcome = planRefundFact(
    contextOf(plan.next, plan.refund, { wallet, invoice: one.invoice }),
    seen('processed', { providerPaymentId: 'pay_2', amountMinor: 900 }),
    now,
  )
  expect(rowsOf(outcome.writes)).toEqual(['payment', 'refund', 'notice'])
  expect(outcome.payment).toMatchObject({ refundedMinor: 900, reversedMinor: 0, status: 'partially_refunded' })
})
