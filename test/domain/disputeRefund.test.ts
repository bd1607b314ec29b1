import { describe, expect, it } from 'vitest'
import { planDispute } from '#domain/disputeEffect'
import { type Invoice, invoiceOf } from '#domain/invoice'
import type { Payment } from '#domain/payment'
import { lostMinorOf } from '#domain/paymentState'
import type { PaymentWrite } from '#domain/paymentWrite'
import type { Refund } from '#domain/refund'
import { type ObservedRefund, planRefundFact } from '#domain/refundFact'
import type { AccountCredit } from '#domain/settlementCredit'
import { planReview } from '#domain/settlementReview'
import {
  accountOf,
  at,
  catalogueOf,
  checkedOut,
  checkoutInput,
  parties,
  paymentOf,
  provided,
  rowOf,
  seenOf,
  settle,
  settlementInput,
  zones,
} from './paymentSupport.ts'

const example = catalogueOf('example')
const now = at + 3_600_000

/** A payment's books, as a provider's words on disputes and refunds leave them. */
interface Books {
  payment: Payment
  documents: Invoice[]
  refunds: Refund[]
  credit?: AccountCredit
}

function written(books: Books, writes: readonly PaymentWrite[]): Books {
  return writes.reduce<Books>((all, write) => {
    if (write.row === 'payment') return { ...all, payment: write.next }
    if (write.row === 'invoice') return { ...all, documents: [...all.documents, write.next] }
    if (write.row === 'refund')
      return { ...all, refunds: [...all.refunds.filter(({ id }) => id !== write.next.id), write.next] }
    return write.row === 'credit' ? { ...all, credit: write.change.next } : all
  }, books)
}

function disputed(books: Books, state: 'open' | 'won' | 'lost', amountMinor: number, later = 0): Books {
  const { payment, documents, credit } = books
  const notes = documents.filter(({ disputeId }) => disputeId !== undefined)
  const context = { payment, scene: undefined, credit, invoice: documents[0], notes, zones }
  const dispute = { disputeId: 'disp_1', providerPaymentId: provided, currency: payment.currency, at: now + later }
  const plan = planDispute(context, { ...dispute, amountMinor, state }, now)
  return plan.kind === 'ignored' ? books : written(books, plan.writes)
}

/** Of a refund that was made in the provider's dashboard. */
function refunded(books: Books, state: ObservedRefund['state'], amountMinor: number): Books {
  const { payment, documents, refunds, credit } = books
  const [refund] = refunds
  const context = {
    payment,
    refund,
    others: [],
    account: undefined,
    wallet: undefined,
    subscription: undefined,
    purchase: undefined,
    credit,
    invoice: documents[0],
    creditNote: documents.find(({ kind, refundId }) => kind === 'credit_note' && refundId !== undefined),
    disputeNotes: documents.filter(({ disputeId }) => disputeId !== undefined),
    fallback: null,
    document: { id: `inv_${documents.length + 1}`, zones },
  }
  const seen = { providerPaymentId: provided, providerRefundId: 'rfnd_1', amountMinor, state }
  return written(books, planRefundFact(context, seen, now).writes)
}

const noted = ({ documents }: Books, about: 'refundId' | 'disputeId'): number =>
  documents
    .filter((one) => one[about] !== undefined)
    .reduce((sum, { kind, totalMinor }) => sum + (kind === 'credit_note' ? totalMinor : -totalMinor), 0)

describe('a refund beside a lost dispute', () => {
  const paid = settle(settlementInput(example, paymentOf())).next
  const granted: Books = {
    payment: paid,
    documents: [invoiceOf(paid, { id: 'inv_1', zones, at: now, ...parties })],
    refunds: [],
  }
  const notes = (books: Books) => [noted(books, 'refundId'), noted(books, 'disputeId'), books.payment.notedMinor]

  it('has its own note, and the loss that of the rest; when it fails, all of it is lost', () => {
    const lost = disputed(granted, 'lost', 100_000)
    expect(notes(lost)).toEqual([0, 100_000, 100_000])
    const onItsWay = refunded(lost, 'pending', 30_000)
    expect(notes(onItsWay)).toEqual([0, 70_000, 70_000])
    const back = refunded(onItsWay, 'processed', 30_000)
    expect(notes(back)).toEqual([30_000, 70_000, 100_000])
    const failed = refunded(back, 'failed', 30_000)
    expect(notes(failed)).toEqual([0, 100_000, 100_000])
    expect(lostMinorOf(failed.payment)).toBe(100_000)
    expect(notes(disputed(failed, 'won', 100_000, 1))).toEqual([0, 0, 0])
    // Told as done at once, and won before it fails.
    const won = disputed(refunded(lost, 'processed', 30_000), 'won', 100_000, 1)
    expect([notes(won), notes(refunded(won, 'failed', 30_000))]).toEqual([
      [30_000, 0, 30_000],
      [0, 0, 0],
    ])
  })

  it('leaves to account credit what neither took, as far as it was there', () => {
    const { payment } = checkedOut(checkoutInput(example, { request: { priceId: 'team-month' } }))
    const settled = settle(
      settlementInput(example, payment, { account: accountOf(example, { subscriptionId: 'sub_0' }) }),
    )
    const { next: credit } = rowOf(settled.writes, 'credit').change
    const credited: Books = { payment: settled.next, documents: [], refunds: [], credit }
    const balance = (books: Books) => books.credit?.balanceMinor
    const lost = disputed(credited, 'lost', 1900)
    // What went back was not lost: the refund takes what the loss gives up.
    const back = refunded(lost, 'pending', 400)
    expect([credit.balanceMinor, balance(lost), balance(back)]).toEqual([1900, 0, 0])
    expect(balance(refunded(back, 'failed', 400))).toBe(0)
    expect(balance(disputed(back, 'won', 1900, 1))).toBe(1500)
  })
})

describe('held money of which a dispute took a part', () => {
  it('is kept without it, and with it once that is won after all', () => {
    const payment = paymentOf()
    const held = settle(settlementInput(example, payment, { seen: seenOf(payment, { amountMinor: 2000 }) })).next
    const lost = disputed({ payment: held, documents: [], refunds: [] }, 'lost', 500)
    const plan = planReview(settlementInput(example, lost.payment), { providerPaymentId: provided, as: 'kept' }, now)
    if (plan.kind !== 'settle') throw new Error(plan.kind)
    const kept = written(lost, plan.writes)
    expect(kept.credit?.balanceMinor).toBe(1500)
    const won = disputed(kept, 'won', 500, 1)
    expect(won.credit?.balanceMinor).toBe(2000)
    expect(disputed(won, 'lost', 500, 2).credit?.balanceMinor).toBe(1500)
  })
})
