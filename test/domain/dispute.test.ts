import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DisputeContext, movesMoney, type ObservedDispute, planDispute } from '#domain/disputeEffect'
import type { Invoice } from '#domain/invoice'
import { invoiceOf } from '#domain/invoice'
import { priceOrder } from '#domain/order'
import type { Payment } from '#domain/payment'
import { afterFact } from '#domain/paymentFact'
import { lostMinorOf } from '#domain/paymentState'
import type { PaymentWrite } from '#domain/paymentWrite'
import { creditLeft } from '#domain/proration'
import { compareCapture, unlawfulNow } from '#domain/settlementCompare'
import type { AccountCredit } from '#domain/settlementCredit'
import { planCancel, planReactivate } from '#domain/subscriptionEnd'
import { planRefundOf } from '#domain/subscriptionRefund'
import type { SubscriptionScene } from '#domain/subscriptionWrite'
import { noTax } from '#domain/tax'
import { dayMs } from '#domain/zone'
import {
  accountOf,
  at,
  catalogueOf,
  parties,
  paymentOf,
  provided,
  seenOf,
  settle,
  settlementInput,
  zones,
} from './paymentSupport.ts'
import { applied, codeOf, ids, sceneOf, start, termsOf } from './subscriptionSupport.ts'

const example = catalogueOf('example')
const now = at + 3_600_000
/** A captured and granted payment of 1,000.00 INR. */
const paid = (): Payment => settle(settlementInput(example, paymentOf())).next
const marked = (as: 'granted' | 'account_credit' | 'held'): Payment => {
  const payment = paid()
  return { ...payment, charges: payment.charges.map((charge) => ({ ...charge, as })) }
}
const seen = (state: ObservedDispute['state'], over: Partial<ObservedDispute> = {}): ObservedDispute => ({
  disputeId: 'disp_1',
  providerPaymentId: provided,
  amountMinor: 100_000,
  currency: 'INR',
  state,
  at: now,
  ...over,
})

/** A payment's books: what a test has of it after each word on its disputes. */
interface Books {
  payment: Payment
  scene?: SubscriptionScene
  credit?: AccountCredit
  documents: Invoice[]
}
const invoice = (payment: Payment): Invoice => invoiceOf(payment, { id: 'inv_1', zones, at: now, ...parties })
const booksOf = (payment: Payment, over: Partial<Books> = {}): Books => ({
  payment,
  documents: [invoice(payment)],
  ...over,
})
const contextOf = ({ payment, scene, credit, documents }: Books): DisputeContext => ({
  payment,
  scene,
  credit,
  invoice: documents[0],
  notes: documents.slice(1),
  zones,
})
function told(books: Books, ...words: ObservedDispute[]): Books {
  return words.reduce((before, word) => {
    const plan = planDispute(contextOf(before), word, now)
    return plan.kind === 'ignored' ? before : written(before, plan.next, plan.writes)
  }, books)
}
function written(before: Books, payment: Payment, writes: readonly PaymentWrite[]): Books {
  const credit = writes.find((write) => write.row === 'credit')?.change.next ?? before.credit
  const made = writes.flatMap((write) => (write.row === 'invoice' ? [write.next] : []))
  return {
    payment,
    documents: [...before.documents, ...made],
    ...(before.scene && { scene: applied(before.scene, writes) }),
    ...(credit && { credit }),
  }
}
const noted = ({ documents }: Books): number =>
  documents.slice(1).reduce((sum, { kind, totalMinor }) => sum + (kind === 'credit_note' ? totalMinor : -totalMinor), 0)

describe('a dispute', () => {
  it('that is open flags its payment, tells the account once, and moves nothing', () => {
    const plan = planDispute(contextOf(booksOf(paid())), seen('open'), now)
    if (plan.kind === 'ignored') throw new Error(plan.reason)
    expect(plan.next).toMatchObject({ status: 'disputed', flags: ['dispute_open'] })
    expect(plan.writes.map(({ row }) => row)).toEqual(['payment', 'notice'])
    const again = planDispute(contextOf(booksOf(plan.next)), seen('open'), now)
    expect(again).toEqual({ kind: 'ignored', reason: 'repeated' })
    expect(movesMoney(paid(), seen('open'), now)).toBe(false)
    expect(movesMoney(paid(), seen('lost'), now)).toBe(true)
  })

  it('that is lost has a credit note; won after all, an invoice takes it back; each once', () => {
    const lost = told(booksOf(paid()), seen('open'), seen('lost'), seen('lost'), seen('open'))
    expect(lost.documents.slice(1)).toMatchObject([
      {
        kind: 'credit_note',
        disputeId: 'disp_1',
        invoiceId: 'inv_1',
        totalMinor: 100_000,
        lines: [{ description: 'Lost in a dispute' }],
      },
    ])
    expect(lost.documents[1]?.refundId).toBeUndefined()
    expect(lost.payment.notedMinor).toBe(100_000)
    const won = told(lost, seen('won', { at: now + 1 }), seen('won', { at: now + 2 }))
    expect(won.documents.slice(2)).toMatchObject([
      { kind: 'invoice', disputeId: 'disp_1', invoiceId: lost.documents[1]?.id },
    ])
    expect([won.payment.notedMinor, lostMinorOf(won.payment)]).toEqual([0, 0])
  })

  it('told in another currency than was paid puts all of the charge at stake', () => {
    const { payment } = told(booksOf(paid()), seen('lost', { amountMinor: 1200, currency: 'USD', takenMinor: 1200 }))
    expect(lostMinorOf(payment)).toBe(100_000)
  })

  it.each<[string, number, number, number]>([
    ['all of it where it is there', 100_000, 0, 100_000],
    ['as far as it is there', 30_000, 0, 30_000],
    ['nothing where it was spent', 0, 0, 0],
  ])('over money that became account credit takes %s, and gives that back', (_, balanceMinor, after, back) => {
    const credit = { accountId: 'acc_1', currency: 'INR', balanceMinor, ver: 1 }
    const lost = told(booksOf(marked('account_credit'), { credit }), seen('lost'))
    expect([lost.credit?.balanceMinor, noted(lost)]).toEqual([after, 0])
    const won = told(lost, seen('won', { at: now + 1 }))
    expect(won.credit?.balanceMinor).toBe(back)
    // Each word of the provider's is a cause of its own.
    expect(told(won, seen('lost', { at: now + 2 })).credit?.balanceMinor).toBe(after)
  })

  it('over held money moves nothing', () => {
    const { documents } = told(booksOf(marked('held')), seen('lost'))
    expect(documents).toHaveLength(1)
  })

  it('any words in any order, and refunds beside them: the notes are what was lost, credit comes back as it went', () => {
    const word = fc.record({
      disputeId: fc.constantFrom('disp_1', 'disp_2'),
      amountMinor: fc.integer({ min: 1, max: 120_000 }),
      state: fc.constantFrom('open' as const, 'won' as const, 'lost' as const),
      at: fc.integer({ min: now, max: now + 4 }),
      takenMinor: fc.option(fc.integer({ min: 1, max: 120_000 }), { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), fc.nat(100_000), (words, balanceMinor) => {
        const credit = { accountId: 'acc_1', currency: 'INR', balanceMinor, ver: 1 }
        let granted = booksOf(marked('granted'))
        let credited = booksOf(marked('account_credit'), { credit })
        for (const { takenMinor, ...one } of words) {
          const said = seen(one.state, { ...one, ...(takenMinor !== undefined && { takenMinor }) })
          granted = told(granted, said)
          credited = told(credited, said)
          expect(noted(granted)).toBe(lostMinorOf(granted.payment))
          expect(granted.payment.notedMinor).toBe(noted(granted))
          const taken = credited.payment.charges.reduce((sum, { lostCreditMinor = 0 }) => sum + lostCreditMinor, 0)
          expect((credited.credit?.balanceMinor ?? 0) + taken).toBe(balanceMinor)
          expect(taken).toBeLessThanOrEqual(lostMinorOf(credited.payment))
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('that was lost before the money was heard of: nothing is granted, staff look at it', () => {
    const early = told(booksOf(paymentOf(), { documents: [] }), seen('lost')).payment
    const account = accountOf(example)
    expect(compareCapture(early, seenOf(early))).toEqual([])
    expect(unlawfulNow(early, seenOf(early), account, now)).toBe('already_refunded')
    const won = told(booksOf(early, { documents: [] }), seen('won', { at: now + 1 })).payment
    expect(unlawfulNow(won, seenOf(won), account, now)).toBeUndefined()
  })

  it('that names a charge not known yet takes nothing of another one', () => {
    const books = told(booksOf(paid()), seen('lost', { providerPaymentId: 'pay_second' }))
    expect([noted(books), lostMinorOf(books.payment)]).toEqual([0, 0])
    // That does not say which charge it is of is of the one that was settled.
    const { providerPaymentId: _none, ...unnamed } = seen('lost')
    expect(noted(told(booksOf(paid()), unnamed))).toBe(100_000)
  })

  it('takes nothing of what is on its way back', () => {
    const refund = { kind: 'refund' as const, providerPaymentId: provided, providerRefundId: 'rfnd_1' }
    const back = afterFact(paid(), { ...refund, amountMinor: 30_000, state: 'pending' }, now)
    // The provider's running total may have it before it is done, or more than is known one by one.
    const counted = (totalMinor: number) =>
      afterFact(back, { kind: 'refundTotal', providerPaymentId: provided, totalMinor }, now)
    const lost = [back, counted(30_000), counted(40_000)].map((payment) => told(booksOf(payment), seen('lost')))
    expect(lost.map(noted)).toEqual([70_000, 70_000, 60_000])
  })
})

describe('the ground of a proration', () => {
  const terms = termsOf()
  const half = start + 15 * dayMs
  /** The payment that bought the scene's plan, of 100.00 INR. */
  const bought = (): Payment => {
    const order = priceOrder(
      [{ item: { kind: 'plan', id: terms.priceId, description: 'Starter', quantity: 1, unitAmountMinor: 10_000 } }],
      { currency: 'INR', tax: noTax },
    )
    const subject = {
      kind: 'plan' as const,
      planId: 'starter',
      priceId: terms.priceId,
      name: 'Starter',
      interval: 'month' as const,
    }
    const payment = {
      ...paymentOf({ id: 'fpay_plan_purchase', type: 'plan_purchase', amountMinor: 10_000, order, subject }),
    }
    const capture = { amountMinor: 10_000, currency: 'INR', at: start, differences: [], unlawful: [] }
    const charge = { providerPaymentId: provided, capture, refundTotalMinor: 0, refunds: [], as: 'granted' as const }
    return {
      ...payment,
      charges: [charge],
      capturedMinor: 10_000,
      settled: { at: start, as: 'granted', providerPaymentId: provided, reference: 'sub_1' },
      status: 'completed',
    }
  }
  const left = ({ scene }: Books) => (scene ? creditLeft(scene.subscription, half) : -1)
  const of = (over: Partial<ObservedDispute>, state: ObservedDispute['state'] = 'lost') =>
    seen(state, { amountMinor: 10_000, ...over })

  it('is what was not lost, and comes back when the dispute is won', () => {
    const books = booksOf(bought(), { scene: sceneOf() })
    const lost = told(books, of({}))
    expect([left(books), left(lost), left(told(lost, of({ at: now + 1 }, 'won')))]).toEqual([5000, 0, 5000])
    const part = told(books, of({ takenMinor: 4000 }))
    expect(left(part)).toBe(3000)
    // Access stays: whether a plan goes on is for staff.
    expect(lost.scene?.subscription).toMatchObject({ status: 'active', autoRenew: true })
  })

  it('with a refund beside it never goes below nothing, in either order', () => {
    const books = booksOf(bought(), { scene: sceneOf() })
    const refund = { amountMinor: 5000, plan: 'keep' as const, historyId: 'his_1' }
    const part = told(books, of({ takenMinor: 4000 }))
    if (!part.scene || !books.scene) throw new Error('no scene')
    const both = planRefundOf(part.scene, part.payment, refund, now).subscription
    expect(both.paidMinor).toBe(1000)
    const first = applied(books.scene, planRefundOf(books.scene, books.payment, refund, now).writes)
    const other = told(
      { ...books, scene: first, payment: { ...books.payment, reversedMinor: 5000 } },
      of({ takenMinor: 4000 }),
    )
    expect(other.scene?.subscription.paidMinor).toBe(1000)
    const all = told({ ...other, payment: { ...other.payment, reversedMinor: 9000 } }, of({ at: now + 1 }))
    expect(all.scene?.subscription.paidMinor).toBe(0)
  })

  it('of a period that is paid ahead is its own', () => {
    const { subject: _plan, ...rest } = bought()
    const renewal: Payment = {
      ...rest,
      id: 'fpay_ahead',
      type: 'renewal',
      subject: {
        kind: 'subscription',
        subscriptionId: 'sub_1',
        planId: 'starter',
        priceId: terms.priceId,
        periodIndex: 1,
      },
    }
    const scene = sceneOf({ over: { ahead: [{ paymentId: 'fpay_ahead', paidMinor: 10_000 }] } })
    const lost = told(booksOf(renewal, { scene }), of({}))
    expect(lost.scene?.subscription).toMatchObject({ paidMinor: 10_000, ahead: [{ paidMinor: 0 }] })
    expect(told(lost, of({ at: now + 1 }, 'won')).scene?.subscription.ahead).toEqual(scene.subscription.ahead)
  })

  it('what is over is not taken up again with money that was lost, and is once that is won', () => {
    const scene = sceneOf()
    const over = applied(scene, planCancel(scene, { when: 'now' }, ids, start + dayMs).writes)
    const lost = told(booksOf(bought(), { scene: over }), of({}))
    const again = ({ scene: now }: Books) =>
      codeOf(
        () => now && planReactivate(now, { terms, method: { id: 'pmt_0', mandate: false } }, ids, start + 2 * dayMs),
      )
    expect([again(lost), again(told(lost, of({ at: now + 1 }, 'won')))]).toEqual(['conflict', undefined])
  })
})
