import { createHmac } from 'node:crypto'
import { type Bench, razorpayCall, text } from './support.ts'

export const hmac = (key: string, content: string) => createHmac('sha256', key).update(content).digest('hex')

/** Calls of whichever bench there is at the time: each test has one of its own. */
export function razorpayOf(bench: () => Bench) {
  const newOrder = (more = {}) =>
    bench().razorpay.orders.create({ amount: 49_900, currency: 'INR', receipt: 'fpay_1', ...more })
  const pay = (orderId: string, more = {}) => bench().fakes.razorpay.pay({ orderId, outcome: 'success', ...more })

  async function paid(more = {}) {
    const order = await newOrder()
    const answer = pay(order.id, more)
    await bench().fakes.idle()
    return { order, paymentId: text(answer.razorpay_payment_id), answer }
  }

  /** A customer with a saved card: the first payment made the mandate. */
  async function mandate(
    card: 'success' | 'declines_later' | 'authentication_required' = 'success',
    maxAmount = 1_000_000,
  ) {
    const customer = await bench().razorpay.customers.create({
      name: 'Asha Rao',
      email: 'asha@example.com',
      contact: '+919000090000',
      fail_existing: 0,
    })
    const order = await newOrder({ customer_id: customer.id, token: { max_amount: maxAmount } })
    const { razorpay_payment_id: id } = pay(order.id, { card })
    const payment = await bench().razorpay.payments.fetch(text(id))
    await bench().fakes.idle()
    bench().heard.length = 0
    return { customerId: customer.id, tokenId: text(payment.token_id) }
  }

  const debit = async (
    { customerId, tokenId }: { customerId: string; tokenId: string },
    amount = 49_900,
    more: Record<string, unknown> = {},
  ) => {
    const order = await newOrder({
      amount,
      receipt: 'fpay_renewal',
      customer_id: customerId,
      payment_capture: true,
      ...more,
    })
    const answer = await razorpayCall(bench().fakes.razorpay.url, '/v1/payments/create/recurring', {
      email: 'asha@example.com',
      contact: '+919000090000',
      amount,
      currency: 'INR',
      order_id: order.id,
      customer_id: customerId,
      token: tokenId,
      recurring: true,
    })
    return { order, answer }
  }

  return { newOrder, pay, paid, mandate, debit }
}
