import { afterAll, expect, it } from 'vitest'
import { GatewayError } from '#gateways/gatewayError'
import { listPayments } from '#table/payments'
import { latestSubscription } from '#table/subscriptions'
import { buyingOf } from '#test/support/buying'
import { testDeps } from '#test/support/deps'
import { providerThat, withFakes } from '#test/support/payments'
import { live } from '#test/support/renewals'

const deps = await testDeps({ product: 'wellbeing', now: '2026-01-31T10:00:00.000Z' })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})

it('a renewal under way at a provider that is turned off is given up days after, and the subscription goes on to its end', async () => {
  await buyingOf(deps, bench).buy('gone', { priceId: 'premium-month' }, { saveMethod: true, card: 'processing' })
  deps.clock.advance(3_600_000)
  bench.fakes.stripe.tick()
  await buyingOf(deps, bench).reconcile(
    'gone',
    (await listPayments(deps.table, 'gone', { limit: 1 })).payments[0]?.id ?? '',
  )
  bench.fakes.stripe.behave({ settings: { processingMs: 30 * 86_400_000 } })
  const before = deps.payments
  await live(deps, '2026-02-28T11:30:00.000Z')
  const renewal = async () =>
    (await listPayments(deps.table, 'gone', { limit: 9 })).payments.find(({ type }) => type === 'renewal')
  expect(await renewal()).toMatchObject({ status: 'processing' })
  const off = async () => {
    throw new GatewayError('stripe', 'misconfigured', { code: 'not_turned_on' })
  }
  const by = await providerThat(deps, () => ({
    findCharge: off,
    fetchOrder: off,
    fetchPayment: off,
    chargeMethod: off,
  }))
  deps.payments = by.payments
  await live(deps, '2026-03-05T10:00:00.000Z')
  deps.payments = before
  expect(await renewal()).toMatchObject({ status: 'expired', flags: ['not_asked'] })
  const subscription = await latestSubscription(deps.table, 'gone')
  expect(subscription).not.toHaveProperty('pendingCharge')
  expect(subscription?.status).not.toBe('active')
}, 120_000)
