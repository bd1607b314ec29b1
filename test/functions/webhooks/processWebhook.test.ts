import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { callsOf, takeSent } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'
import {
  begin,
  bytesOf,
  checkedOut,
  deliver,
  hashOf,
  payersOf,
  scripted,
  signed,
  stored,
  stripeEvent,
  told,
  work,
} from '#test/support/webhooks'

const start = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ product: 'resume-ats', now: start })
const { putAccount } = callsOf(deps)
const { fakes, stop: stopFakes } = await withFakes(deps)
const { paid, paymentNow, rowsOf } = payersOf(deps, fakes)
afterAll(async () => {
  await stopFakes()
  await deps.stop()
})
beforeEach(() => begin(deps, start))

describe('processWebhook', () => {
  it('settles what the provider says was paid', async () => {
    const bought = await paid('wh-paid')
    expect(bought.events.length).toBeGreaterThan(1)
    for (const body of bought.events) await deliver(deps, 'razorpay', body)
    expect(await work(deps)).toEqual([])
    expect(await paymentNow(bought)).toMatchObject({ status: 'completed', settled: { as: 'granted' } })
    for (const body of bought.events)
      expect(await stored(deps, 'razorpay', hashOf(body))).toMatchObject({
        status: 'processed',
        attempts: 0,
        accountId: 'wh-paid',
        paymentId: bought.paymentId,
        processedAt: Date.parse(start),
      })
  })

  it('all events of one charge, twenty times over at once, are one plan, one invoice, one grant', async () => {
    fakes.razorpay.behave({ settings: { fiveEvents: true } })
    const bought = await paid('wh-race')
    fakes.razorpay.behave({ reset: true })
    const kinds = bought.events.map((body) => String(Reflect.get(JSON.parse(body), 'event')))
    expect(kinds.length).toBeGreaterThanOrEqual(3)
    for (const body of bought.events) await deliver(deps, 'razorpay', body)
    const messages = takeSent(deps, 'webhook')
    await Promise.all(Array.from({ length: 20 }, () => work(deps, messages)))
    expect(await paymentNow(bought)).toMatchObject({ status: 'completed' })
    expect(await rowsOf('wh-race', `PAY#${bought.paymentId}#INV#`)).toHaveLength(1)
    expect(await rowsOf('wh-race', 'SUB#')).toHaveLength(1)
    expect(await rowsOf('wh-race', 'SUBHIST#')).toHaveLength(1)
    for (const body of bought.events)
      expect(await stored(deps, 'razorpay', hashOf(body))).toMatchObject({
        status: expect.stringMatching(/processed|ignored/),
      })
  })

  it('a settled payment’s later events ask nobody', async () => {
    const bought = await paid('wh-quiet')
    const [first = '', ...others] = bought.events
    await deliver(deps, 'razorpay', first)
    await work(deps)
    const settledAt = await paymentNow(bought)
    for (const body of others) await deliver(deps, 'razorpay', body)
    const silent = scripted(deps, 'razorpay', {
      fetchPayment: () => Promise.reject(new Error('asked')),
      fetchOrder: () => Promise.reject(new Error('asked')),
    })
    expect(await work(silent)).toEqual([])
    for (const body of others) expect((await stored(deps, 'razorpay', hashOf(body))).status).toBe('processed')
    expect(await paymentNow(bought)).toEqual(settledAt)
  })

  it('an altered amount under a valid signature grants nothing of its own: the provider is asked', async () => {
    const bought = await paid('wh-altered')
    const altered = (bought.events[0] ?? '').replaceAll('14900', '100')
    expect(altered).not.toBe(bought.events[0])
    await deliver(deps, 'razorpay', altered, { headers: signed('razorpay', bytesOf(altered)) })
    await work(deps)
    // What counts is what the API says: the right amount was paid.
    expect(await paymentNow(bought)).toMatchObject({ status: 'completed', capturedMinor: 14900 })
  })

  it('a payment of another amount than asked lands in review', async () => {
    const bought = await paid('wh-less', { amount: 100 })
    for (const body of bought.events) await deliver(deps, 'razorpay', body)
    await work(deps)
    expect(await paymentNow(bought)).toMatchObject({ status: 'review', flags: ['amount'] })
    expect(await rowsOf('wh-less', 'SUB#')).toEqual([])
  })

  it('a failed payment is recorded, and its later success settles', async () => {
    await putAccount({ account: 'wh-failed', body: { email: 'f@example.com' } })
    const { paymentId, providerOrderId } = await checkedOut(deps, 'wh-failed', { priceId: 'pro-month' })
    const address = { account: 'wh-failed', paymentId }
    fakes.razorpay.pay({ orderId: providerOrderId, outcome: 'fail' })
    await deliver(deps, 'razorpay', told(fakes, 'razorpay', 'payment.failed').at(-1) ?? '')
    await work(deps)
    expect(await paymentNow(address)).toMatchObject({ status: 'failed' })
    fakes.razorpay.pay({ orderId: providerOrderId, outcome: 'success' })
    await deliver(deps, 'razorpay', told(fakes, 'razorpay', 'payment.captured').at(-1) ?? '')
    await work(deps)
    expect(await paymentNow(address)).toMatchObject({ status: 'completed' })
  })

  it('a refund made in the dashboard is applied, and told twice is applied once', async () => {
    const bought = await paid('wh-refund')
    for (const body of bought.events) await deliver(deps, 'razorpay', body)
    await work(deps)
    const { providerPaymentId } = await paymentNow(bought)
    const refund = (event: string) =>
      JSON.stringify({
        event,
        payload: {
          refund: {
            entity: {
              id: 'rfnd_outside0000001',
              amount: 5000,
              currency: 'INR',
              payment_id: providerPaymentId,
              status: 'processed',
            },
          },
          payment: {
            entity: {
              id: providerPaymentId,
              amount: 14900,
              currency: 'INR',
              status: 'captured',
              order_id: bought.providerOrderId,
              amount_refunded: 5000,
            },
          },
        },
      })
    for (const body of [refund('refund.created'), refund('refund.processed')]) {
      await deliver(deps, 'razorpay', body)
      expect(await work(deps)).toEqual([])
      expect(await stored(deps, 'razorpay', hashOf(body))).toMatchObject({
        status: 'processed',
        paymentId: bought.paymentId,
      })
    }
    expect(await paymentNow(bought)).toMatchObject({ status: 'partially_refunded', refundedMinor: 5000 })
    expect(await rowsOf('wh-refund', `PAY#${bought.paymentId}#RFD#`)).toHaveLength(1)
  })

  it('a dispute flags its payment, and a late "open" does not take its end back', async () => {
    const bought = await paid('wh-dispute')
    for (const body of bought.events) await deliver(deps, 'razorpay', body)
    await work(deps)
    const { providerPaymentId } = await paymentNow(bought)
    const dispute = (event: string, status: string, at: number, deducted = 0) =>
      JSON.stringify({
        event,
        created_at: at,
        payload: {
          dispute: {
            entity: {
              id: 'disp_0000000000001',
              payment_id: providerPaymentId,
              amount: 14900,
              currency: 'INR',
              status,
              amount_deducted: deducted,
              phase: 'chargeback',
            },
          },
        },
      })
    for (const body of [
      dispute('payment.dispute.created', 'open', 1_773_144_000),
      dispute('payment.dispute.won', 'won', 1_773_148_000),
      dispute('payment.dispute.under_review', 'under_review', 1_773_146_000),
    ]) {
      await deliver(deps, 'razorpay', body)
      expect(await work(deps)).toEqual([])
    }
    expect(await paymentNow(bought)).toMatchObject({ flags: ['dispute_won'], disputes: [{ outcome: { won: true } }] })
    // Less may be taken in the end than was disputed.
    await deliver(deps, 'razorpay', dispute('payment.dispute.lost', 'lost', 1_773_149_000, 14_000))
    expect(await work(deps)).toEqual([])
    expect(await paymentNow(bought)).toMatchObject({
      ...{ status: 'disputed', notedMinor: 14_000 },
      disputes: [{ amountMinor: 14_900, outcome: { won: false, takenMinor: 14_000 } }],
    })
  })

  it('an imported subscription’s event is ignored while none is known; a notice that failed asks the provider', async () => {
    const subscription = stripeEvent('evt_sub', 'customer.subscription.updated', { id: 'sub_1', status: 'active' })
    await deliver(deps, 'stripe', subscription)
    await work(deps)
    expect(await stored(deps, 'stripe', 'evt_sub')).toMatchObject({ status: 'ignored', lastError: 'not_imported' })
    const bought = await paid('wh-notice')
    const notice = JSON.stringify({
      event: 'order.notification.failed',
      payload: { notification: { entity: { order_id: bought.providerOrderId } } },
    })
    await deliver(deps, 'razorpay', notice)
    await work(deps)
    expect(await stored(deps, 'razorpay', hashOf(notice))).toMatchObject({
      status: 'processed',
      paymentId: bought.paymentId,
    })
    expect(await paymentNow(bought)).toMatchObject({ status: 'completed' })
  })
})
