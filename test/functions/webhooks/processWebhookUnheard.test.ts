import { afterAll, describe, expect, it } from 'vitest'
import { run as renewSubscriptionRun } from '#functions/subscriptions/renewSubscription'
import type { Gateway } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import { renewSubscription } from '#operations/subscriptions'
import { listMethods } from '#table/methods'
import { listPayments } from '#table/payments'
import { buyingOf } from '#test/support/buying'
import { invoke, testDeps } from '#test/support/deps'
import { providerThat, withFakes } from '#test/support/payments'
import { deliver, told, work } from '#test/support/webhooks'

/** A saved card at Razorpay is charged and captured at once; the function dies before it hears of it. */

const deps = await testDeps({ product: 'resume-ats', now: '2026-03-10T12:00:00.000Z' })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})
const { buy, pay, reconcile, stored } = buyingOf(deps, bench)

const capturedUnheard = (real: Gateway): Partial<Gateway> => ({
  chargeMethod: async (charge) => {
    const { providerOrderId } = await real.createOrder({ ...charge, saveMethod: false })
    pay('razorpay', providerOrderId, { outcome: 'lost_callback' })
    throw new GatewayError('razorpay', 'unknown_outcome')
  },
  findCharge: async () => {
    throw new GatewayError('razorpay', 'unavailable')
  },
})

async function unheard(account: string) {
  await buy(account, { priceId: 'pro-month' }, { saveMethod: true })
  const [method] = await listMethods(deps.table, account)
  const by = await providerThat(deps, capturedUnheard)
  const body = { paymentMethodId: method?.id ?? '' }
  const answer = await invoke(renewSubscription, renewSubscriptionRun, by, { account, body })
  expect(answer.code).toBe('provider_unavailable')
  const { payments } = await listPayments(deps.table, account, { limit: 2 })
  const payment = payments.find(({ type }) => type === 'renewal')
  const id = payment?.id ?? ''
  expect(await stored(account, id)).toMatchObject({ status: 'pending' })
  expect(await stored(account, id)).not.toHaveProperty('providerOrderId')
  return id
}

describe('a charge that was captured before our row knew its order', () => {
  it.each(['payment.captured', 'order.paid'])('is granted by %s alone', async (kind) => {
    const account = `u-${kind.replace('.', '-')}`
    const id = await unheard(account)
    await deliver(deps, 'razorpay', told(bench.fakes, 'razorpay', kind).at(-1) ?? '')
    await work(deps)
    expect(await stored(account, id)).toMatchObject({ status: 'completed', flags: [], settled: { as: 'granted' } })
  })

  it('is granted by the reconciler', async () => {
    const id = await unheard('u-reconciler')
    deps.clock.advance(16 * 60_000)
    expect(await reconcile('u-reconciler', id)).toBe(true)
    expect(await stored('u-reconciler', id)).toMatchObject({ status: 'completed', settled: { as: 'granted' } })
  })
})
