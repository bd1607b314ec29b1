import { afterAll, describe, expect, it } from 'vitest'
import { planCancel } from '#domain/subscriptionEnd'
import { stepSubscription } from '#runtime/subscription'
import { invoicesOfPayment } from '#table/invoices'
import { listPayments } from '#table/payments'
import { latestSubscription } from '#table/subscriptions'
import { buyingOf } from '#test/support/buying'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'
import { live, sweep } from '#test/support/renewals'

const start = '2026-01-31T10:00:00.000Z'
const deps = await testDeps({ product: 'marketing', now: start })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})
const { recordUsage } = callsOf(deps)
const { buy } = buyingOf(deps, bench)
const starter = 1_500_000

async function subscribed(account: string, options: Parameters<typeof buy>[2] = {}) {
  deps.clock.set(start)
  // The catalogue names no provider for naira; the first that charges it would be Razorpay.
  const settings = await deps.settings()
  deps.settings = async () => ({ ...settings, providers: { NGN: 'paystack' } })
  await buy(account, { priceId: 'starter-month' }, { saveMethod: true, ...options })
  return account
}
const send = (account: string, quantity: number, feature = 'EMAIL_SENT') =>
  recordUsage({ account, body: { feature, quantity } })
const payments = async (account: string) =>
  (await listPayments(deps.table, account, { limit: 20 })).payments.map(({ type, status, amountMinor }) => [
    type,
    status,
    amountMinor,
  ])

describe('overage', () => {
  it('of the closed period is on the invoice of the renewal: units beyond, rounded once, once', async () => {
    const account = await subscribed('o-month')
    await send(account, 10_150)
    await send(account, 1_003, 'SMS_SENT')
    await live(deps, '2026-02-28T10:00:00.000Z')
    // 150 e-mails of 1 kobo, 3 messages of 50.
    expect(await payments(account)).toEqual([
      ['renewal', 'completed', starter + 150 + 150],
      ['plan_purchase', 'completed', starter],
    ])
    const [renewal] = (await listPayments(deps.table, account, { limit: 1 })).payments
    const [invoice] = await invoicesOfPayment(deps.table, account, renewal?.id ?? '')
    expect(invoice?.lines.map(({ kind, totalMinor }) => [kind, totalMinor])).toEqual([
      ['plan', starter],
      ['overage', 150],
      ['overage', 150],
    ])
    await live(deps, '2026-03-31T10:00:00.000Z')
    expect((await payments(account))[0]).toEqual(['renewal', 'completed', starter])
  })

  it('of a charge that failed is on the retry, and on nothing else', async () => {
    const account = await subscribed('o-retry', { card: 'declines_later' })
    await send(account, 10_150)
    await live(deps, '2026-03-03T09:30:00.000Z')
    const renewals = (await payments(account)).filter(([type]) => type === 'renewal')
    expect(renewals.map(([, , amount]) => amount)).toEqual([starter + 150, starter + 150, starter + 150, starter + 150])
  })

  it('of the last period is charged after the plan has ended', async () => {
    const account = await subscribed('o-last')
    await send(account, 20_000)
    await stepSubscription(deps, account, { requestId: 'test', actor: 'test' }, ({ scene }, now) =>
      planCancel(scene, { when: 'period_end' }, { history: 'his_01KBQ7M8G0C000000000000000' }, now),
    )
    await live(deps, '2026-02-28T10:00:00.000Z')
    expect(await latestSubscription(deps.table, account)).toMatchObject({ status: 'canceled' })
    expect((await payments(account))[0]).toEqual(['overage', 'completed', 10_000])
    await sweep(deps)
    expect(await payments(account)).toHaveLength(2)
  })
})
