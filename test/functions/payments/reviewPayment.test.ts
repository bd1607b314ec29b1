import { afterAll, describe, expect, it } from 'vitest'
import type { Payment, Resolution } from '#domain/payment'
import { run } from '#functions/payments/reviewPayment'
import { reviewPayment } from '#operations/adminPayments'
import { savedMethods } from '#runtime/savedMethod'
import { settleOne } from '#runtime/settlePayment'
import { findAccountCredit } from '#table/accountCredit'
import { findAccount } from '#table/accounts'
import { putClaimWrite } from '#table/claims'
import { commit } from '#table/commit'
import { listHistory } from '#table/history'
import { findPurchase, listPurchases } from '#table/purchases'
import { latestSubscription } from '#table/subscriptions'
import { auditRows, outboxRows } from '#test/support/calls'
import { type Invocation, invoke, strangerId, testDeps } from '#test/support/deps'
import { card } from './methodSupport.ts'
import { call, captured, type PaidOptions, paid, pending, refundCall, scriptRefunds, stored } from './refundSupport.ts'

const deps = await testDeps()
afterAll(() => deps.stop())
const script = scriptRefunds(deps)

const review = (payment: Payment, as: Resolution, rest: Partial<Invocation> = {}) =>
  invoke(reviewPayment, run, deps, {
    params: { paymentId: payment.id },
    body: { providerPaymentId: payment.providerPaymentId ?? '', as },
    ...rest,
  })
const credit = ({ accountId }: Payment) => findAccountCredit(deps.table, accountId, 'USD')
const purchases = async ({ accountId }: Payment) =>
  (await listPurchases(deps.table, accountId, { limit: 10 })).purchases.length
const short = () => paid(deps, 'item', { paidMinor: 1 })
/** Held, though the amount is right: it was paid with the other mode's keys. */
async function otherMode(options: PaidOptions = {}, kind: 'item' | 'plan' = 'item'): Promise<Payment> {
  const payment = await pending(deps, kind, options)
  const seen = { ...captured(payment), mode: 'live' as const }
  await settleOne(deps, { accountId: payment.accountId, paymentId: payment.id }, seen, call)
  return stored(deps, payment)
}

describe('reviewPayment', () => {
  it('200 kept makes held money account credit, once under 10 at a time', async () => {
    const payment = await short()
    expect(payment).toMatchObject({ status: 'review', flags: ['amount'] })
    const answers = await Promise.all(Array.from({ length: 10 }, () => review(payment, 'kept')))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(await credit(payment)).toMatchObject({ balanceMinor: 1 })
    expect(await stored(deps, payment)).toMatchObject({ status: 'completed' })
  })

  it('200 settled grants what was bought; staff and their reason are in the audit log', async () => {
    const payment = await otherMode()
    expect(await purchases(payment)).toBe(0)
    const body = { providerPaymentId: payment.providerPaymentId, as: 'settled', reason: 'A test key in live mode' }
    const answer = await review(payment, 'settled', { body, headers: { 'x-request-id': 'req-review' } })
    expect(answer).toMatchObject({ status: 200, body: { id: payment.id, status: 'completed' } })
    expect(await purchases(payment)).toBe(1)
    expect(await auditRows(deps, 'req-review')).toMatchObject([
      { action: 'reviewPayment', entityId: payment.id, reason: body.reason, before: { status: 'review' } },
    ])
  })

  it.each([
    ['as a settlement does: its method is kept, and the plan renews itself', true],
    ['without the method where the provider cannot be asked', false],
  ])('200 settled tells the account and names what paid, %s', async (_, isAsked) => {
    const payment = await otherMode({}, 'plan')
    script.fetch = () => (isAsked ? { ...captured(payment), method: card('pm_r', { last4: '4242' }) } : undefined)
    expect((await review(payment, 'settled')).status).toBe(200)
    script.fetch = () => undefined
    const { accountId } = payment
    const [method] = await savedMethods(deps, accountId)
    const named = isAsked ? { methodId: method?.id, methodLabel: 'card •••• 4242' } : {}
    const { entries } = await listHistory(deps.table, accountId, { limit: 5 })
    expect(entries).toMatchObject([{ paymentId: payment.id, providerPaymentId: payment.providerPaymentId, ...named }])
    expect(entries[0] && 'methodLabel' in entries[0]).toBe(isAsked)
    expect(await latestSubscription(deps.table, accountId)).toMatchObject({ autoRenew: isAsked })
    const kinds = (await outboxRows(deps)).filter((row) => row.accountId === accountId).map(({ kind }) => kind)
    expect(kinds).toContain('payment.completed')
  })

  it('200 settled of a visitor whose session was claimed meanwhile: the claimer has it', async () => {
    const payment = await otherMode({ account: `anon_${deps.ids.random()}` })
    const { accountId: claimer } = await paid(deps, 'item')
    await commit(deps.table, [putClaimWrite(payment.accountId, claimer, deps.clock.now())])
    expect(await review(payment, 'settled')).toMatchObject({ status: 200, body: { status: 'completed' } })
    const { reference = '' } = (await stored(deps, payment)).settled ?? {}
    const found = await findPurchase(deps.table, payment.accountId, reference)
    expect(found).toMatchObject({ accountId: claimer, paymentId: payment.id })
  })

  it('200 settled after the other plan was refunded: the plan begins, and the credit made of the money leaves', async () => {
    const first = await paid(deps, 'plan')
    const second = await paid(deps, 'plan', { account: first.accountId })
    expect(second).toMatchObject({ status: 'review', flags: ['already_subscribed'] })
    expect(await credit(second)).toMatchObject({ balanceMinor: 1900 })
    expect(await review(second, 'settled')).toMatchObject({ status: 409, code: 'conflict' })
    await refundCall(deps, first, { body: { plan: 'now' } })
    expect((await review(second, 'settled')).body.status).toBe('completed')
    expect(await credit(second)).toMatchObject({ balanceMinor: 0 })
    const account = await findAccount(deps.table, second.accountId, { consistent: true })
    expect(account).toMatchObject({ plan: { planId: 'team' } })
  })

  it('200 kept keeps what is left once a part went back; 409 settled then, and kept once nothing is left', async () => {
    const payment = await otherMode()
    await refundCall(deps, payment, { body: { amount: 200 } })
    expect(await review(payment, 'settled')).toMatchObject({ status: 409, code: 'conflict' })
    expect((await review(payment, 'kept')).body).toMatchObject({ refundPending: 200, refundable: 500 })
    expect(await credit(payment)).toMatchObject({ balanceMinor: 500 })
    const gone = await otherMode()
    await refundCall(deps, gone)
    expect(await review(gone, 'kept')).toMatchObject({ status: 409, code: 'conflict' })
  })

  it('200 returned ends the review and grants nothing', async () => {
    const payment = await short()
    expect((await review(payment, 'returned')).body).toMatchObject({ status: 'completed', flags: ['amount'] })
    expect(await purchases(payment)).toBe(0)
  })

  it('200 again with the same key, 422 for another decision under it', async () => {
    const payment = await short()
    expect(await review(payment, 'kept', { key: 'k' })).toMatchObject({ status: 200, replayed: false })
    expect(await review(payment, 'kept', { key: 'k' })).toMatchObject({ status: 200, replayed: true })
    expect(await review(payment, 'returned', { key: 'k' })).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    })
    expect(await credit(payment)).toMatchObject({ balanceMinor: 1 })
  })

  it('409 another amount cannot be granted, a decision is not changed, nothing is in question, a visitor keeps nothing', async () => {
    const wrong = await short()
    expect(await review(wrong, 'settled')).toMatchObject({ status: 409, code: 'conflict' })
    await review(wrong, 'kept')
    expect(await review(wrong, 'returned')).toMatchObject({ status: 409 })
    expect(await review(await paid(deps, 'item'), 'kept')).toMatchObject({ status: 409 })
    const visitor = await otherMode({ account: `anon_${deps.ids.random()}` })
    expect(await review(visitor, 'kept')).toMatchObject({ status: 409 })
    expect(await review(visitor, 'settled')).toMatchObject({ status: 200 })
  })

  it('400 without a decision, 403 for a login that is no staff, 404 without such a payment or charge', async () => {
    const payment = await short()
    expect(await review(payment, 'kept', { body: { as: 'kept' } })).toMatchObject({
      status: 400,
      code: 'validation_failed',
    })
    expect(await review(payment, 'kept', { subject: 'somebody' })).toMatchObject({ status: 403, code: 'forbidden' })
    expect(await review({ ...payment, id: strangerId('fpay') }, 'kept')).toMatchObject({
      status: 404,
      code: 'not_found',
    })
    expect(await review({ ...payment, providerPaymentId: 'pi_else' }, 'kept')).toMatchObject({ status: 404 })
  })
})
