import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { GatewayError } from '#gateways/gatewayError'
import { applyRefund } from '#runtime/refundFact'
import { settleOne } from '#runtime/settlePayment'
import { findAccountCredit } from '#table/accountCredit'
import { findAccount } from '#table/accounts'
import { invoicesOfPayment } from '#table/invoices'
import { findPurchase } from '#table/purchases'
import { auditRows, callsOf, outboxRows } from '#test/support/calls'
import { strangerId, testDeps } from '#test/support/deps'
import {
  call,
  captured,
  paid,
  pending,
  refundAnswer,
  refundCall,
  type ScriptedRefunds,
  scriptRefunds,
  stored,
} from './refundSupport.ts'

const deps = await testDeps()
afterAll(() => deps.stop())
const { getCredits } = callsOf(deps)

let provider: ScriptedRefunds
beforeEach(() => {
  provider = scriptRefunds(deps)
})

const addressOf = ({ accountId, id }: { accountId: string; id: string }) => ({ accountId, paymentId: id })
const balanceOf = async (account: string) => (await getCredits({ account })).body.balance
const noticesOf = async (kind: string, paymentId: string) =>
  (await outboxRows(deps)).filter((row) => row.kind === kind && JSON.stringify(row.data).includes(paymentId))

describe('refundPayment', () => {
  it('202 the whole payment: the provider is asked once under our id, the plan ends now, staff are in the audit log', async () => {
    const payment = await paid(deps, 'plan')
    const answer = await refundCall(deps, payment, { body: { plan: 'now' }, headers: { 'x-request-id': 'req-whole' } })
    expect(answer).toMatchObject({
      status: 202,
      body: {
        paymentId: payment.id,
        status: 'pending',
        amount: 1900,
        currency: 'USD',
        plan: 'now',
        creditNoteId: null,
      },
    })
    expect(provider.asked).toEqual([
      {
        refundId: answer.body.id,
        providerPaymentId: payment.providerPaymentId,
        amountMinor: 1900,
        currency: 'USD',
        reason: 'Asked for it',
      },
    ])
    const account = await findAccount(deps.table, payment.accountId, { consistent: true })
    expect(account).toMatchObject({ plan: { planId: 'free' } })
    expect(account?.subscriptionId).toBeUndefined()
    expect(await auditRows(deps, 'req-whole')).toMatchObject([
      { action: 'refundPayment', entityType: 'payment', entityId: payment.id, after: { refundId: answer.body.id } },
    ])
  })

  it('202 processed at once makes the credit note and the notice, and the payment is refunded', async () => {
    provider.answer = (request) => refundAnswer(request, { status: 'processed' })
    const payment = await paid(deps, 'item')
    const { body } = await refundCall(deps, payment)
    expect(body.status).toBe('processed')
    const documents = await invoicesOfPayment(deps.table, payment.accountId, payment.id)
    // Of one instant, which of the two comes first is chance.
    expect(documents.map(({ kind, totalMinor }) => `${kind} ${totalMinor}`).toSorted()).toEqual([
      'credit_note 700',
      'invoice 700',
    ])
    expect(await stored(deps, payment)).toMatchObject({ status: 'refunded', refundedMinor: 700, notedMinor: 700 })
    const purchase = await findPurchase(deps.table, payment.accountId, payment.settled?.reference ?? '')
    expect(purchase?.revokedAt).toBeDefined()
    expect(await noticesOf('refund.completed', payment.id)).toHaveLength(1)
  })

  it('202 a part of a pack takes its part of the credits, and the parts add up', async () => {
    const payment = await paid(deps, 'pack')
    const before = await balanceOf(payment.accountId)
    expect((await refundCall(deps, payment, { body: { amount: 300 } })).body).toMatchObject({
      amount: 300,
      creditsTaken: 166,
      creditsSpent: 0,
    })
    expect((await refundCall(deps, payment, { body: { amount: 600 } })).body).toMatchObject({ creditsTaken: 334 })
    expect(await balanceOf(payment.accountId)).toBe(before - 500)
  })

  it('202 period_end leaves the plan until its period ends', async () => {
    const payment = await paid(deps, 'plan')
    await refundCall(deps, payment, { body: { plan: 'period_end', amount: 100 } })
    const account = await findAccount(deps.table, payment.accountId, { consistent: true })
    expect(account).toMatchObject({ plan: { planId: 'team' }, accessEnd: account?.period?.end })
  })

  it('202 again with the same key: the same refund, and the provider is not asked again; 422 for another body or payment', async () => {
    const payment = await paid(deps, 'item')
    const first = await refundCall(deps, payment, { key: 'k', body: { amount: 100 } })
    const second = await refundCall(deps, payment, { key: 'k', body: { amount: 100 } })
    expect(second).toMatchObject({ status: 202, replayed: true, body: { id: first.body.id } })
    expect(provider.asked).toHaveLength(1)
    expect(await refundCall(deps, payment, { key: 'k', body: { amount: 200 } })).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    })
    const other = await paid(deps, 'item', { account: payment.accountId })
    expect(await refundCall(deps, other, { key: 'k', body: { amount: 100 } })).toMatchObject({ status: 422 })
  })

  it('202 requested when the provider’s answer is lost: the amount stays kept aside, and nothing is taken yet', async () => {
    provider.answer = () => {
      throw new GatewayError('stripe', 'unknown_outcome')
    }
    const payment = await paid(deps, 'pack')
    const before = await balanceOf(payment.accountId)
    const { body } = await refundCall(deps, payment)
    expect(body).toMatchObject({ status: 'requested', creditsTaken: null })
    expect(await balanceOf(payment.accountId)).toBe(before)
    expect(await refundCall(deps, payment, { body: { amount: 1 } })).toMatchObject({ status: 409, code: 'conflict' })
  })

  it('202 failed when the provider refuses: the amount may be refunded anew', async () => {
    provider.answer = () => {
      throw new GatewayError('stripe', 'refused')
    }
    const payment = await paid(deps, 'item')
    expect((await refundCall(deps, payment)).body.status).toBe('failed')
    expect(await noticesOf('refund.failed', payment.id)).toHaveLength(1)
    provider.answer = (request) => refundAnswer(request)
    expect((await refundCall(deps, payment)).body).toMatchObject({ status: 'pending', amount: 700 })
  })

  it('409 more than is left, nothing paid, and credit that was used', async () => {
    const payment = await paid(deps, 'item')
    await refundCall(deps, payment, { body: { amount: 500 } })
    expect(await refundCall(deps, payment, { body: { amount: 201 } })).toMatchObject({
      status: 409,
      code: 'conflict',
      body: { refundable: 200 },
    })
    expect(await refundCall(deps, await pending(deps, 'item'))).toMatchObject({ status: 409, code: 'conflict' })
  })

  it('202 a second charge that became account credit: the credit leaves, and comes back when the refund fails', async () => {
    const payment = await paid(deps, 'item')
    const second = captured(payment, { providerPaymentId: 'pi_second' })
    await settleOne(deps, addressOf(payment), second, call)
    const credit = () => findAccountCredit(deps.table, payment.accountId, 'USD')
    expect(await credit()).toMatchObject({ balanceMinor: 700 })
    const { body } = await refundCall(deps, payment, { body: { providerPaymentId: 'pi_second', amount: 300 } })
    expect(body).toMatchObject({ providerPaymentId: 'pi_second', status: 'pending' })
    expect(await credit()).toMatchObject({ balanceMinor: 400 })
    const failed = { providerPaymentId: 'pi_second', refundId: body.id, amountMinor: 300, state: 'failed' as const }
    await applyRefund(deps, addressOf(payment), failed, call)
    expect(await credit()).toMatchObject({ balanceMinor: 700 })
  })

  it.each([
    {},
    { plan: 'later' },
    { plan: 'now', amount: 0 },
    { plan: 'now', amount: 1.5 },
    { plan: 'now', reason: '' },
    { plan: 'now', reason: ' ' },
    { plan: 'now', reason: 'x'.repeat(251) },
    { plan: 'now', card: '4242' },
  ])('400 for %j on a plan', async (body) => {
    const payment = await paid(deps, 'plan')
    expect(await refundCall(deps, payment, { body })).toMatchObject({ status: 400, code: 'validation_failed' })
    expect(provider.asked).toEqual([])
  })

  it('403 for a login that is no staff, 404 for a payment that nobody made', async () => {
    const payment = await paid(deps, 'item')
    expect(await refundCall(deps, payment, { subject: 'somebody' })).toMatchObject({ status: 403, code: 'forbidden' })
    expect(await refundCall(deps, { ...payment, id: strangerId('fpay') })).toMatchObject({
      status: 404,
      code: 'not_found',
    })
  })
})
