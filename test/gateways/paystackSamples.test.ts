import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import type { WebhookEvent } from '#gateways/gateway'
import {
  refund as paystackRefund,
  refundOf as paystackRefundOf,
  referenceFor,
  transaction,
  transactionPayment,
} from '#gateways/paystackParse'
import { parsePaystackEvent } from '#gateways/paystackWebhook'
import { bytes, hasVectors, paymentId, vectorBytes, vectorFiles, vectorText } from './support.ts'

/** The providers' own samples: each is read, and goes where its kind says. */

const read = (path: string): unknown => JSON.parse(vectorText(path))

describe.runIf(hasVectors)('Paystack', () => {
  const sample = (name: string): WebhookEvent =>
    parsePaystackEvent(vectorBytes(`paystack-webhook-samples/events__${name}.json`))
  const route = (kind: string): string => {
    if (kind === 'charge.success') return 'payment'
    if (kind.startsWith('refund.')) return 'refund'
    if (kind.startsWith('charge.dispute.')) return 'dispute'
    return /^(invoice\.|subscription\.(create|disable|enable|not_renew)$)/.test(kind) ? 'subscription' : 'ignored'
  }

  it.each(vectorFiles('paystack-webhook-samples'))('%s', (file) => {
    const event = parsePaystackEvent(vectorBytes(`paystack-webhook-samples/${file}`))
    expect(event.kind).not.toBe('')
    expect(event.about.type).toBe(route(event.kind))
  })

  it('charge.success with metadata 0 and an empty plan; a code that is not said to be reusable is not kept', () => {
    const event = sample('transaction-successful')
    expect(event.mode).toBe('live')
    expect(event.about).toMatchObject({
      payment: {
        providerPaymentId: '302961',
        providerOrderId: 'qTPrJoy9Bx',
        status: 'captured',
        amountMinor: 10000,
        currency: 'NGN',
      },
    })
    expect(JSON.stringify(event)).not.toContain('AUTH_')
  })

  it.each([
    ['refund-pending', 'pending', 10000],
    ['refund-processing', 'pending', 10000],
    ['refund-processed', 'processed', 5000],
    ['refund-failed', 'failed', 20000],
    ['refund-needs-attention', 'pending', 5306],
  ])('%s: text or number, the transaction by its reference', (name, status, amountMinor) => {
    const { about } = sample(name)
    expect(about).toMatchObject({
      type: 'refund',
      refund: { status, amountMinor, providerOrderId: expect.any(String) },
    })
    expect(about.type === 'refund' && 'providerPaymentId' in about).toBe(false)
  })

  it('a refund of an order of ours names our payment, whichever opening of it was paid', () => {
    const { data, ...rest } = z
      .object({ event: z.string(), data: z.record(z.string(), z.unknown()) })
      .parse(read('paystack-webhook-samples/events__refund-processed.json'))
    const told = (reference: string) => {
      const body = JSON.stringify({ ...rest, data: { ...data, transaction_reference: reference } })
      const { about } = parsePaystackEvent(bytes(body))
      return about.type === 'refund' ? about.refund.paymentReference : about.type
    }
    expect([told(referenceFor(paymentId)), told(referenceFor(paymentId, 2)), told('T123')]).toEqual([
      paymentId,
      paymentId,
      undefined,
    ])
  })

  it('a refund that needs attention says so, and carries an id as the only one', () => {
    expect(sample('refund-needs-attention').about).toMatchObject({
      refund: { providerRefundId: '123456', failure: { code: 'needs_attention' } },
    })
  })

  it('an array as data, an empty transaction, a status off the table', () => {
    expect(sample('subscription-expiring-card')).toMatchObject({
      kind: 'subscription.expiring_cards',
      about: { type: 'ignored' },
    })
    expect(sample('invoice-failed').about).toMatchObject({
      providerSubscriptionId: 'SUB_f7ct8g01mtcjf78',
      invoice: { state: 'failed' },
    })
    // Its period ends before it begins.
    expect(sample('invoice-failed').about).not.toHaveProperty('invoice.periodEnd')
    expect(sample('invoice-updated').about).toMatchObject({
      invoice: {
        ...{ state: 'paid', providerOrderId: 'rdtmivs7zf', amountMinor: 50000 },
        ...{ periodStart: Date.UTC(2016, 3, 19, 7), periodEnd: Date.UTC(2016, 4, 19, 7) },
      },
    })
    expect(sample('subscription-disabled').about).toMatchObject({
      subscription: { state: 'ended', status: 'complete' },
    })
    expect(sample('subscription-not-renew').about).toMatchObject({
      subscription: { state: 'active', endsAtPeriodEnd: true },
    })
  })

  it('a subscription’s event has no time of its own: what is told is when the subscription was made', () => {
    for (const name of ['subscription-created', 'subscription-not-renew', 'subscription-disabled', 'invoice-updated'])
      expect(sample(name)).not.toHaveProperty('createdAt')
    expect(sample('transaction-successful')).toHaveProperty('createdAt')
  })

  it('an invoice not tried yet is open; a charge under a plan is Paystack’s own', () => {
    const parsed = (body: object) => parsePaystackEvent(new TextEncoder().encode(JSON.stringify(body)))
    const read = (name: string) => JSON.parse(vectorText(`paystack-webhook-samples/events__${name}.json`))
    const created = read('invoice-created')
    const waiting = { ...created, data: { ...created.data, paid: false, transaction: {} } }
    expect(parsed(waiting).about).toMatchObject({ invoice: { state: 'open' } })
    // The evening before the next charge is not the end of the period.
    const evening = { ...created.data, period_end: '2019-01-19T23:59:59.000Z' }
    const monthly = {
      ...evening,
      subscription: { ...evening.subscription, next_payment_date: '2019-01-20T15:00:00.000Z' },
    }
    expect(parsed({ ...created, data: monthly }).about).toMatchObject({
      invoice: { periodEnd: Date.UTC(2019, 0, 20, 15) },
    })
    expect(parsed({ ...created, data: evening }).about).toMatchObject({
      invoice: { periodEnd: Date.UTC(2019, 0, 19, 23, 59, 59) },
    })
    const charged = read('transaction-successful')
    expect(parsed(charged).about).not.toHaveProperty('payment.isOwnCycle')
    for (const plan of ['PLN_1', { id: 1, plan_code: 'PLN_1' }])
      expect(parsed({ ...charged, data: { ...charged.data, plan } }).about).toHaveProperty('payment.isOwnCycle', true)
  })

  it('disputes: open, and lost when nobody answered', () => {
    expect(sample('charge-dispute-create').about).toMatchObject({
      dispute: { status: 'open', amountMinor: 5800, deductedMinor: 0, providerPaymentId: '896467688' },
    })
    expect(sample('charge-dispute-resolve').about).toMatchObject({
      dispute: { status: 'lost', deductedMinor: 5700 },
      payment: { status: 'refunded' },
    })
  })

  const answer = z.object({ 200: z.object({ data: z.object({ data: z.unknown() }) }) })
  const dataOf = (name: string): unknown => answer.parse(read(`paystack-api-samples/${name}.json`))['200'].data.data

  it('a verified transaction is what was asked, without the fee on top', () => {
    expect(transactionPayment(transaction.parse(dataOf('transactions__verify')))).toMatchObject({
      amountMinor: 30050,
      status: 'captured',
      providerPaymentId: '4099260516',
      mode: 'test',
      method: {
        kind: 'card',
        brand: 'visa',
        last4: '4081',
        expMonth: 12,
        expYear: 2030,
        token: 'AUTH_uh8bcl3zbn',
        reusable: true,
        gatewayCustomerId: 'CUS_1rkzaqsv4rrhqo6',
      },
    })
  })

  it('the answers to charges and refunds are read', () => {
    expect(transactionPayment(transaction.parse(dataOf('transactions__charge_authorization')))).toMatchObject({
      status: 'captured',
      amountMinor: 35247,
    })
    expect(transactionPayment(transaction.parse(dataOf('transactions__partial_debit')))).toMatchObject({
      amountMinor: 50000,
    })
    expect(paystackRefundOf(paystackRefund.parse(dataOf('refunds__create')))).toMatchObject({
      providerRefundId: '3018284',
      providerPaymentId: '1004723697',
      providerOrderId: 'T685312322670591',
      status: 'pending',
    })
    const list = z.array(paystackRefund).parse(dataOf('refunds__list')).map(paystackRefundOf)
    expect(list.map(({ providerPaymentId, reference }) => [providerPaymentId, reference])).toEqual([
      ['1641', undefined],
      ['323896', undefined],
    ])
    expect(paystackRefundOf(paystackRefund.parse(dataOf('refunds__fetch')))).toMatchObject({ status: 'processed' })
  })
})
