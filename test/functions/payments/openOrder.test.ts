import { afterAll, describe, expect, it } from 'vitest'
import { run as createCheckoutRun } from '#functions/payments/createCheckout'
import type { Gateway, OrderRequest } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import { createCheckout } from '#operations/payments'
import { turnMs } from '#runtime/turn'
import { listPayments } from '#table/payments'
import { buyingOf } from '#test/support/buying'
import { callsOf } from '#test/support/calls'
import { type Invocation, invoke, testDeps } from '#test/support/deps'
import { providerThat, withFakes } from '#test/support/payments'

const start = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ product: 'wellbeing', now: start })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})
const { reconcile, stored } = buyingOf(deps, bench)
const product = { productId: 'stress-quiz' }
const checkout = async (call: Invocation, change: (real: Gateway) => Partial<Gateway> = () => ({})) =>
  invoke(createCheckout, createCheckoutRun, await providerThat(deps, change), { ...call, body: product })
const begunOf = async (account: string) => {
  const [payment] = (await listPayments(deps.table, account, { limit: 1 })).payments
  if (!payment) throw new Error('nothing was begun')
  return payment
}
const anAccount = async (account: string) => {
  await callsOf(deps).putAccount({ account, body: { email: `${account}@example.com` } })
  return { account, key: account }
}
const down = async (): Promise<never> => {
  throw new GatewayError('stripe', 'unavailable')
}

describe('an order that asks for another amount than its payment', () => {
  /** Made there for less, and answered with what its maker takes for an unreadable answer. */
  const cheaper = (real: Gateway): Partial<Gateway> => ({
    createOrder: async (order) => {
      await real.createOrder({ ...order, amountMinor: order.amountMinor - 100 })
      throw new GatewayError('stripe', 'unknown_outcome', { code: 'bad_answer' })
    },
  })

  it('is offered to nobody: a defect, which alarms', async () => {
    const call = await anAccount('w-cheaper')
    expect((await checkout({ ...call, expectDefect: true }, cheaper)).status).toBe(500)
    deps.clock.passReal(turnMs + 1)
    expect((await checkout({ ...call, expectDefect: true })).status).toBe(500)
    expect(await begunOf(call.account)).not.toHaveProperty('providerOrderId')
  })

  it('is not kept by the reconciler either', async () => {
    const call = await anAccount('w-reconciled')
    await checkout({ ...call, expectDefect: true }, cheaper)
    const { id } = await begunOf(call.account)
    expect(await reconcile(call.account, id)).toBe(true)
    expect(await stored(call.account, id)).not.toHaveProperty('providerOrderId')
  })
})

describe('an order at Stripe', () => {
  const seen: OrderRequest[] = []
  const watched = (real: Gateway): Partial<Gateway> => ({
    createOrder: (order) => {
      seen.push(order)
      return real.createOrder(order)
    },
  })

  it('closes with its payment, a little before', async () => {
    deps.clock.set(deps.clock.real())
    const call = await anAccount('t-closes')
    const { body } = await checkout(call, watched)
    const { expiresAt } = await stored(call.account, body.paymentId)
    expect(seen.at(-1)?.expiresAt).toBe(expiresAt - 5 * 60_000)
    deps.clock.set(expiresAt - 5 * 60_000)
    bench.fakes.stripe.tick()
    const gateway = (await deps.payments()).gateway('stripe')
    expect((await gateway.fetchOrder(body.providerOrderId ?? '')).status).toBe('expired')
  })

  it('has a day of Stripe’s own clock where a test clock is turned', async () => {
    deps.clock.set(start)
    await checkout(await anAccount('t-turned'), watched)
    expect(seen.at(-1)).not.toHaveProperty('expiresAt')
  })

  it.each([
    [-1, 409],
    [0, 201],
  ])('is opened no later than 36 minutes before the end (%i ms: %i)', async (moreMs, status) => {
    deps.clock.set(start)
    const call = await anAccount(`t-left-${status}`)
    await checkout(call, () => ({ createOrder: down }))
    deps.clock.set((await begunOf(call.account)).expiresAt - 36 * 60_000 - moreMs)
    const answer = await checkout(call)
    expect(answer.status).toBe(status)
    if (status === 409) expect(answer.code).toBe('conflict')
  })
})
