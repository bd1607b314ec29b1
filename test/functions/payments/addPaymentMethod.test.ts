import { afterAll, describe, expect, it } from 'vitest'
import type { PaymentProvider } from '#domain/moneyCharge'
import { run } from '#functions/payments/addPaymentMethod'
import type { Gateway, OrderRequest } from '#gateways/gateway'
import { addPaymentMethod } from '#operations/paymentHistory'
import { refundSetup } from '#runtime/methodSetup'
import { savedMethods } from '#runtime/savedMethod'
import { settlePayment } from '#runtime/settlePayment'
import { paymentDueAt } from '#table/payments'
import { refundsOf } from '#table/refunds'
import { buyingOf } from '#test/support/buying'
import { type Invocation, invoke, testDeps, testPaymentTools } from '#test/support/deps'
import { withFakes } from '#test/support/payments'
import { suspend } from '#test/support/standing'
import { made } from './historySupport.ts'
import { refundCall } from './refundSupport.ts'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})
const { pay, reconcile, stored, verify } = buyingOf(deps, bench)
const add = (account: string, call: Invocation = {}) =>
  invoke(addPaymentMethod, run, deps, { account, body: { provider: 'stripe' }, ...call })
const refunds = (account: string, paymentId: string) => refundsOf(deps.table, account, paymentId)

/** Begins and pays; nobody has heard of the money yet. */
async function paidSetup(account: string, provider: PaymentProvider = 'stripe') {
  await made(deps, account)
  const { paymentId, providerOrderId } = (await add(account, { body: { provider } })).body
  const returned = pay(provider, providerOrderId ?? '', { saveMethod: true })
  return { paymentId, returned }
}

describe('addPaymentMethod', () => {
  it('201 a checkout over the smallest charge, of a payment that buys nothing', async () => {
    const answer = await add(await made(deps, 'a-begin'))
    expect(answer).toMatchObject({
      status: 201,
      body: { provider: 'stripe', amount: 50, currency: 'USD', payment: { type: 'method_setup', status: 'pending' } },
    })
    expect(answer.body.checkout).not.toBeNull()
  })

  it('200 verified, the method is kept and the money goes back, once', async () => {
    const { paymentId, returned } = await paidSetup('a-paid')
    const body = { paymentId, ...returned }
    await Promise.all([1, 2, 3].map(() => verify('a-paid', body)))
    await reconcile('a-paid', paymentId)
    const [method, ...others] = await savedMethods(deps, 'a-paid')
    expect(method).toMatchObject({ provider: 'stripe', isDefault: true })
    expect(others).toEqual([])
    expect(await refunds('a-paid', paymentId)).toMatchObject([{ amountMinor: 50, paymentId }])
    const payment = await stored('a-paid', paymentId)
    expect(payment.charges[0]?.refunds).toHaveLength(1)
    expect(paymentDueAt(payment)).toBeUndefined()
  })

  it('a browser that never came back, and a run that died after settling: the reconciler gives it back', async () => {
    const { paymentId } = await paidSetup('a-lost')
    const at = { accountId: 'a-lost', paymentId }
    const settled = await settlePayment(deps, at, { requestId: 'r', actor: 'webhook' })
    expect(settled).toMatchObject({ status: 'completed', settled: { as: 'granted' } })
    expect(paymentDueAt(settled)).toBe(settled.updatedAt + 60_000)
    expect(await refunds('a-lost', paymentId)).toEqual([])
    expect(await reconcile('a-lost', paymentId)).toBe(true)
    expect(await reconcile('a-lost', paymentId)).toBe(true)
    expect(await refunds('a-lost', paymentId)).toHaveLength(1)
    expect(paymentDueAt(await stored('a-lost', paymentId))).toBeUndefined()
  })

  it('what staff gave back meanwhile is not given back again, and is nobody’s error', async () => {
    const { paymentId } = await paidSetup('a-staff')
    const at = { accountId: 'a-staff', paymentId }
    const seenBefore = await settlePayment(deps, at, { requestId: 'r', actor: 'webhook' })
    expect((await refundCall(deps, seenBefore, { key: 'by-hand' })).status).toBe(202)
    await refundSetup(deps, seenBefore, { requestId: 'r', actor: 'webhook' })
    expect(await refunds('a-staff', paymentId)).toHaveLength(1)
  })

  it('race: verify, reconciler and events at once give it back once', async () => {
    const { paymentId, returned } = await paidSetup('a-race')
    const call = { requestId: 'r', actor: 'webhook' }
    const announced = async () =>
      refundSetup(deps, await settlePayment(deps, { accountId: 'a-race', paymentId }, call), call)
    await Promise.all([
      ...[1, 2, 3].map(() => verify('a-race', { paymentId, ...returned })),
      ...[1, 2, 3].map(announced),
      ...[1, 2].map(() => reconcile('a-race', paymentId)),
    ])
    expect(await refunds('a-race', paymentId)).toMatchObject([{ amountMinor: 50 }])
    const { providerPaymentId = '' } = await stored('a-race', paymentId)
    const atProvider = await (await deps.payments()).gateway('stripe').fetchPayment(providerPaymentId)
    expect(atProvider.refundedMinor).toBe(50)
    expect(await savedMethods(deps, 'a-race')).toHaveLength(1)
  })

  it('201 the same key leads to the same checkout; 422 with another body', async () => {
    const account = await made(deps, 'a-key')
    const first = await add(account, { key: 'one' })
    const second = await add(account, { key: 'one' })
    expect(second).toMatchObject({ status: 201, replayed: true })
    expect(second.body).toEqual(first.body)
    const other = await add(account, { key: 'one', body: {} })
    expect(other).toMatchObject({ status: 422, code: 'idempotency_key_reused' })
  })

  it('201 without a provider: whoever charges the currency; a login’s first write makes its account', async () => {
    const answer = await add('a-login', { as: 'customer', body: {} })
    expect(answer).toMatchObject({ status: 201, body: { currency: 'USD', payment: { type: 'method_setup' } } })
  })

  it('201 for a suspended account: whoever is to pay may say with what', async () => {
    const account = await made(deps, 'a-suspended')
    await suspend(deps, account)
    expect((await add(account)).status).toBe(201)
  })

  it('409 conflict where the provider is not turned on, or does not charge the currency', async () => {
    const account = await made(deps, 'a-currency')
    const tools = await deps.payments()
    const without = { ...deps, payments: async () => ({ ...tools, turnedOn: ['razorpay' as const] }) }
    const call = { account, body: { provider: 'paystack' } }
    expect(await invoke(addPaymentMethod, run, without, call)).toMatchObject({ status: 409, code: 'conflict' })
  })

  it('503 provider_unavailable while the provider does not answer; the same key goes on with the same payment', async () => {
    const account = await made(deps, 'a-down')
    const down = { ...deps, payments: async () => testPaymentTools() }
    const call = { account, key: 'down', body: { provider: 'stripe' } }
    const refused = await invoke(addPaymentMethod, run, down, call)
    expect(refused).toMatchObject({ status: 503, code: 'provider_unavailable' })
    deps.clock.passReal(60_000)
    const after = await add(account, { key: 'down' })
    expect(after).toMatchObject({ status: 201, body: { payment: { type: 'method_setup', status: 'pending' } } })
    expect((await add(account, { key: 'down' })).body.paymentId).toBe(after.body.paymentId)
  })

  it('409 idempotency_in_progress while the first call with the key asks the provider', async () => {
    const account = await made(deps, 'a-busy')
    const tools = await deps.payments()
    const real = tools.gateway('stripe')
    const meanwhile: string[] = []
    const asking: Gateway = Object.assign(Object.create(real), {
      createOrder: async (order: OrderRequest) => {
        meanwhile.push((await add(account, { key: 'busy' })).code ?? 'answered')
        return real.createOrder(order)
      },
    })
    const slow = { ...deps, payments: async () => ({ ...tools, gateway: () => asking }) }
    const call = { account, key: 'busy', body: { provider: 'stripe' } }
    expect((await invoke(addPaymentMethod, run, slow, call)).status).toBe(201)
    expect(meanwhile).toEqual(['idempotency_in_progress'])
  })

  it('400 for an unknown provider; 404 for an account that nobody made', async () => {
    expect(await add('a-begin', { body: { provider: 'paypal' } })).toMatchObject({ status: 400 })
    expect(await add('nobody')).toMatchObject({ status: 404, code: 'not_found' })
  })
})
