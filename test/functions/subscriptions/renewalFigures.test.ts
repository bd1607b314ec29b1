import { afterAll, describe, expect, it } from 'vitest'
import { listPayments } from '#table/payments'
import { listRenewalRuns } from '#table/renewalRuns'
import { live, sweep } from '#test/support/renewals'
import { deliver, told, work } from '#test/support/webhooks'
import { shopD } from './support.ts'

const shop = await shopD('razorpay')
afterAll(() => shop.stop())
const { bench, buying, deps } = shop
const end = Date.parse('2026-07-01T00:00:00.000Z')
const hourMs = 3_600_000

async function counted() {
  const runs = await listRenewalRuns(deps.table, '2026-07', { limit: 31 })
  const metrics = deps.metrics.filter(({ name }) => name === 'RenewalFailed').map(({ value }) => value)
  return { runs, metrics }
}
const bought = (account: string, card: 'success' | 'declines_later') =>
  buying.buy(account, { priceId: 'pro-month' }, { saveMethod: true, card })

describe('the figures of a run', () => {
  it('have each renewal once, settled by an event or failed, however often it is told and looked at', async () => {
    await bought('f-paid', 'success')
    await bought('f-declined', 'declines_later')
    await live(deps, end - 47 * hourMs)
    const heard = told(bench.fakes, 'razorpay').length
    deps.clock.set(end + hourMs)
    bench.fakes.tick()
    const events = told(bench.fakes, 'razorpay').slice(heard)
    for (const event of [...events, ...events]) await deliver(deps, 'razorpay', event)
    expect(await work(deps)).toEqual([])
    const [renewal] = (await listPayments(deps.table, 'f-paid', { limit: 1 })).payments
    expect(renewal).toMatchObject({ type: 'renewal', status: 'completed' })
    await sweep(deps)
    await sweep(deps)
    await live(deps, end + 24 * hourMs)
    const amounts = { INR: renewal?.amountMinor }
    expect(await counted()).toEqual({
      runs: [{ day: '2026-07-01', due: 2, renewed: 1, failed: 1, skipped: 0, amounts }],
      metrics: [0, 1],
    })
  })
})
