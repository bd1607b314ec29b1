import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Order } from '#domain/order'
import type { Payment } from '#domain/payment'
import { dynamoTable } from '#table/dynamo'
import { paymentKey } from '#table/keys'
import { findPayment, findPaymentById, listPayments, paymentDueAt, putPaymentWrite } from '#table/payments'
import type { Table } from '#table/port'
import { findRefund, refundDueAt, refundsOf } from '#table/refunds'
import { type Engine, startEngine } from '#test/support/engine'
import { at, invoice, minuteMs, nextOf, payment, refundOf, spoil, write } from './paymentSupport.ts'

let engine: Engine
let table: Table
beforeAll(async () => {
  engine = await startEngine()
  table = dynamoTable({ client: engine.client, tableName: await engine.createTable() })
})
afterAll(async () => engine?.stop())

const put = (one: Payment, seenVer = 0) => table.write([putPaymentWrite(one, seenVer)])
const stored = async (one: Payment) => {
  const item = await table.get(paymentKey(one.accountId, one.id), { consistent: true })
  if (!item) throw new Error('it is not stored')
  return item
}

const order: Order = {
  currency: 'INR',
  lines: [
    {
      kind: 'plan',
      id: 'pro-month',
      description: 'Pro',
      quantity: 1,
      unitAmountMinor: 1_000,
      grossMinor: 1_000,
      discounts: [
        { kind: 'plan', label: 'Plan discount', amountMinor: 100 },
        { kind: 'manual', label: 'Sorry', amountMinor: 100 },
        { kind: 'coupon', label: 'HALF', amountMinor: 400 },
      ],
      netMinor: 400,
      taxMinor: 72,
      totalMinor: 472,
    },
  ],
  taxes: [{ name: 'GST', rate: '18', inclusive: false, baseMinor: 400, taxMinor: 72 }],
  grossMinor: 1_000,
  discountMinor: 600,
  taxMinor: 72,
  totalMinor: 472,
  adjustments: [
    { kind: 'account_credit', amountMinor: -71 },
    { kind: 'rounding', amountMinor: -1 },
  ],
  dueMinor: 400,
}

/** Every optional member is there, so that one which is lost on the way is seen. */
const full = (): Payment => ({
  ...payment({
    order,
    amountMinor: 400,
    subject: {
      kind: 'plan',
      planId: 'pro',
      priceId: 'pro-month',
      name: 'Pro',
      interval: 'month',
      coupon: { code: 'HALF', percentOff: 50, periodsLeft: 'forever' },
    },
    holds: {
      coupon: { code: 'HALF' },
      manualDiscountId: 'dsc_1',
      discount: { group: 'things', windowId: 'month#2026-01-01T00:00:00.000Z', free: 1, percent: 2 },
      creditMinor: 71,
    },
    providerPaymentId: 'pay_1',
  }),
  status: 'disputed',
  progress: 'processing',
  attempt: { state: 'failed', at, providerPaymentId: 'pay_0', code: 'card', reason: 'declined' },
  charges: [
    {
      providerPaymentId: 'pay_1',
      capture: { amountMinor: 400, currency: 'INR', at, differences: ['amount'], unlawful: ['second_charge'] },
      refundTotalMinor: 200,
      refunds: [
        { refundId: 'rfd_1', providerRefundId: 'rfnd_1', amountMinor: 100, processed: true, failed: true },
        { amountMinor: 5, processed: false, failed: false },
      ],
      as: 'held',
      lostCreditMinor: 6,
      creditShortMinor: 7,
      resolved: { as: 'kept', at },
    },
    { providerPaymentId: 'pay_2', refundTotalMinor: 0, refunds: [] },
  ],
  disputes: [
    { disputeId: 'disp_1', providerPaymentId: 'pay_1', amountMinor: 400, opened: true, outcome: { won: false, at } },
    { disputeId: 'disp_2', amountMinor: 1, opened: true, respondBy: at, reason: 'fraudulent' },
  ],
  settled: { at, as: 'granted', providerPaymentId: 'pay_1', reference: 'sub_1' },
  capturedMinor: 400,
  refundedMinor: 95,
  flags: [
    'amount',
    'credit_spent',
    'dispute_lost',
    'dispute_open',
    'refund_failed',
    'refunded_outside',
    'second_charge',
  ],
  reversedMinor: 3,
  notedMinor: 2,
})

describe('a payment', () => {
  it('comes back as it was written, with every optional member', async () => {
    const one = full()
    await put(one)
    expect(await findPayment(table, one.accountId, one.id, { consistent: true })).toEqual(one)
    expect(await findPaymentById(table, one.id)).toEqual(one)
  })

  it.each<Payment['subject']>([
    { kind: 'credit_pack', productId: 'p', name: 'Pack', quantity: 2, credits: 100, expiresAfter: '90d' },
    { kind: 'credit_pack', productId: 'p', name: 'Pack', quantity: 1, credits: 100 },
    { kind: 'item', productId: 'p', name: 'Thing', quantity: 1, group: 'things' },
    { kind: 'subscription', subscriptionId: 'sub_1', planId: 'pro', priceId: 'pro-month', periodIndex: 3 },
  ])('comes back with its subject: $kind', async (subject) => {
    const { providerOrderId: _order, ...one } = payment({ subject, provider: null })
    await put(one)
    expect(await findPayment(table, one.accountId, one.id, { consistent: true })).toEqual(one)
  })

  it('is put once, and then only on the version that was seen', async () => {
    const one = payment()
    expect(await put(one)).toEqual({ committed: true })
    expect(await put(one)).toMatchObject({ committed: false })
    expect(await put(nextOf(one), one.ver)).toEqual({ committed: true })
    expect(await put(nextOf(one, { released: true }), one.ver)).toMatchObject({ committed: false })
    expect(await findPayment(table, one.accountId, one.id, { consistent: true })).toEqual(nextOf(one))
  })

  it.each([
    ['an amount that is no whole number', { amountMinor: 1.5 }],
    ['a status that nobody knows', { status: 'lost' }],
    ['a charge without its evidence', { charges: [{ providerPaymentId: 'pay_1' }] }],
    ['another version of the schema', { v: 2 }],
  ])('%s is a defect, wherever it is read', async (_what, over) => {
    const one = payment({ accountId: 'acc_spoiled' })
    await put(one)
    await spoil(table, await stored(one), over)
    await expect(findPayment(table, one.accountId, one.id, { consistent: true })).rejects.toThrow('its own shape')
    await expect(findPaymentById(table, one.id)).rejects.toThrow('its own shape')
  })

  it('is found by its id alone in its month and shard; another id finds nothing', async () => {
    const made = [0, 1, 2, 3, 4].map((month) => payment({ accountId: `acc_by_id_${month}` }, Date.UTC(2026, month, 28)))
    for (const one of made) await put(one)
    for (const one of made) expect(await findPaymentById(table, one.id)).toEqual(one)
    expect(await findPaymentById(table, payment().id)).toBeUndefined()
    expect(await findPaymentById(table, 'fpay_1')).toBeUndefined()
    expect(() => putPaymentWrite({ ...payment(), id: 'pay_1' }, 0)).toThrow('no payment')
  })
})

describe('listPayments', () => {
  it('newest first, page by page, each once; refunds and documents between them are passed over', async () => {
    const accountId = 'acc_list'
    const made = Array.from({ length: 5 }, (_, index) => payment({ accountId }, at + index * minuteMs))
    for (const one of made) {
      const refunds = Array.from({ length: 7 }, () => refundOf(one))
      expect(
        await write(table, [
          { row: 'payment', next: one, seenVer: 0 },
          { row: 'invoice', next: invoice(one, one.createdAt) },
          ...refunds.map((next) => ({ row: 'refund' as const, next, seenVer: 0 })),
        ]),
      ).toBeUndefined()
    }
    const newest = made.toReversed().map(({ id }) => id)
    const pages: string[][] = []
    let before: string | undefined
    let more = true
    while (more) {
      const page = await listPayments(table, accountId, { limit: 2, ...(before !== undefined && { before }) })
      pages.push(page.payments.map(({ id }) => id))
      before = page.payments.at(-1)?.id
      more = page.more
    }
    expect(pages).toEqual([newest.slice(0, 2), newest.slice(2, 4), newest.slice(4)])
    expect(await listPayments(table, accountId, { limit: 5 })).toEqual({ payments: made.toReversed(), more: false })
    // Four rows: the last page of the table brings the payment that is one too many.
    const few = [1, 2, 3].map((minute) => payment({ accountId: 'acc_few' }, at + minute * minuteMs))
    for (const one of few) await put(one)
    await write(
      table,
      few.slice(2).map((one) => ({ row: 'refund' as const, next: refundOf(one), seenVer: 0 })),
    )
    expect(await listPayments(table, 'acc_few', { limit: 2 })).toEqual({ payments: [few[2], few[1]], more: true })
    expect(await listPayments(table, 'acc_nobody', { limit: 5 })).toEqual({ payments: [], more: false })
  })
})

describe('refunds', () => {
  it('lie with their payment, come back as they were written, and move on their version only', async () => {
    const [one, other] = [payment({ accountId: 'acc_refunds' }), payment({ accountId: 'acc_refunds' })]
    const first = refundOf(one)
    const second = refundOf(one, {
      providerRefundId: 'rfnd_1',
      status: 'processed',
      creditsTaken: 3,
      creditsSpent: 1,
      effectAt: at,
      creditNoteId: 'inv_1',
    })
    const writes = [first, second, refundOf(other)].map((next) => ({ row: 'refund' as const, next, seenVer: 0 }))
    expect(await write(table, writes)).toBeUndefined()
    expect(await write(table, writes.slice(0, 1))).toEqual(['refund'])
    expect(await refundsOf(table, one.accountId, one.id)).toEqual([first, second])
    expect(await findRefund(table, one.accountId, one.id, second.id)).toEqual(second)
    expect(await findRefund(table, one.accountId, other.id, second.id)).toBeUndefined()
    const next = { ...first, status: 'pending' as const, ver: 2 }
    expect(await write(table, [{ row: 'refund', next, seenVer: 1 }])).toBeUndefined()
    expect(await write(table, [{ row: 'refund', next, seenVer: 1 }])).toEqual(['refund'])
  })

  it.each([
    [0, 15],
    [14.999, 15],
    [15, 60],
    [60, 240],
    [240, 720],
    [719, 720],
    [720, 720 + 1_440],
  ])('one open at minute %d is asked for again at minute %d', (written, due) => {
    const one = { ...refundOf(payment()), updatedAt: at + written * minuteMs }
    expect(refundDueAt(one)).toBe(at + due * minuteMs)
    expect(refundDueAt({ ...one, status: 'pending' })).toBe(at + due * minuteMs)
    expect(refundDueAt({ ...one, status: 'processed' })).toBeUndefined()
    expect(refundDueAt({ ...one, status: 'failed' })).toBeUndefined()
  })
})

describe('when a payment is due', () => {
  const written = (minutes: number, over: Partial<Payment> = {}): Payment => ({
    ...payment(),
    updatedAt: at + minutes * minuteMs,
    ...over,
  })

  it.each([
    [0, 15],
    [14, 15],
    [15, 60],
    [59, 60],
    [60, 240],
    [240, 720],
    [720, 1_440],
    [1_439, 1_440],
    [1_440, 1_440],
  ])('written at minute %d, at minute %d after checkout', (minutes, due) => {
    expect(paymentDueAt(written(minutes))).toBe(at + due * minuteMs)
  })

  it('six hours on while the provider works on one whose time is over', () => {
    const inFlight = written(1_440, { attempt: { state: 'processing', at } })
    expect(paymentDueAt(inFlight)).toBe(inFlight.updatedAt + 6 * 60 * minuteMs)
    expect(paymentDueAt({ ...inFlight, updatedAt: at })).toBe(at + 15 * minuteMs)
  })

  it('six hours on from a look after its time that did not end it', () => {
    expect(paymentDueAt(written(1_441))).toBe(at + (1_441 + 6 * 60) * minuteMs)
  })

  it('never once money is in or it has expired, and then it leaves the index', async () => {
    expect(paymentDueAt(full())).toBeUndefined()
    const expired = written(1_440, { progress: 'expired', status: 'expired' })
    expect(paymentDueAt(expired)).toBeUndefined()
    const one = payment()
    await put(one)
    expect((await stored(one)).gsi2sk).toBe(`2026-01-31T10:15:00.000Z#ACCOUNT#${one.accountId}#PAY#${one.id}`)
    await put(nextOf(one, { progress: 'expired', status: 'expired' }), one.ver)
    expect(await stored(one)).not.toHaveProperty('gsi2pk')
  })
})
