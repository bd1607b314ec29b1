import { afterAll, describe, expect, it } from 'vitest'
import { run as renewSubscriptionRun } from '#functions/subscriptions/renewSubscription'
import { renewSubscription } from '#operations/subscriptions'
import { listMethods } from '#table/methods'
import { listPayments } from '#table/payments'
import { latestSubscription } from '#table/subscriptions'
import { buyingOf } from '#test/support/buying'
import { invoke, type TestDeps, testDeps } from '#test/support/deps'
import { type PaymentBench, providerThat, withFakes } from '#test/support/payments'
import { live } from '#test/support/renewals'

/** A saved method that its provider does not know any more: a decline, told at once. */

const open: { deps: TestDeps; bench: PaymentBench }[] = []
afterAll(async () => {
  for (const { deps, bench } of open) {
    await bench.stop()
    await deps.stop()
  }
})
const providers = [
  { provider: 'razorpay', product: 'resume-ats', priceId: 'pro-month', token: 'token_unknown1' },
  { provider: 'stripe', product: 'wellbeing', priceId: 'premium-month', token: 'pm_unknown1' },
] as const

async function stageOf({ product, priceId, token }: (typeof providers)[number]) {
  const stage = await testDeps({ product, now: '2026-01-31T10:00:00.000Z' })
  const bench = await withFakes(stage)
  open.push({ deps: stage, bench })
  await buyingOf(stage, bench).buy('gone', { priceId }, { saveMethod: true })
  const [method] = await listMethods(stage.table, 'gone')
  // Deleted in the provider's dashboard, say: nobody tells us.
  const deps = await providerThat(stage, (real) => ({
    chargeMethod: (charge) => real.chargeMethod({ ...charge, token }),
  }))
  return { deps: Object.assign(stage, { payments: deps.payments }), paymentMethodId: method?.id ?? '' }
}

describe.each(providers)('at $provider', (stage) => {
  it('a renewal has failed at once, and is told of', async () => {
    const { deps } = await stageOf(stage)
    await live(deps, '2026-02-28T10:00:00.000Z')
    const { payments } = await listPayments(deps.table, 'gone', { limit: 5 })
    expect(payments.find(({ type }) => type === 'renewal')).toMatchObject({
      status: 'failed',
      attempt: { code: 'method_gone' },
    })
    expect(await latestSubscription(deps.table, 'gone')).toMatchObject({ retry: { failed: 1 } })
  })

  it('201 failed for whoever pays with it', async () => {
    const { deps, paymentMethodId } = await stageOf(stage)
    const call = { account: 'gone', body: { paymentMethodId } }
    const answer = await invoke(renewSubscription, renewSubscriptionRun, deps, call)
    expect(answer).toMatchObject({
      status: 201,
      body: { payment: { status: 'failed', failure: { code: 'method_gone' } } },
    })
  })
})
