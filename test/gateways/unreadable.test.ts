import { describe, expect, it } from 'vitest'
import { parsePaystackEvent } from '#gateways/paystackWebhook'
import { parseRazorpayEvent } from '#gateways/razorpayWebhook'
import { parseStripeEvent } from '#gateways/stripeWebhook'
import { bytes, paymentId } from './support.ts'

describe('bodies that are not what they should be', () => {
  const all = [parseRazorpayEvent, parsePaystackEvent, parseStripeEvent]

  it.each([
    ['no JSON', '{"event":'],
    ['empty', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['a number', '7'],
    ['no kind', '{"id":"evt_1","object":"event","data":{}}'],
  ])('%s is unreadable, and has a key all the same', (_, text) => {
    for (const parse of all) {
      const event = parse(bytes(text))
      expect(event.about.type).toBe('unreadable')
      expect(event.eventKey).toMatch(/^[0-9a-f]{64}$/)
    }
  })

  it('bytes that are not UTF-8 are unreadable', () => {
    for (const parse of all) expect(parse(new Uint8Array([0x22, 0xff, 0x22])).about.type).toBe('unreadable')
  })

  it('a kind that matters without its content is unreadable and shows no value', () => {
    const razorpay = parseRazorpayEvent(
      bytes(
        '{"event":"payment.captured","payload":{"payment":{"entity":{"id":"pay_1","amount":"canary","currency":"INR"}}}}',
      ),
    )
    expect(razorpay.about).toEqual({ type: 'unreadable', detail: expect.stringContaining('payment.entity.amount') })
    expect(JSON.stringify(razorpay)).not.toContain('canary')
    expect(parsePaystackEvent(bytes('{"event":"charge.success"}')).about.type).toBe('unreadable')
    expect(parseStripeEvent(bytes('{"id":"evt_1","object":"event","type":"refund.failed","data":{}}')).about.type).toBe(
      'unreadable',
    )
  })

  it('kinds nobody knows, and those named like a member of every object, are ignored', () => {
    expect(parseRazorpayEvent(bytes('{"event":"payment.downtime.started","payload":{}}')).about.type).toBe('ignored')
    for (const kind of ['transfer.success', 'constructor', 'toString', '__proto__'])
      expect(parsePaystackEvent(bytes(JSON.stringify({ event: kind, data: {} }))).about.type).toBe('ignored')
    expect(parseStripeEvent(bytes('{"id":"evt_1","object":"v2.core.event","type":"charge.refunded"}')).about.type).toBe(
      'ignored',
    )
  })

  it('an amount that the currency does not have is unreadable', () => {
    const charge = (amount: unknown, currency: string) =>
      parsePaystackEvent(
        bytes(
          JSON.stringify({
            event: 'charge.success',
            data: { id: 1, status: 'success', reference: 'r', amount, currency },
          }),
        ),
      ).about.type
    expect([
      charge(100, 'XOF'),
      charge(150, 'XOF'),
      charge(100, 'INR'),
      charge(1.5, 'NGN'),
      charge(-1, 'NGN'),
      charge('100', 'NGN'),
    ]).toEqual(['payment', 'unreadable', 'unreadable', 'unreadable', 'unreadable', 'payment'])
  })

  it('ids of 64 bits keep every digit', () => {
    const event = parsePaystackEvent(
      bytes(
        '{"event":"charge.success","data":{"id":18446744073709551615,"status":"success","reference":"fpay-01JD3Q5Z7V8W9X0Y1Z2A3B4C5D","amount":100,"currency":"NGN"}}',
      ),
    )
    expect(event.about).toMatchObject({ payment: { providerPaymentId: '18446744073709551615', reference: paymentId } })
  })

  it('one event, two bodies: two keys at Razorpay, one at Stripe, whose id is signed', () => {
    const one = parseRazorpayEvent(bytes('{"event":"a.b"}')).eventKey
    expect(parseRazorpayEvent(bytes('{"event":"a.b" }')).eventKey).not.toBe(one)
    expect(parseStripeEvent(bytes('{"id":"evt_9","object":"event","type":"a.b"}')).eventKey).toBe('evt_9')
  })

  it('notes are a list when empty, and never name our payment: a browser can set them', () => {
    const event = (notes: unknown) =>
      parseRazorpayEvent(
        bytes(
          JSON.stringify({
            event: 'payment.captured',
            payload: {
              payment: {
                entity: { id: 'pay_1', order_id: 'order_1', amount: 100, currency: 'INR', status: 'captured', notes },
              },
            },
          }),
        ),
      ).about
    expect(event([])).toEqual(event({ paymentId }))
    expect(event({})).toMatchObject({ type: 'payment', payment: { providerOrderId: 'order_1' } })
    expect(JSON.stringify(event({ paymentId }))).not.toContain(paymentId)
  })

  it("an order's receipt names our payment, when the order is the payment's", () => {
    const event = (orderId: string) =>
      parseRazorpayEvent(
        bytes(
          JSON.stringify({
            event: 'order.paid',
            payload: {
              payment: {
                entity: { id: 'pay_1', order_id: 'order_1', amount: 100, currency: 'INR', status: 'captured' },
              },
              order: { entity: { id: orderId, amount: 100, currency: 'INR', status: 'paid', receipt: paymentId } },
            },
          }),
        ),
      ).about
    expect(event('order_1')).toMatchObject({ payment: { reference: paymentId } })
    expect(JSON.stringify(event('order_2'))).not.toContain(paymentId)
  })
})
