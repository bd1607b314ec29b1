import { afterAll, describe, expect, it } from 'vitest'
import { maxRefunds, type Payment } from '#domain/payment'
import { planCredit } from '#domain/settlementCredit'
import { run as getAnyPaymentRun } from '#functions/payments/getAnyPayment'
import { getAnyPayment } from '#operations/adminPayments'
import { applyRefund } from '#runtime/refundFact'
import { creditWrites, findAccountCredit } from '#table/accountCredit'
import { commit } from '#table/commit'
import { invoke, testDeps } from '#test/support/deps'
import { call, paid, stored, storedRefunds } from './refundSupport.ts'

const deps = await testDeps()
afterAll(() => deps.stop())

const addressOf = ({ accountId, id }: Payment) => ({ accountId, paymentId: id })
const outside = (
  { providerPaymentId = '' }: Payment,
  state: 'pending' | 'processed' | 'failed',
  amountMinor = 1900,
) => ({
  providerPaymentId,
  providerRefundId: 're_dashboard',
  amountMinor,
  state,
})

describe('a refund made in the dashboard, of a second plan whose money became account credit', () => {
  /** A second plan is not lawful while the first one lives. */
  async function credited(spentMinor = 0) {
    const { accountId } = await paid(deps, 'plan')
    const payment = await paid(deps, 'plan', { account: accountId })
    const found = () => findAccountCredit(deps.table, accountId, 'USD')
    const seen = await found()
    const spent =
      spentMinor > 0 &&
      seen &&
      planCredit(seen, { cause: 'taken', amountMinor: -spentMinor, paymentId: 'fpay_x', about: 'x' }, 1)
    if (spent) await commit(deps.table, creditWrites(spent, 'test'))
    const hear = (...[state, amountMinor]: [Parameters<typeof outside>[1], number?]) =>
      applyRefund(deps, addressOf(payment), outside(payment, state, amountMinor), call)
    return { payment, hear, credit: async () => (await found())?.balanceMinor }
  }

  it('takes the credit, once under ten words at a time', async () => {
    const { payment, hear, credit } = await credited()
    expect(await credit()).toBe(1900)
    await Promise.all(Array.from({ length: 10 }, (_, at) => hear(at % 2 === 0 ? 'pending' : 'processed')))
    expect(await credit()).toBe(0)
    expect(await stored(deps, payment)).toMatchObject({ status: 'refunded' })
    expect(await storedRefunds(deps, payment)).toHaveLength(1)
    for (let told = 0; told < 2; told++) await hear('failed')
    expect(await credit()).toBe(1900)
  })

  it('takes what is there; what was spent shows to staff, and does not come back', async () => {
    const { payment, hear, credit } = await credited(700)
    await hear('processed')
    expect(await credit()).toBe(0)
    const shown = async () =>
      (await invoke(getAnyPayment, getAnyPaymentRun, deps, { params: { paymentId: payment.id } })).body
    expect(await shown()).toMatchObject({
      flags: expect.arrayContaining(['credit_spent', 'refunded_outside']),
      charges: [{ refunded: 1900, creditShort: 700, refundable: 0 }],
    })
    await hear('failed')
    expect(await credit()).toBe(1200)
    expect(await shown()).toMatchObject({ charges: [{ refunded: 0, creditShort: 0, refundable: 1200 }] })
  })
})

it('a refund that the payment has no room for is counted for an alarm, and nothing of it is written', async () => {
  const payment = await paid(deps, 'item')
  const hear = (n: number) =>
    applyRefund(deps, addressOf(payment), { ...outside(payment, 'processed', 1), providerRefundId: `re_${n}` }, call)
  for (let n = 0; n < maxRefunds; n++) await hear(n)
  const before = await stored(deps, payment)
  expect(await hear(maxRefunds)).toEqual(before)
  expect(await stored(deps, payment)).toEqual(before)
  expect(await storedRefunds(deps, payment)).toHaveLength(maxRefunds)
  expect(deps.metrics).toContainEqual({ name: 'PaymentEvidenceFull', value: 1, dimensions: { what: 'refund' } })
})
