import { afterAll, describe, expect, it } from 'vitest'
import type { Payment } from '#domain/payment'
import { applyDispute } from '#runtime/disputeFact'
import { applyRefund } from '#runtime/refundFact'
import { outboxRows } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { call, paid, stored } from './refundSupport.ts'

const deps = await testDeps()
afterAll(() => deps.stop())

const addressOf = ({ accountId, id }: Payment) => ({ accountId, paymentId: id })
const opened = (over: object = {}) => ({
  disputeId: 'dp_1',
  amountMinor: 700,
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

  it('more than a payment can hold are counted for an alarm and change nothing', async () => {
    const payment = await paid(deps, 'item')
    const at = addressOf(payment)
    for (let n = 0; n < 10; n++) await applyDispute(deps, at, opened({ disputeId: `dp_${n}` }), call)
    const before = await stored(deps, payment)
    expect(await applyDispute(deps, at, opened({ disputeId: 'dp_more' }), call)).toEqual(before)
    expect(deps.metrics.map(({ name }) => name)).toContain('PaymentEvidenceFull')
  })
})
