import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stripeOf } from './stripeSupport.ts'
import { type Bench, dayMs, kindsOf, startBench, text } from './support.ts'

let bench: Bench
beforeEach(async () => {
  bench = await startBench()
})
afterEach(() => bench.stop())

const { newInvoiceItem, newSubscription } = stripeOf(() => bench)

describe('a subscription and its first invoice', () => {
  it('is active once that is paid, and ends at the end of its month where that was asked for', async () => {
    const { id, latest_invoice } = await newSubscription()
    const paid = await bench.stripe.invoices.retrieve(text(latest_invoice))
    expect(paid).toMatchObject({ status: 'paid', amount_paid: 3000, amount_remaining: 0 })
    expect(await bench.stripe.subscriptions.update(id, { cancel_at_period_end: true })).toMatchObject({
      status: 'active',
      cancel_at_period_end: true,
    })
    await bench.advance(30 * dayMs)
    expect(await bench.stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active' })
    await bench.advance(dayMs)
    expect(await bench.stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'canceled' })
    expect(kindsOf(bench.heard)).toContain('customer.subscription.deleted')
  })

  it('stays incomplete, its invoice open, where the card is refused', async () => {
    const method = { default_payment_method: 'pm_card_chargeCustomerFail' }
    const { status, latest_invoice } = await newSubscription(method)
    expect(status).toBe('incomplete')
    expect(await bench.stripe.invoices.retrieve(text(latest_invoice))).toMatchObject({
      status: 'open',
      attempt_count: 1,
    })
    expect(kindsOf(bench.heard)).not.toContain('invoice.paid')
  })

  it('is paid from the end of a trial on, which is told of three days before', async () => {
    const { id, status } = await newSubscription({ trial_period_days: 7 })
    expect(status).toBe('trialing')
    await bench.advance(4 * dayMs - 1)
    expect(kindsOf(bench.heard)).not.toContain('customer.subscription.trial_will_end')
    await bench.advance(1)
    expect(kindsOf(bench.heard)).toContain('customer.subscription.trial_will_end')
    await bench.advance(3 * dayMs)
    expect(await bench.stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active' })
  })

  it.each([
    ['draft', 'voidInvoice'],
    ['draft', 'markUncollectible'],
    ['open', 'finalizeInvoice'],
    ['open', 'del'],
    ['open', 'sendInvoice'],
  ] as const)('an invoice that is %s refuses %s', async (status, step) => {
    const { customer } = await newInvoiceItem()
    const { id } = await bench.stripe.invoices.create({ customer, pending_invoice_items_behavior: 'include' })
    if (status === 'open') await bench.stripe.invoices.finalizeInvoice(id ?? '')
    await expect(bench.stripe.invoices[step](id ?? '')).rejects.toMatchObject({ type: 'StripeInvalidRequestError' })
    expect(await bench.stripe.invoices.retrieve(id ?? '')).toMatchObject({ status, amount_due: 1000 })
  })
})
