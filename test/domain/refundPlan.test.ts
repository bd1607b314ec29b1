import { describe, expect, it } from 'vitest'
import type { Account } from '#domain/account'
import { noCreditIn, refundableMinorOf } from '#domain/paymentState'
import { planRefund, type Refund } from '#domain/refund'
import type { RefundContext } from '#domain/refundDraft'
import { planRefundFact } from '#domain/refundFact'
import { windowAt } from '#domain/time'
import { viewWallet } from '#domain/walletView'
import { catalogueOf, fallbackOf, rowOf, rowsOf } from './paymentSupport.ts'
import { ask, contextOf, first, now, requested, seen, settled } from './refundSupport.ts'

const chat = catalogueOf('ai-chat')

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
