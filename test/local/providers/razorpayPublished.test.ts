import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { returnSignature } from '#local/providers/razorpay/charge'
import { razorpayKinds } from '#local/providers/razorpay/compose'
import { razorpayOf } from './razorpaySupport.ts'
import { type Bench, dig, hasVectors, missingKeys, startBench, text, vector, vectorNames } from './support.ts'

let bench: Bench
beforeEach(async () => {
  bench = await startBench()
})
afterEach(() => bench.stop())

const { debit, mandate, paid } = razorpayOf(() => bench)

describe.runIf(hasVectors)('the published samples', () => {
  /** Names that belong to another method of payment than a card, or to values that the merchant gives. */
  const others = new Set(['payment.entity.acquirer_data.bank_transaction_id', 'refund.entity.notes.comment'])
  /** The merchant's own note, and evidence that one sample has beside the entity instead of in it. */
  const misplaced = ['payload.subscription.entity.notes.Important', 'payload.dispute.evidence']
  const known = vectorNames('razorpay-webhook-samples', (name) => {
    const kind = name.split('--')[0] ?? ''
    const method = name.includes('emandate') || name.includes('nach')
    return razorpayKinds.includes(kind) && !method
  })

  it.each(known)('our events have every field of %s', async (name) => {
    await mandate()
    const { paymentId } = await paid({ card: 'dispute' })
    await bench.razorpay.payments.refund(paymentId, { amount: 100 })
    const sample = vector('razorpay-webhook-samples', name)
    const sent = bench.fakes.razorpay.sendEvent(text(sample.event))
    const missing = missingKeys(sample, sent.body, misplaced)
    expect(missing.filter((path) => !others.has(path.replace('payload.', '')))).toEqual([])
    expect(sent.body.contains).toEqual(expect.arrayContaining(Object.keys(dig(sample, 'payload'))))
  })

  it.each([
    'fake_order',
    'fake_payment',
    'fake_captured_payment',
    'fake_refund',
    'fake_customer',
    'fake_token',
    'fake_dispute',
    'fake_recurring',
  ])('our answers have every field of %s', async (name) => {
    const saved = await mandate()
    const { order, paymentId } = await paid({ card: 'dispute' })
    const refund = await bench.razorpay.payments.refund(paymentId, { amount: 100 })
    const disputes = await bench.razorpay.disputes.all({})
    const answers: Record<string, unknown> = {
      fake_order: await bench.razorpay.orders.fetch(order.id),
      fake_payment: await bench.razorpay.payments.fetch(paymentId),
      fake_captured_payment: await bench.razorpay.payments.fetch(paymentId),
      fake_refund: await bench.razorpay.refunds.fetch(refund.id),
      fake_customer: await bench.razorpay.customers.fetch(saved.customerId),
      fake_token: await bench.razorpay.customers.fetchToken(saved.customerId, saved.tokenId),
      fake_dispute: disputes.items[0],
      fake_recurring: (await debit(saved)).answer.body,
    }
    const ours = JSON.parse(JSON.stringify(answers[name]))
    expect(missingKeys(vector('razorpay-api-fixtures', `${name}.json`), ours)).toEqual([])
  })

  it('a missing id answers the very error of the fixture', async () => {
    const { error } = vector('razorpay-api-fixtures', 'payment_error.json')
    await expect(bench.razorpay.payments.fetch('pay_none')).rejects.toEqual({ statusCode: 400, error })
  })

  it('the signature of a return is the published one', () => {
    const { positive } = vector('razorpay-checkout-signatures.json')
    const orders = (Array.isArray(positive) ? positive : []).filter((one) => dig({ one }, 'one').kind === 'order')
    expect(orders.length).toBeGreaterThan(2)
    for (const one of orders) {
      const { secret, order_id: orderId, payment_id: paymentId, signature } = dig({ one }, 'one')
      expect(returnSignature(text(secret), text(orderId), text(paymentId))).toBe(signature)
    }
  })
})
