import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Checkout, startCheckout } from '#local/checkout'
import { type Bench, startBench, text } from './providers/support.ts'

let bench: Bench
let checkout: Checkout
beforeAll(async () => {
  bench = await startBench()
  const { razorpay, paystack, stripe } = bench.fakes
  checkout = await startCheckout({ razorpay: razorpay.url, paystack: paystack.url, stripe: stripe.url }, 0)
})
afterAll(async () => {
  await checkout.stop()
  await bench.stop()
})

const get = (query: string) => fetch(`${checkout.url}/${query}`, { redirect: 'manual' })

describe('the way to a provider’s page', () => {
  it.each(['razorpay', 'paystack', 'stripe'] as const)(
    'leads to an order of %s, with the way back',
    async (provider) => {
      for (const query of [
        new URLSearchParams({ provider, order: 'a b/c' }),
        new URLSearchParams({
          answer: JSON.stringify({ paymentId: 'x', provider, providerOrderId: 'a b/c', more: [] }),
        }),
      ]) {
        const answer = await get(`?${query}`)
        const back = encodeURIComponent(checkout.returnUrl)
        const address = `${bench.fakes[provider].url}/_fake/checkout/a%20b%2Fc?return_url=${back}`
        expect({ status: answer.status, to: answer.headers.get('location') }).toEqual({ status: 303, to: address })
      }
    },
  )

  it('is a page with both forms when nothing is asked', async () => {
    const answer = await get('')
    expect(answer.status).toBe(200)
    const html = await answer.text()
    for (const part of ['name="answer"', 'name="provider"', 'name="order"', '<option>paystack</option>'])
      expect(html).toContain(part)
  })

  it.each([
    '?provider=paypal&order=1',
    '?provider=stripe',
    '?order=1',
    '?provider=stripe&order=',
    `?provider=stripe&order=${'x'.repeat(201)}`,
    '?answer=%7B',
    '?answer=null',
    '?answer={"provider":"stripe"}',
    '?answer={"provider":"stripe","providerOrderId":7}',
  ])('answers 400 and says what it needs to %s', async (query) => {
    const answer = await get(query)
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('names no order')
  })

  it('ends, once paid, on the page that shows what the provider handed over', async () => {
    const order = await bench.razorpay.orders.create({ amount: 50_000, currency: 'INR', receipt: 'r' })
    const bill = await fetch(`${checkout.url}/?provider=razorpay&order=${order.id}`)
    expect(bill.status).toBe(200)
    const paid = await fetch(bill.url, { method: 'POST', body: new URLSearchParams({ outcome: 'success' }) })
    expect(paid.url).toContain(checkout.returnUrl)
    const html = await paid.text()
    expect(html).toContain('Paid. You may close this page.')
    const { items } = await bench.razorpay.orders.fetchPayments(order.id)
    for (const part of [order.id, text(items[0]?.id), 'razorpay_signature']) expect(html).toContain(part)
  })
})

describe('the way back', () => {
  it('says that nothing was paid after a checkout that was left', async () => {
    expect(await (await fetch(`${checkout.returnUrl}?cancelled=1`)).text()).toContain('Nothing was paid.')
  })

  it('shows what it is given as text, never as markup', async () => {
    const html = await (await fetch(`${checkout.returnUrl}?x=${encodeURIComponent('<script>')}&<b>=1`)).text()
    expect(html).not.toMatch(/<script>|<b>/)
    expect(html).toContain('&#60;script&#62;')
  })

  it('404 for any other page', async () => {
    expect((await get('other')).status).toBe(404)
  })
})
