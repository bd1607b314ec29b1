import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Customer, openStage, type Stage } from './stage.ts'
import { check, checkout, payments, staffPaymentDetail, usage } from './views.ts'

// Reference product C on Paystack, in naira: use beyond the limits, and cards that stop working.

let stage: Stage
let zuma: Customer
let late: Customer
let gone: Customer
beforeAll(async () => {
  stage = await openStage('marketing', '2027-03-01T00:00:00Z')
  zuma = await stage.customer('zuma', { name: 'Zuma & Sons' })
  late = await stage.customer('late')
  gone = await stage.customer('gone')
})
afterAll(() => stage?.stop())

const use = (customer: Customer, feature: string, quantity: number) =>
  customer.server.post('/usage', { feature, quantity }, usage)
const mayCall = (customer: Customer) => customer.server.post('/check', { feature: 'API_CALL' }, check)
const statusOf = async (customer: Customer) => (await customer.subscription()).status
const renewals = async (customer: Customer) =>
  (await customer.get('/payments?type=renewal', payments)).data.map(({ status, amount }) => [status, amount])

const starter = (card = 'success') =>
  [
    { priceId: 'starter-month', saveMethod: true },
    { saveMethod: true, card },
  ] as const

describe('marketing', () => {
  it('has no free plan: nothing works until something is bought', async () => {
    expect(await mayCall(zuma)).toMatchObject({ allowed: false, reason: 'subscription_inactive' })
    expect(await zuma.server.refused('POST', '/usage', { feature: 'EMAIL_SENT' })).toMatchObject({
      status: 402,
      code: 'payment_required',
    })
  })

  it('sells Starter on Paystack', async () => {
    const paid = await zuma.buy(...starter())
    expect(paid).toMatchObject({ provider: 'paystack', currency: 'NGN', amount: 1_500_000 })
    for (const customer of [late, gone]) await customer.buy(...starter('declines_later'))
    expect(await zuma.pdf(paid.id)).toContain('₦15,000.00')
    expect(await mayCall(zuma)).toMatchObject({ allowed: true, limit: 'unlimited' })
  })

  it('lets use go on beyond the limits, and tells the customer near and at them', async () => {
    expect(await use(zuma, 'EMAIL_SENT', 9000)).toMatchObject({ used: 9000, limit: 10_000, remaining: 1000 })
    expect(await use(zuma, 'EMAIL_SENT', 3000)).toMatchObject({ used: 12_000, remaining: 0 })
    await use(zuma, 'SMS_SENT', 1500)
    await use(zuma, 'WHATSAPP_SENT', 5100)
    await zuma.told('usage_warning', 'usage_limit')
  })

  it('puts what was used beyond the limits on the invoice of the renewal', async () => {
    await stage.turn('set', '2027-04-01T00:00:00Z')
    expect(await zuma.subscription()).toMatchObject({
      status: 'active',
      currentPeriodStart: '2027-04-01T00:00:00.000Z',
      currentPeriodEnd: '2027-05-01T00:00:00.000Z',
    })
    // 2,000 e-mails at 1 kobo, 500 messages at 50, 100 at 30.
    expect(await renewals(zuma)).toEqual([['completed', 1_500_000 + 2000 + 25_000 + 3000]])
    const [renewal] = (await zuma.get('/payments?type=renewal', payments)).data
    const { lines } = await stage.staff.get(`/payments/${renewal?.id}`, staffPaymentDetail)
    expect(lines.map(({ total }) => total).toSorted((a, b) => b - a)).toEqual([1_500_000, 25_000, 3000, 2000])
    const text = await zuma.pdf(renewal?.id ?? '')
    for (const part of ['₦15,300.00', '₦250.00', '₦30.00', '₦20.00', 'SMS', 'WhatsApp', 'E-mails']) {
      expect(text).toContain(part)
    }
    expect(await use(zuma, 'EMAIL_SENT', 1)).toMatchObject({ used: 1 })
  })

  it('leaves access to whoever cannot be charged, for three days of grace', async () => {
    for (const customer of [late, gone]) {
      expect(await customer.subscription()).toMatchObject({ status: 'past_due', activePlanId: 'starter' })
      expect(await mayCall(customer)).toMatchObject({ allowed: true })
      await customer.told('subscription.renewal_failed')
    }
    expect(await renewals(gone)).toEqual([['failed', 1_500_000]])
  })

  it('counts a payment by hand within the grace from the old end', async () => {
    await stage.turn('set', '2027-04-02T12:00:00Z')
    expect(await renewals(gone), 'tried again after a day').toHaveLength(2)
    const order = await late.post('/subscription/renew', {}, checkout)
    expect(order.amount).toBe(1_500_000)
    expect(await late.pay(order)).toMatchObject({ status: 'completed' })
    expect(await late.subscription()).toMatchObject({
      status: 'active',
      currentPeriodStart: '2027-04-01T00:00:00.000Z',
      currentPeriodEnd: '2027-05-01T00:00:00.000Z',
    })
  })

  it('is over after three days of grace, to the millisecond, and tried three more times before', async () => {
    await stage.turn('set', '2027-04-03T23:59:59.999Z')
    expect(await statusOf(gone)).toBe('past_due')
    expect(await mayCall(gone)).toMatchObject({ allowed: true })
    await stage.turn('set', '2027-04-04T00:00:00Z')
    expect(await gone.subscription()).toMatchObject({ status: 'expired', activePlanId: null })
    expect(await mayCall(gone)).toMatchObject({ allowed: false, reason: 'subscription_inactive' })
    // What was refused stays so, with its reason, also once its order's day is over.
    expect(await renewals(gone)).toEqual(Array.from({ length: 4 }, () => ['failed', 1_500_000]))
    expect(await statusOf(late)).toBe('active')
  })

  it('takes whoever comes back in at once, with a new period', async () => {
    await gone.buy({ priceId: 'starter-month' })
    expect(await gone.subscription()).toMatchObject({
      status: 'active',
      currentPeriodStart: '2027-04-04T00:00:00.000Z',
      currentPeriodEnd: '2027-05-04T00:00:00.000Z',
    })
    expect(await gone.refused('POST', '/checkout', { priceId: 'starter-month' })).toMatchObject({ code: 'conflict' })
  })

  it('has books that add up', async () => {
    const { series } = await stage.books()
    expect([...series]).toEqual([['INV-2027', [1, 2, 3, 4, 5, 6]]])
  })
})
