import { afterAll, describe, expect, it } from 'vitest'
import { listPayments } from '#table/payments'
import { latestSubscription } from '#table/subscriptions'
import { buyingOf } from '#test/support/buying'
import { callsOf } from '#test/support/calls'
import { type TestDeps, testDeps } from '#test/support/deps'
import { type PaymentBench, withFakes } from '#test/support/payments'
import { live } from '#test/support/renewals'

const start = '2026-01-31T10:00:00.000Z'
const open: { deps: TestDeps; bench: PaymentBench }[] = []
afterAll(async () => {
  for (const { deps, bench } of open) {
    await bench.stop()
    await deps.stop()
  }
})

async function stageOf(product: 'resume-ats' | 'cv-builder') {
  const deps = await testDeps({ product, now: start })
  const bench = await withFakes(deps)
  open.push({ deps, bench })
  return { deps, bench, ...buyingOf(deps, bench) }
}
const paid = async (deps: TestDeps, account: string) =>
  (await listPayments(deps.table, account, { limit: 50 })).payments.map(({ type, status }) => `${type} ${status}`)
const planOf = async (deps: TestDeps, account: string) => (await callsOf(deps).getAccount({ account })).body.planId

describe('renewals at Paystack', () => {
  it('charge the saved authorisation at the period’s end, month after month', async () => {
    const { deps, buy } = await stageOf('cv-builder')
    await buy('p-renew', { priceId: 'pro-month' }, { saveMethod: true })
    await live(deps, '2026-04-30T10:00:00.000Z')
    expect(await paid(deps, 'p-renew')).toEqual([
      'renewal completed',
      'renewal completed',
      'renewal completed',
      'plan_purchase completed',
    ])
    expect(await latestSubscription(deps.table, 'p-renew')).toMatchObject({
      status: 'active',
      periodStart: Date.parse('2026-04-30T10:00:00.000Z'),
      periodEnd: Date.parse('2026-05-31T10:00:00.000Z'),
    })
  })
})

describe('renewals at Razorpay', () => {
  it('start two days ahead, because the debit is announced; access has no gap, and there is one debit a cycle', async () => {
    const { deps, bench, buy } = await stageOf('resume-ats')
    await buy('r-renew', { priceId: 'pro-month' }, { saveMethod: true })
    await live(deps, '2026-02-26T10:00:00.000Z')
    expect(await paid(deps, 'r-renew')).toEqual(['renewal processing', 'plan_purchase completed'])
    for (const instant of ['2026-02-27T12:00:00.000Z', '2026-02-28T11:00:00.000Z', '2026-03-01T12:00:00.000Z']) {
      await live(deps, instant)
      bench.fakes.tick()
      expect(await planOf(deps, 'r-renew')).toBe('pro')
    }
    await live(deps, '2026-03-02T10:00:00.000Z')
    expect(await paid(deps, 'r-renew')).toEqual(['renewal completed', 'plan_purchase completed'])
    expect(await latestSubscription(deps.table, 'r-renew')).toMatchObject({
      status: 'active',
      periodStart: Date.parse('2026-02-28T10:00:00.000Z'),
      periodEnd: Date.parse('2026-03-31T10:00:00.000Z'),
    })
  })

  it('a declined debit is not tried again by itself: overdue, then over', async () => {
    const { deps, bench, buy } = await stageOf('resume-ats')
    await buy('r-declined', { priceId: 'pro-month' }, { saveMethod: true, card: 'declines_later' })
    for (
      let day = Date.parse('2026-02-26T10:00:00.000Z');
      day <= Date.parse('2026-03-03T11:00:00.000Z');
      day += 6 * 3_600_000
    ) {
      await live(deps, day)
      bench.fakes.tick()
    }
    await live(deps, '2026-03-04T10:00:00.000Z')
    expect(await planOf(deps, 'r-declined')).toBe('free')
    expect((await paid(deps, 'r-declined')).filter((one) => one.startsWith('renewal'))).toHaveLength(1)
  })
})
