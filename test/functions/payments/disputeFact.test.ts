import { afterAll, describe, expect, it } from 'vitest'
import type { Payment } from '#domain/payment'
import { planCredit } from '#domain/settlementCredit'
import { isBought } from '#domain/subscriptionState'
import { run as getAnyPaymentRun } from '#functions/payments/getAnyPayment'
import { run as getPaymentRun } from '#functions/payments/getPayment'
import { getAnyPayment } from '#operations/adminPayments'
import { getPayment } from '#operations/paymentHistory'
import { applyDispute } from '#runtime/disputeFact'
import { applyRefund } from '#runtime/refundFact'
import { creditWrites, findAccountCredit } from '#table/accountCredit'
import { commit } from '#table/commit'
import { latestSubscription } from '#table/subscriptions'
import { outboxRows } from '#test/support/calls'
import { invoke, testDeps } from '#test/support/deps'
import { call, paid, refundCall, scriptRefunds, stored } from './refundSupport.ts'

const deps = await testDeps()
afterAll(() => deps.stop())
scriptRefunds(deps)

const see = ({ accountId: account, id: paymentId }: Payment) =>
  invoke(getPayment, getPaymentRun, deps, { account, params: { paymentId } })

const addressOf = ({ accountId, id }: Payment) => ({ accountId, paymentId: id })
const opened = (over: object = {}) => ({
  disputeId: 'dp_1',
  amountMinor: 700,
  currency: 'USD',
  state: 'open' as const,
  at: deps.clock.now(),
  ...over,
})
const told = async ({ id }: Payment) =>
  (await outboxRows(deps)).filter((row) => row.kind === 'payment.disputed' && JSON.stringify(row.data).includes(id))

describe('applyDispute', () => {
  it('flags the payment and tells once, however often and from however many sides it is heard', async () => {
    const payment = await paid(deps, 'item')
    await Promise.all(Array.from({ length: 10 }, () => applyDispute(deps, addressOf(payment), opened(), call)))
    expect(await stored(deps, payment)).toMatchObject({ status: 'disputed', flags: ['dispute_open'] })
    expect(await told(payment)).toHaveLength(1)
  })

  it('shows staff why and until when it is to be answered, and the notice says when', async () => {
    const payment = await paid(deps, 'item')
    const respondBy = Date.parse('2026-12-24T23:59:59.000Z')
    await applyDispute(deps, addressOf(payment), opened({ respondBy, reason: 'fraudulent' }), call)
    await applyDispute(deps, addressOf(payment), opened(), call)
    const { body } = await invoke(getAnyPayment, getAnyPaymentRun, deps, { params: { paymentId: payment.id } })
    expect(body.disputes).toMatchObject([{ respondBy: '2026-12-24T23:59:59.000Z', reason: 'fraudulent' }])
    expect(await told(payment)).toMatchObject([{ data: { respondBy } }])
  })

  it('a won one leads back, and a late "open" does not take that away', async () => {
    const payment = await paid(deps, 'item')
    const at = addressOf(payment)
    await applyDispute(deps, at, opened(), call)
    await applyDispute(deps, at, opened({ state: 'won', at: deps.clock.now() + 5 }), call)
    const answered = await applyDispute(deps, at, opened(), call)
    expect(answered).toMatchObject({ status: 'completed', flags: ['dispute_won'] })
    expect(await stored(deps, payment)).toEqual(answered)
  })

  it('an outcome that is heard first is told as well, and a lost one stays disputed', async () => {
    const payment = await paid(deps, 'item')
    await applyDispute(deps, addressOf(payment), opened({ state: 'lost' }), call)
    expect(await stored(deps, payment)).toMatchObject({ status: 'disputed', flags: ['dispute_lost'] })
    expect(await told(payment)).toHaveLength(1)
  })

  it('one beside a refund made outside: both are recorded, neither write is lost', async () => {
    const payment = await paid(deps, 'item')
    const providerPaymentId = payment.providerPaymentId ?? ''
    const refund = { providerPaymentId, providerRefundId: 're_1', amountMinor: 100, state: 'processed' as const }
    await Promise.all([
      applyDispute(deps, addressOf(payment), opened(), call),
      applyRefund(deps, addressOf(payment), refund, call),
    ])
    expect(await stored(deps, payment)).toMatchObject({
      status: 'disputed',
      refundedMinor: 100,
      flags: ['dispute_open', 'refunded_outside'],
    })
  })

  it('a lost one takes its money out of what is refundable, what a change credits, and the books; won, it comes back', async () => {
    const payment = await paid(deps, 'plan')
    const at = addressOf(payment)
    const ground = async () => {
      const found = await latestSubscription(deps.table, payment.accountId)
      return found && isBought(found) ? found.paidMinor : undefined
    }
    const shown = async () => (await see(payment)).body
    const all = { disputeId: 'dp_2', amountMinor: 1900 }
    // Documents are listed by their ids, which begin with the instant.
    deps.clock.advance(1)
    await Promise.all(Array.from({ length: 5 }, () => applyDispute(deps, at, opened({ ...all, state: 'lost' }), call)))
    expect(await shown()).toMatchObject({
      ...{ status: 'disputed', refunded: 0, lost: 1900, refundable: 0 },
      documents: [{ kind: 'invoice' }, { kind: 'credit_note', disputeId: 'dp_2', total: 1900 }],
    })
    expect(await ground()).toBe(0)
    expect(await refundCall(deps, payment, { body: { plan: 'keep' } })).toMatchObject({ status: 409, code: 'conflict' })
    await applyDispute(deps, at, opened({ ...all, state: 'won', at: deps.clock.now() + 5 }), call)
    expect(await shown()).toMatchObject({ status: 'completed', lost: 0, refundable: 1900 })
    expect((await shown()).documents.map(({ kind, total }) => [kind, total]).toSorted()).toEqual([
      ['credit_note', 1900],
      ['invoice', 1900],
      ['invoice', 1900],
    ])
    expect(await ground()).toBe(1900)
  })

  it('a lost one takes the account credit that its money became, as far as that is there, and gives that back', async () => {
    const { accountId } = await paid(deps, 'plan')
    const second = await paid(deps, 'plan', { account: accountId })
    const credit = async () => (await findAccountCredit(deps.table, accountId, 'USD'))?.balanceMinor
    const refundable = async () => (await see(second)).body.refundable
    expect([await credit(), await refundable()]).toEqual([1900, 1900])
    // A third of it is spent.
    const seen = await findAccountCredit(deps.table, accountId, 'USD')
    const spent = seen && planCredit(seen, { cause: 'taken', amountMinor: -700, paymentId: 'fpay_x', about: 'x' }, 1)
    if (!spent) throw new Error('there is no credit')
    await commit(deps.table, creditWrites(spent, 'test'))
    expect(await refundable()).toBe(1200)
    const all = { disputeId: 'dp_3', amountMinor: 1900 }
    await applyDispute(deps, addressOf(second), opened({ ...all, state: 'lost' }), call)
    expect([await credit(), await refundable()]).toEqual([0, 0])
    await applyDispute(deps, addressOf(second), opened({ ...all, state: 'won', at: deps.clock.now() + 5 }), call)
    expect([await credit(), await refundable()]).toEqual([1200, 1200])
    const refund = (await refundCall(deps, second)).body
    expect([refund.amount, await credit(), await refundable()]).toEqual([1200, 0, 0])
  })

  it('more than a payment can hold are counted for an alarm and change nothing', async () => {
    const payment = await paid(deps, 'item')
    const at = addressOf(payment)
    for (let n = 0; n < 10; n++) await applyDispute(deps, at, opened({ disputeId: `dp_${n}` }), call)
    const before = await stored(deps, payment)
    expect(await applyDispute(deps, at, opened({ disputeId: 'dp_more' }), call)).toEqual(before)
    expect(deps.metrics.map(({ name }) => name)).toContain('PaymentEvidenceFull')
  })
})
