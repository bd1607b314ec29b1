import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/payments/getAnyPayment'
import { getAnyPayment } from '#operations/adminPayments'
import { applyDispute } from '#runtime/disputeFact'
import { invoke, strangerId, testDeps } from '#test/support/deps'
import { call, paid, pending, refundAnswer, refundCall, scriptRefunds } from './refundSupport.ts'

const deps = await testDeps()
afterAll(() => deps.stop())
const provider = scriptRefunds(deps)
const get = (paymentId: string, rest: object = {}) =>
  invoke(getAnyPayment, run, deps, { params: { paymentId }, ...rest })

describe('getAnyPayment', () => {
  it('200 with order, charges, refunds, disputes and documents', async () => {
    provider.answer = (request) => refundAnswer(request, { status: 'processed' })
    const payment = await paid(deps, 'item', { account: 'buyer' })
    const { body: refund } = await refundCall(deps, payment, { body: { amount: 200 } })
    const lost = { disputeId: 'dp_1', amountMinor: 400, currency: 'USD', state: 'lost' as const }
    const dispute = { ...lost, at: deps.clock.now() }
    await applyDispute(deps, { accountId: 'buyer', paymentId: payment.id }, dispute, call)
    const { body } = await get(payment.id)
    expect(body).toMatchObject({
      id: payment.id,
      accountId: 'buyer',
      status: 'disputed',
      amount: 700,
      captured: 700,
      refunded: 200,
      lost: 400,
      refundable: 100,
      lines: [{ kind: 'item', quantity: 1, net: 700, tax: 0, total: 700 }],
      charges: [
        { as: 'granted', captured: { amount: 700, currency: 'USD' }, refunded: 200, lost: 400, refundable: 100 },
      ],
      refunds: [{ id: refund.id, amount: 200, status: 'processed' }],
      disputes: [{ id: 'dp_1', state: 'lost', amount: 400, taken: 400 }],
    })
    expect(
      body.invoices.map(({ kind, total, refundId, disputeId }) => [kind, total, refundId, disputeId]).toSorted(),
    ).toEqual([
      ['credit_note', 200, refund.id, null],
      ['credit_note', 400, null, 'dp_1'],
      ['invoice', 700, null, null],
    ])
  })

  it('200 of one that nobody has paid', async () => {
    const payment = await pending(deps, 'plan')
    expect((await get(payment.id)).body).toMatchObject({
      status: 'pending',
      completedAt: null,
      charges: [],
      refunds: [],
      disputes: [],
      invoices: [],
    })
  })

  it('400 for what is no payment’s id, 403 for a login that is no staff, 404 for one that nobody made', async () => {
    expect(await get('pay_1')).toMatchObject({ status: 400, code: 'validation_failed' })
    expect(await get(strangerId('fpay'), { subject: 'x' })).toMatchObject({ status: 403, code: 'forbidden' })
    expect(await get(strangerId('fpay'))).toMatchObject({ status: 404, code: 'not_found' })
  })
})
