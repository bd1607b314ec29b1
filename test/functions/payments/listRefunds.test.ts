import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/payments/listRefunds'
import { listRefunds } from '#operations/adminPayments'
import { applyRefund } from '#runtime/refundFact'
import { invoke, strangerId, testDeps } from '#test/support/deps'
import { call, paid, refundCall, scriptRefunds } from './refundSupport.ts'

const deps = await testDeps()
afterAll(() => deps.stop())
scriptRefunds(deps)
const list = (paymentId: string, rest: object = {}) =>
  invoke(listRefunds, run, deps, { params: { paymentId }, ...rest })

describe('listRefunds', () => {
  it('200 newest first, those made at the provider included', async () => {
    const payment = await paid(deps, 'item')
    expect((await list(payment.id)).body).toEqual({ data: [] })
    const { body } = await refundCall(deps, payment, { body: { amount: 100 } })
    deps.clock.advance(1000)
    const outside = {
      providerPaymentId: body.providerPaymentId,
      providerRefundId: 're_outside',
      amountMinor: 50,
      state: 'processed' as const,
    }
    await applyRefund(deps, { accountId: payment.accountId, paymentId: payment.id }, outside, call)
    expect((await list(payment.id)).body.data).toMatchObject([
      { amount: 50, status: 'processed', providerRefundId: 're_outside', reason: 'Refunded at the provider' },
      { id: body.id, amount: 100, status: 'pending' },
    ])
  })

  it('403 for a login that is no staff, 404 for a payment that nobody made', async () => {
    expect(await list(strangerId('fpay'), { subject: 'x' })).toMatchObject({ status: 403, code: 'forbidden' })
    expect(await list(strangerId('fpay'))).toMatchObject({ status: 404, code: 'not_found' })
  })
})
