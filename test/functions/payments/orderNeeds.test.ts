import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { defaultPaymentSettings } from '#domain/paymentSettings'
import { run as addPaymentMethodRun } from '#functions/payments/addPaymentMethod'
import { run as createCheckoutRun } from '#functions/payments/createCheckout'
import { run as createPurchaseRun } from '#functions/purchases/createPurchase'
import { GatewayError } from '#gateways/gatewayError'
import { addPaymentMethod } from '#operations/paymentHistory'
import { createCheckout } from '#operations/payments'
import { createPurchase } from '#operations/purchases'
import { listPayments } from '#table/payments'
import { type Invocation, invoke, testDeps } from '#test/support/deps'
import { providerThat, withFakes } from '#test/support/payments'
import { tableDump } from '#test/support/tableDump'

/** What a provider needs is asked for before anything is written. */

const deps = await testDeps({ product: 'example', now: '2026-03-10T12:00:00.000Z' })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})
const returnUrl = 'https://shop.example/thanks'
const by = (provider: 'paystack' | 'stripe', more: object = { returnUrl }) => {
  deps.settings = async () => ({ ...defaultPaymentSettings, ...more, providers: { USD: provider } })
}
beforeEach(() => by('paystack'))
const checkout = (call: Invocation) => invoke(createCheckout, createCheckoutRun, deps, call)
const purchase = (call: Invocation) => invoke(createPurchase, createPurchaseRun, deps, call)
const begunBy = async (account: string) => (await listPayments(deps.table, account, { limit: 5 })).payments.length

describe('at Paystack', () => {
  it('400 for a visitor without an address, and nothing is written', async () => {
    const call = { as: 'visitor' as const, account: 'anon_needs1', body: { productId: 'guide' } }
    for (const asked of [checkout, purchase])
      expect(await asked(call)).toMatchObject({
        status: 400,
        code: 'validation_failed',
        body: { errors: [{ path: 'email' }] },
      })
    expect(await begunBy('anon_needs1')).toBe(0)
  })

  it('201 for a visitor who names one: the provider gets it, and it is kept and logged nowhere', async () => {
    const email = 'canary-visitor@example.com'
    const account = 'anon_needs2'
    const { status, body } = await purchase({ as: 'visitor', account, body: { productId: 'guide', email } })
    expect([status, body.provider]).toEqual([201, 'paystack'])
    expect(bench.fakes.paystack.pay({ orderId: body.providerOrderId ?? '', outcome: 'success' })).not.toHaveProperty(
      'error',
    )
    const kept = JSON.stringify([await tableDump(deps.engine), deps.logged, deps.sent])
    expect(kept).toContain(body.paymentId)
    expect(kept).not.toContain('canary-visitor')
  })

  it('409 for an account that has none, unless one is named', async () => {
    const call = { as: 'customer' as const, account: 'needs-3', body: { productId: 'guide' } }
    expect(await checkout(call)).toMatchObject({ status: 409, code: 'conflict' })
    expect(await invoke(addPaymentMethod, addPaymentMethodRun, deps, { ...call, body: {} })).toMatchObject({
      status: 409,
    })
    expect(await begunBy('needs-3')).toBe(0)
    expect((await checkout({ ...call, body: { productId: 'guide', email: 'a@example.com' } })).status).toBe(201)
  })
})

describe('at Stripe', () => {
  it('409 without an address to come back to, and nothing is written', async () => {
    by('stripe', {})
    const answer = await checkout({ as: 'visitor', account: 'anon_needs4', body: { productId: 'guide' } })
    expect(answer).toMatchObject({
      status: 409,
      code: 'conflict',
      body: { detail: expect.stringContaining('returnUrl') },
    })
    expect(await begunBy('anon_needs4')).toBe(0)
  })

  it('409 for what the provider refuses: asked again it would be refused again', async () => {
    by('stripe')
    const refusing = await providerThat(deps, () => ({
      createOrder: async () => {
        throw new GatewayError('stripe', 'refused', { code: 'parameter_invalid' })
      },
    }))
    const call = { as: 'visitor' as const, account: 'anon_needs5', body: { productId: 'guide' } }
    const answer = await invoke(createCheckout, createCheckoutRun, refusing, call)
    expect(answer).toMatchObject({ status: 409, code: 'conflict' })
    expect(answer.headers).not.toHaveProperty('retry-after')
  })
})
