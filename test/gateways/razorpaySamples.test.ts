import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import type { WebhookEvent } from '#gateways/gateway'
import { orderEntity, paymentEntity, paymentOf, refundEntity, refundOf, tokenEntity } from '#gateways/razorpayParse'
import { parseRazorpayEvent } from '#gateways/razorpayWebhook'
import { hasVectors, vectorBytes, vectorFiles, vectorText } from './support.ts'

/** The providers' own samples: each is read, and goes where its kind says. */

const read = (path: string): unknown => JSON.parse(vectorText(path))

describe.runIf(hasVectors)('Razorpay', () => {
  const sample = (name: string): WebhookEvent =>
    parseRazorpayEvent(vectorBytes(`razorpay-webhook-samples/${name}.json`))
  const route = (kind: string): string => {
    if (kind.startsWith('payment.dispute.')) return 'dispute'
    if (/^(payment\.|order\.paid|invoice\.(paid|partially_paid))/.test(kind)) return 'payment'
    if (/^refund\.(created|processed|failed)/.test(kind)) return 'refund'
    if (kind.startsWith('subscription.')) return 'subscription'
    return kind.startsWith('token.') ? 'method' : 'ignored'
  }

  it.each(vectorFiles('razorpay-webhook-samples'))('%s', (file) => {
    const event = parseRazorpayEvent(vectorBytes(`razorpay-webhook-samples/${file}`))
    expect([event.kind, event.about.type]).toEqual([file.split('--')[0], route(event.kind)])
    expect(event.eventKey).toMatch(/^[0-9a-f]{64}$/)
  })

  it.each([
    ['payment.failed--card', 'failed'],
    ['payment.authorized--card', 'authorized'],
    ['payment.captured--card', 'captured'],
  ])('%s is %s by its status, though all say captured', (name, status) => {
    expect(sample(name).about).toMatchObject({
      type: 'payment',
      payment: {
        status,
        providerPaymentId: 'pay_DESp9bgForNoUd',
        providerOrderId: 'order_DESoU0U4ikYA19',
        amountMinor: 100,
      },
    })
  })

  it.each(['subscription.charged--subscription-charged', 'subscription.completed--subscription-completed'])(
    '%s has captured as the text "1"',
    (name) => {
      const { about } = sample(name)
      expect(about).toMatchObject({ type: 'subscription', payment: { status: 'captured', amountMinor: 100000 } })
    },
  )

  it('a charge of a subscription ties payment, subscription and period', () => {
    expect(sample('subscription.charged--subscription-charged').about).toMatchObject({
      providerSubscriptionId: 'sub_DEX6xcJ1HSW4CR',
      subscription: { state: 'active', periodStart: 1570213800000, periodEnd: 1572892200000 },
      payment: {
        providerPaymentId: 'pay_DEXFWroJ6LikKT',
        method: { reusable: false, brand: 'mastercard', last4: '5558', expMonth: 2, expYear: 2022 },
      },
    })
  })

  it('an invoice of a subscription is that subscription’s; any payment of an invoice is Razorpay’s own', () => {
    const invoice = sample('invoice.paid--card')
    expect(invoice.about).toMatchObject({ type: 'payment', payment: { isOwnCycle: true } })
    expect(sample('payment.captured--card').about).not.toHaveProperty('payment.isOwnCycle')
    const body = z
      .looseObject({
        payload: z.looseObject({ invoice: z.looseObject({ entity: z.looseObject({}) }) }),
      })
      .parse(read('razorpay-webhook-samples/invoice.paid--card.json'))
    body.payload.invoice.entity.subscription_id = 'sub_DEX6xcJ1HSW4CR'
    expect(parseRazorpayEvent(new TextEncoder().encode(JSON.stringify(body))).about).toMatchObject({
      ...{ type: 'subscription', providerSubscriptionId: 'sub_DEX6xcJ1HSW4CR' },
      payment: { status: 'captured', amountMinor: 479030 },
    })
  })

  it('a refund is its own amount; the payment keeps its running total', () => {
    expect(sample('refund.processed--normal-refunds').about).toMatchObject({
      type: 'refund',
      providerPaymentId: 'pay_FPoJKWQQ8lK13n',
      refund: { providerRefundId: 'rfnd_FS8TWyPrCsa0OB', amountMinor: 50000, status: 'processed' },
      payment: { status: 'captured', refundedMinor: 190000, amountMinor: 500000 },
    })
    expect(sample('refund.created--normal-refunds').about).toMatchObject({ refund: { status: 'processed' } })
    expect(sample('refund.failed--normal-refunds').about).toMatchObject({ refund: { status: 'failed' } })
  })

  it.each([
    ['payment.dispute.won--payment-dispute-won', 'won', 0],
    ['payment.dispute.under_review--payment-dispute-under-review', 'under_review', 0],
    ['payment.dispute.lost--payment-dispute-lost', 'lost', 39000],
  ])('%s', (name, status, deductedMinor) => {
    expect(sample(name).about).toMatchObject({ type: 'dispute', dispute: { status, deductedMinor } })
  })

  it('a dispute may have no order, and its payment may be merely authorised', () => {
    const { about } = sample('payment.dispute.won--payment-dispute-won')
    expect(about).toMatchObject({
      payment: { status: 'authorized' },
      dispute: { providerPaymentId: 'pay_EsIStomuIwFQ6U' },
    })
    expect(about.type === 'dispute' && 'providerOrderId' in about.dispute).toBe(false)
  })

  it('a missing account and a time inside the payload are no obstacle', () => {
    const events = vectorFiles('razorpay-webhook-samples').map((file) =>
      parseRazorpayEvent(vectorBytes(`razorpay-webhook-samples/${file}`)),
    )
    expect(events.filter(({ createdAt }) => createdAt === undefined).length).toBeGreaterThan(0)
    expect(events.filter(({ about }) => about.type === 'unreadable')).toEqual([])
  })

  it('a token comes with its card, and is chargeable only while confirmed', () => {
    expect(sample('token.confirmed--card').about).toMatchObject({
      change: 'confirmed',
      token: 'token_FHfn3rIiM1Z8nr',
      method: { reusable: true, brand: 'visa', last4: '2002', expMonth: 5, expYear: 2025 },
    })
    expect(sample('token.rejected--card').about).toMatchObject({ change: 'rejected', method: { reusable: false } })
    expect(sample('token.cancelled--cards').about).toMatchObject({ change: 'cancelled', method: { reusable: false } })
  })

  it('answers of the API are read', () => {
    const list = <S extends z.ZodMiniType>(schema: S) => z.object({ items: z.array(schema) })
    const fixture = (name: string) => read(`razorpay-api-fixtures/${name}.json`)
    expect(orderEntity.parse(fixture('fake_order'))).toMatchObject({
      amount: 5000,
      status: 'attempted',
      receipt: 'TEST',
    })
    expect(list(orderEntity).parse(fixture('order_collection')).items).toHaveLength(3)
    for (const name of ['fake_payment', 'fake_captured_payment', 'fake_refunded_payment'])
      expect(paymentOf(paymentEntity.parse(fixture(name)), 'test')).toMatchObject({ amountMinor: 500, mode: 'test' })
    expect(paymentOf(paymentEntity.parse(fixture('fake_refunded_payment')), 'test')).toMatchObject({
      status: 'refunded',
      refundedMinor: 500,
    })
    for (const name of ['payment_collection', 'order_payments'])
      expect(list(paymentEntity).parse(fixture(name)).items.length).toBeGreaterThan(0)
    expect(refundOf(refundEntity.parse(fixture('fake_refund')))).toMatchObject({ status: 'pending', amountMinor: 2000 })
    expect(list(refundEntity).parse(fixture('refund_collection_for_payment')).items).toHaveLength(2)
    expect(list(tokenEntity).parse(fixture('tokens_collection')).items).toHaveLength(1)
  })
})
