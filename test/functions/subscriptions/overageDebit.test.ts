import { afterAll, describe, expect, it } from 'vitest'
import { listPayments } from '#table/payments'
import { buyingOf } from '#test/support/buying'
import { callsOf } from '#test/support/calls'
import { catalogueFrom, catalogueJson } from '#test/support/catalogues'
import { testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'
import { live } from '#test/support/renewals'
import { subscribingOf } from './support.ts'

const dayMs = 86_400_000
const starter = 150_000

/** The product that sells overage, at prices that are debited without a customer's approval. */
function cheaper() {
  const json = catalogueJson('marketing')
  if (typeof json !== 'object' || json === null || !('plans' in json) || !Array.isArray(json.plans))
    throw new Error('no plans')
  const plans = json.plans.map((plan: { prices: { amount: number }[] }) => ({
    ...plan,
    prices: plan.prices.map((price) => ({ ...price, amount: price.amount / 10 })),
  }))
  return catalogueFrom({ ...json, provider: 'razorpay', plans })
}

const start = '2026-01-31T10:00:00.000Z'
const deps = await testDeps({ catalogue: cheaper(), now: start })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})
const { cancel } = subscribingOf(deps)

/** Until an instant; what the provider does in two days after `begun` it does before it is asked then. */
async function until(at: string, begun?: string) {
  if (begun !== undefined) {
    await live(deps, begun)
    deps.clock.set(Date.parse(begun) + 2 * dayMs)
    bench.fakes.tick()
  }
  await live(deps, at)
}
const payments = async (account: string) =>
  (await listPayments(deps.table, account, { limit: 20 })).payments.map(({ type, status, amountMinor }) => [
    type,
    status,
    amountMinor,
  ])

/** A subscriber who used 150 units beyond the first period, by when the second debit is under way. */
async function debited(account: string) {
  deps.clock.set(start)
  await buyingOf(deps, bench).buy(account, { priceId: 'starter-month' }, { saveMethod: true })
  await callsOf(deps).recordUsage({ account, body: { feature: 'EMAIL_SENT', quantity: 10_150 } })
  await until('2026-03-01T12:00:00.000Z', '2026-02-26T10:00:00.000Z')
  // It was begun while the period still ran.
  expect((await payments(account))[0]).toEqual(['renewal', 'completed', starter])
  await until('2026-03-29T11:00:00.000Z')
  expect((await payments(account))[0]).toEqual(['renewal', 'processing', starter + 150])
}

describe('overage of a plan that is debited ahead of its end', () => {
  it('of a period that is over is on the next debit, once', async () => {
    await debited('d-next')
    await until('2026-04-02T12:00:00.000Z', '2026-03-29T12:00:00.000Z')
    expect((await payments('d-next'))[0]).toEqual(['renewal', 'completed', starter + 150])
    await until('2026-04-29T10:00:00.000Z')
    expect((await payments('d-next'))[0]).toEqual(['renewal', 'processing', starter])
  })

  it('is owed again when the debit that it was on goes back, and charged by itself', async () => {
    await debited('d-again')
    await cancel('d-again', { when: 'now' })
    await until('2026-04-05T10:00:00.000Z', '2026-03-30T10:00:00.000Z')
    await until('2026-04-12T10:00:00.000Z', '2026-04-06T10:00:00.000Z')
    const [overage, renewal, ...others] = (await listPayments(deps.table, 'd-again', { limit: 20 })).payments
    expect(overage).toMatchObject({ type: 'overage', status: 'completed', amountMinor: 150 })
    expect(renewal).toMatchObject({
      settled: { as: 'account_credit' },
      charges: [{ refunds: [{ amountMinor: starter + 150 }] }],
    })
    expect(others).toHaveLength(2)
  })
})
