import { afterAll, describe, expect, it } from 'vitest'
import { run as createCheckoutRun } from '#functions/payments/createCheckout'
import { run as verifyPaymentRun } from '#functions/payments/verifyPayment'
import { createCheckout, verifyPayment } from '#operations/payments'
import { invoicesOfPayment } from '#table/invoices'
import { callsOf } from '#test/support/calls'
import { type Invocation, invoke, type TestDeps, testDeps } from '#test/support/deps'
import { type PaymentBench, withFakes } from '#test/support/payments'

const providers = [
  { provider: 'razorpay', product: 'resume-ats', priceId: 'pro-month', amount: 14900, planId: 'pro' },
  { provider: 'paystack', product: 'cv-builder', priceId: 'pro-month', amount: 12000, planId: 'pro' },
  { provider: 'stripe', product: 'wellbeing', priceId: 'premium-month', amount: 3200, planId: 'premium' },
] as const

const stages = new Map<string, { deps: TestDeps; bench: PaymentBench }>()
afterAll(async () => {
  for (const { deps, bench } of stages.values()) {
    await bench.stop()
    await deps.stop()
  }
})

async function stageOf(product: (typeof providers)[number]['product']) {
  const known = stages.get(product)
  if (known) return known
  const deps = await testDeps({ product, now: '2026-01-31T10:00:00.000Z' })
  const stage = { deps, bench: await withFakes(deps) }
  stages.set(product, stage)
  return stage
}

describe.each(providers)('verifyPayment at $provider', ({ provider, product, priceId, amount, planId }) => {
  const begin = async (account: string, pay: Partial<Parameters<PaymentBench['fakes']['stripe']['pay']>[0]> = {}) => {
    const { deps, bench } = await stageOf(product)
    const calls = callsOf(deps)
    await calls.putAccount({ account, body: { email: `${account}@example.com`, name: 'A Customer' } })
    const body = { priceId }
    const { body: begun } = await invoke(createCheckout, createCheckoutRun, deps, { account, body, key: account })
    expect(begun).toMatchObject({ provider, amount })
    const order = { orderId: begun.providerOrderId ?? '', outcome: 'success' as const }
    const returned = bench.fakes[provider].pay({ ...order, ...pay })
    const verify = (call: Partial<Invocation> = {}) =>
      invoke(verifyPayment, verifyPaymentRun, deps, {
        account,
        body: { paymentId: begun.paymentId, ...returned },
        ...call,
      })
    return { deps, bench, calls, begun, returned, verify }
  }

  it('200 settles what is paid: the plan, the history, one invoice', async () => {
    const account = `v-${provider}`
    const { deps, calls, begun, verify } = await begin(account)
    const { status, body } = await verify()
    expect({ status, body: body.status, amount: body.amount }).toEqual({ status: 200, body: 'completed', amount })
    expect((await calls.getAccount({ account })).body).toMatchObject({ planId })
    expect(await invoicesOfPayment(deps.table, account, begun.paymentId)).toHaveLength(1)
  })

  it('200 twenty times at once: one settlement', async () => {
    const account = `vr-${provider}`
    const { deps, begun, verify } = await begin(account)
    const answers = await Promise.all(Array.from({ length: 20 }, () => verify()))
    expect(answers.map(({ body }) => body.status)).toEqual(Array.from({ length: 20 }, () => 'completed'))
    expect(await invoicesOfPayment(deps.table, account, begun.paymentId)).toHaveLength(1)
  })

  it('200 with status review for an altered amount: nothing is granted', async () => {
    const account = `va-${provider}`
    const { calls, verify } = await begin(account, { amount: 100 })
    expect((await verify()).body).toMatchObject({ status: 'review', flags: expect.arrayContaining(['amount']) })
    expect((await calls.getAccount({ account })).body.planId).not.toBe(planId)
  })

  it('404 for another account’s payment, by its id and by the provider’s order', async () => {
    const { calls, returned, begun, verify } = await begin(`vo-${provider}`)
    await calls.putAccount({ account: `vx-${provider}`, body: { email: 'x@example.com' } })
    for (const body of [{ paymentId: begun.paymentId, ...returned }, returned])
      expect(await verify({ account: `vx-${provider}`, body })).toMatchObject({ status: 404, code: 'not_found' })
  })

  it('200 processing while nothing is paid', async () => {
    const account = `vp-${provider}`
    const { deps, verify, returned } = await begin(account, { outcome: 'fail' })
    if (provider === 'razorpay') {
      expect(returned).toHaveProperty('error')
      return
    }
    const { body: begun } = await invoke(createCheckout, createCheckoutRun, deps, { account, body: { priceId } })
    const body = provider === 'paystack' ? { reference: begun.providerOrderId } : { sessionId: begun.providerOrderId }
    expect((await verify({ body })).body.status).toBe('processing')
  })
})

describe('verifyPayment', () => {
  it('400 invalid_signature for a signature that is not the provider’s', async () => {
    const { deps, bench } = await stageOf('resume-ats')
    const account = 'v-forged'
    await callsOf(deps).putAccount({ account, body: { email: 'f@example.com' } })
    const { body: begun } = await invoke(createCheckout, createCheckoutRun, deps, {
      account,
      body: { priceId: 'pro-month' },
    })
    const returned = bench.fakes.razorpay.pay({ orderId: begun.providerOrderId ?? '', outcome: 'success' })
    const forged = { ...returned, razorpay_signature: '0'.repeat(64), paymentId: begun.paymentId }
    expect(await invoke(verifyPayment, verifyPaymentRun, deps, { account, body: forged })).toMatchObject({
      status: 400,
      code: 'invalid_signature',
    })
  })

  it('400 for another provider’s words, and for a body that names nothing', async () => {
    const { deps } = await stageOf('resume-ats')
    expect(await invoke(verifyPayment, verifyPaymentRun, deps, { account: 'v', body: {} })).toMatchObject({
      status: 400,
    })
  })

  it('503 provider_unavailable while the provider does not answer; the money is settled by the next call', async () => {
    const { deps, bench } = await stageOf('wellbeing')
    const account = 'v-down'
    await callsOf(deps).putAccount({ account, body: { email: 'd@example.com' } })
    const { body: begun } = await invoke(createCheckout, createCheckoutRun, deps, {
      account,
      body: { priceId: 'premium-month' },
    })
    const returned = bench.fakes.stripe.pay({ orderId: begun.providerOrderId ?? '', outcome: 'success' })
    bench.fakes.stripe.behave({ requests: [{ route: '*', fault: 'server_error', times: 50 }] })
    const verify = () => invoke(verifyPayment, verifyPaymentRun, deps, { account, body: returned })
    expect(await verify()).toMatchObject({ status: 503, code: 'provider_unavailable' })
    bench.fakes.stripe.behave({ reset: true })
    expect((await verify()).body.status).toBe('completed')
  })
})
