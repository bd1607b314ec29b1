import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hmac, razorpayOf } from './razorpaySupport.ts'
import { type Bench, dayMs, hourMs, kindsOf, razorpayCall, startBench, text } from './support.ts'

let bench: Bench
beforeEach(async () => {
  bench = await startBench()
})
afterEach(() => bench.stop())

const { debit, mandate } = razorpayOf(() => bench)

describe('renewals on a saved card', () => {
  it('an accepted debit happens 36 h 05 min later, not a minute before', async () => {
    const saved = await mandate()
    const { order, answer } = await debit(saved, 49_900, { notification: { token_id: saved.tokenId } })
    expect(answer.status).toBe(200)
    const id = text(answer.body.razorpay_payment_id)
    expect(answer.body.razorpay_signature).toBe(hmac('rzp-key', `${order.id}|${id}`))
    await bench.advance(36 * hourMs + 4 * 60_000)
    expect(kindsOf(bench.heard)).toEqual(['order.notification.delivered'])
    expect(await bench.razorpay.payments.fetch(id)).toMatchObject({ status: 'created' })
    await bench.advance(60_000)
    expect(kindsOf(bench.heard).slice(1)).toEqual(['payment.authorized', 'payment.captured', 'order.paid'])
    expect(await bench.razorpay.payments.fetch(id)).toMatchObject({ status: 'captured', token_id: saved.tokenId })
  })

  it.each([
    [24 * 3600 - 1, 400],
    [24 * 3600, 200],
  ])('a debit %i s after its notice answers %i', async (after, status) => {
    const saved = await mandate()
    const paymentAfter = Math.floor(bench.now() / 1000) + after
    const answer = await razorpayCall(bench.fakes.razorpay.url, '/v1/orders', {
      amount: 49_900,
      currency: 'INR',
      notification: { token_id: saved.tokenId, payment_after: paymentAfter },
    })
    expect(answer.status).toBe(status)
  })

  it('a jump of the clock over the debit dates it where it was due', async () => {
    await debit(await mandate())
    const acceptedMs = bench.now()
    await bench.advance(30 * dayMs)
    const due = Math.floor((acceptedMs + 36 * hourMs + 5 * 60_000) / 1000)
    expect(bench.heard.map(({ body }) => body.created_at)).toEqual([due, due, due])
  })

  it.each([
    ['declines_later', 'insufficient_funds'],
    ['authentication_required', 'payment_authentication_required'],
  ] as const)('a card that %s fails with %s', async (card, reason) => {
    const { answer } = await debit(await mandate(card))
    await bench.advance(2 * dayMs)
    expect(kindsOf(bench.heard)).toEqual(['payment.failed'])
    const payment = await bench.razorpay.payments.fetch(text(answer.body.razorpay_payment_id))
    expect(payment).toMatchObject({ status: 'failed', error_reason: reason })
  })

  it.each([
    [1_500_000, 200],
    [1_500_001, 400],
  ])('a debit of %i paise, with INR 15,000 the most, answers %i', async (amount, status) => {
    const { answer } = await debit(await mandate('success', 9_999_900), amount)
    expect(answer.status).toBe(status)
  })

  it('a debit above the mandate is refused', async () => {
    const { answer } = await debit(await mandate('success', 40_000))
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { description: 'Amount exceeds maximum amount allowed' } },
    })
  })

  it('a notice that fails takes the debit with it', async () => {
    bench.fakes.razorpay.behave({ settings: { preDebitNoticeFails: true } })
    const saved = await mandate()
    await debit(saved, 49_900, { notification: { token_id: saved.tokenId } })
    await bench.advance(2 * dayMs)
    expect(kindsOf(bench.heard)).toEqual(['order.notification.failed', 'payment.failed'])
  })

  it('a cancelled token is announced, no longer listed and no longer debited', async () => {
    const saved = await mandate()
    expect(await bench.razorpay.customers.fetchTokens(saved.customerId)).toMatchObject({ count: 1 })
    await bench.razorpay.customers.deleteToken(saved.customerId, saved.tokenId)
    await bench.fakes.idle()
    expect(kindsOf(bench.heard)).toEqual(['token.cancelled'])
    expect(await bench.razorpay.customers.fetchTokens(saved.customerId)).toMatchObject({ count: 0 })
    expect((await debit(saved)).answer.status).toBe(400)
  })
})
