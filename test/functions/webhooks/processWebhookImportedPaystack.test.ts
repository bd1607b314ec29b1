import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { testDeps } from '#test/support/deps'
import { sweep } from '#test/support/renewals'
import { begin } from '#test/support/webhooks'
import { end, first, importedOf, next, now, renewed, second } from './importedSupport.ts'

const deps = await testDeps({ product: 'resume-ats', now })
afterAll(() => deps.stop())
const { brought, get, hear, linesOf, noticesOf, ours, seen } = importedOf(deps)
beforeEach(() => begin(deps, now))

/** As in Paystack's documentation: `created_at` is the subscription's, and only an invoice tells a period. */
const paystack = (event: string, code: string, over: object = {}) =>
  JSON.stringify({
    event,
    data: {
      ...{
        domain: 'test',
        status: 'active',
        subscription_code: code,
        amount: 1_490_000,
        cron_expression: '0 10 20 * *',
      },
      ...{ next_payment_date: end, open_invoice: null, created_at: '2025-11-20T10:00:00.000Z' },
      customer: { customer_code: 'CUS_xnxdt6s1zg1f4nx', email: 'a@example.com' },
      ...over,
    },
  })
const paystackInvoice = (event: string, code: string, over: object = {}) =>
  JSON.stringify({
    event,
    data: {
      ...{ domain: 'test', invoice_code: `INV_${code.slice(4)}`, amount: 1_490_000, status: 'success', paid: true },
      ...{ period_start: end, period_end: '2026-04-19T23:59:59.000Z', created_at: '2026-03-17T10:00:00.000Z' },
      subscription: { status: 'active', subscription_code: code, next_payment_date: next, open_invoice: null },
      customer: { customer_code: 'CUS_xnxdt6s1zg1f4nx' },
      transaction: { reference: `ref${code}`, status: 'success', amount: 1_490_000, currency: 'NGN' },
      ...over,
    },
  })

describe('processWebhook of a subscription that Paystack renews', () => {
  it('invoice.update: paid, the next period and its line; the invoice before it and the charge say nothing', async () => {
    const account = await brought('p-paid', 'paystack', 'SUB_Paid')
    await hear('paystack', paystack('subscription.create', 'SUB_Paid'))
    deps.clock.set('2026-03-17T10:00:00.000Z')
    const waiting = { paid: false, status: 'pending', transaction: {} }
    expect(await hear('paystack', paystackInvoice('invoice.create', 'SUB_Paid', waiting))).toMatchObject({
      status: 'processed',
    })
    expect(await seen(account)).toEqual(first)
    deps.clock.set(renewed)
    const charge = JSON.stringify({
      event: 'charge.success',
      data: {
        ...{
          id: 302_961,
          domain: 'test',
          status: 'success',
          reference: 'refSUB_Paid',
          amount: 1_490_000,
          currency: 'NGN',
        },
        ...{ metadata: 0, plan: { id: 67_572, name: 'Pro', plan_code: 'PLN_gx2wn530m0i3w3m', interval: 'monthly' } },
      },
    })
    expect(await hear('paystack', charge)).toMatchObject({ status: 'ignored', lastError: 'provider_cycle' })
    await hear('paystack', paystackInvoice('invoice.update', 'SUB_Paid'))
    expect(await seen(account)).toEqual(second)
    expect((await linesOf(account))[0]).toEqual({
      ...{
        kind: 'renewal',
        amount: 1_490_000,
        currency: 'NGN',
        provider: 'paystack',
        providerPaymentId: 'refSUB_Paid',
      },
      ...{ paymentId: null, endedAt: next },
    })
    expect(await ours(account)).toEqual([])
    expect(deps.metrics).toEqual([])
  })

  it('invoice.payment_failed: overdue, by the time of its receipt', async () => {
    const account = await brought('p-failed', 'paystack', 'SUB_Failed')
    deps.clock.set(renewed)
    const failed = { paid: false, status: 'pending', period_end: '2026-03-19T23:59:59.000Z', transaction: {} }
    await hear('paystack', paystackInvoice('invoice.payment_failed', 'SUB_Failed', failed))
    expect(await seen(account)).toEqual({ ...first, status: 'past_due' })
    expect(await noticesOf(account)).toEqual(['subscription.renewal_failed'])
    deps.clock.advance(3_600_000)
    await hear('paystack', paystackInvoice('invoice.update', 'SUB_Failed'))
    expect(await seen(account)).toEqual(second)
  })

  it('not_renew, taken back, said again, then disable at its end', async () => {
    const account = await brought('p-ends', 'paystack', 'SUB_Ends')
    const asked = { status: 'non-renewing', next_payment_date: null }
    const ending = { ...first, autoRenew: false, cancelAtPeriodEnd: true }
    await hear('paystack', paystack('subscription.not_renew', 'SUB_Ends', asked))
    expect(await seen(account)).toEqual(ending)
    expect(await noticesOf(account)).toEqual(['subscription.cancel_scheduled'])
    deps.clock.advance(1_000)
    await hear('paystack', paystack('subscription.enable', 'SUB_Ends'))
    expect(await seen(account)).toEqual(first)
    deps.clock.advance(1_000)
    await hear('paystack', paystack('subscription.not_renew', 'SUB_Ends', { ...asked, open_invoice: 'INV_1' }))
    expect(await seen(account)).toEqual(ending)
    deps.clock.set(renewed)
    await hear(
      'paystack',
      paystack('subscription.disable', 'SUB_Ends', { status: 'cancelled', next_payment_date: next }),
    )
    expect((await get(account)).body).toMatchObject({ status: 'canceled', endedAt: renewed, currentPeriodEnd: end })
  })

  it('disable of one that is complete: to the end of what is paid', async () => {
    const account = await brought('p-complete', 'paystack', 'SUB_Complete')
    await hear(
      'paystack',
      paystack('subscription.disable', 'SUB_Complete', { status: 'complete', next_payment_date: next }),
    )
    expect(await seen(account)).toEqual({ ...first, autoRenew: false })
    deps.clock.set(end)
    await sweep(deps)
    expect((await get(account)).body).toMatchObject({ status: 'expired', endedAt: end })
  })
})
