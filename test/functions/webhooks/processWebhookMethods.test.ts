import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ProviderMethod } from '#gateways/gateway'
import type { Fakes } from '#local/providers/start'
import { saveMethod } from '#runtime/savedMethod'
import { listMethods } from '#table/methods'
import { findPayment } from '#table/payments'
import { callsOf, takeSent } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'
import { checkedOut, deliver, hashOf, stored, stripeEvent, told, work } from '#test/support/webhooks'
import { forgetful } from '../payments/methodSupport.ts'

const deps = await testDeps({ product: 'cv-builder', now: '2026-03-10T12:00:00.000Z' })
const { putAccount } = callsOf(deps)
let fakes: Fakes
let stopFakes: () => Promise<void>
beforeAll(async () => {
  const bench = await withFakes(deps)
  fakes = bench.fakes
  stopFakes = bench.stop
})
afterAll(async () => {
  await stopFakes()
  await deps.stop()
})

const card: ProviderMethod = { kind: 'card', brand: 'visa', last4: '4242', expMonth: 1, expYear: 2027, reusable: true }
const saved = async (account: string) =>
  (await listMethods(deps.table, account)).map(({ last4, expYear, isDefault }) => ({ last4, expYear, isDefault }))

describe('processWebhook of saved methods', () => {
  it('updates what is shown of a card that the bank replaced', async () => {
    await putAccount({ account: 'm-update', body: { email: 'm@example.com' } })
    await saveMethod(deps, 'm-update', 'stripe', { ...card, token: 'pm_update' })
    const object = {
      id: 'pm_update',
      object: 'payment_method',
      type: 'card',
      card: { brand: 'visa', last4: '1881', exp_month: 2, exp_year: 2031 },
    }
    await deliver(deps, 'stripe', stripeEvent('evt_update', 'payment_method.automatically_updated', object))
    expect(await work(deps)).toEqual([])
    expect(await saved('m-update')).toEqual([{ last4: '1881', expYear: 2031, isDefault: true }])
    expect(await stored(deps, 'stripe', 'evt_update')).toMatchObject({ status: 'processed', accountId: 'm-update' })
  })

  it('forgets one that was detached, for good; the other becomes the default', async () => {
    await putAccount({ account: 'm-detach', body: { email: 'm@example.com' } })
    await saveMethod(deps, 'm-detach', 'stripe', { ...card, token: 'pm_first' })
    await saveMethod(deps, 'm-detach', 'stripe', { ...card, last4: '0005', token: 'pm_second' })
    const object = { id: 'pm_first', object: 'payment_method', type: 'card' }
    const { told, stop } = forgetful(deps)
    for (const id of ['evt_detach_1', 'evt_detach_2']) {
      await deliver(deps, 'stripe', stripeEvent(id, 'payment_method.detached', object))
      expect(await work(deps)).toEqual([])
    }
    stop()
    // The provider has told us: it is not told.
    expect(told).toEqual([])
    expect(await saved('m-detach')).toEqual([{ last4: '0005', expYear: 2027, isDefault: true }])
  })

  it.each([
    ['token.cancelled', []],
    ['token.rejected', []],
    ['token.paused', [{ last4: '4242', expYear: 2027, isDefault: true }]],
    ['token.confirmed', [{ last4: '4242', expYear: 2027, isDefault: true }]],
  ])('%s of Razorpay', async (event, left) => {
    const account = `m-${event}`
    const token = `token_${event.replace('.', '')}01`
    await putAccount({ account, body: { email: 'm@example.com' } })
    await saveMethod(deps, account, 'razorpay', { ...card, token })
    await deliver(deps, 'razorpay', JSON.stringify({ event, payload: { token: { entity: { id: token } } } }))
    expect(await work(deps)).toEqual([])
    expect(await saved(account)).toEqual(left)
  })

  it('ignores a token that nobody has', async () => {
    const object = { id: 'pm_strange', object: 'payment_method', type: 'card' }
    await deliver(deps, 'stripe', stripeEvent('evt_strange', 'payment_method.detached', object))
    await work(deps)
    expect(await stored(deps, 'stripe', 'evt_strange')).toMatchObject({
      status: 'ignored',
      lastError: 'method_unknown',
    })
  })
})

describe('processWebhook of Paystack', () => {
  it('settles charge.success, and refunds that name the transaction by reference alone', async () => {
    await putAccount({ account: 'p-refund', body: { email: 'p@example.com' } })
    const { paymentId, providerOrderId } = await checkedOut(deps, 'p-refund', { priceId: 'pro-month' })
    fakes.paystack.pay({ orderId: providerOrderId, outcome: 'success' })
    await deliver(deps, 'paystack', told(fakes, 'paystack', 'charge.success').at(-1) ?? '')
    expect(await work(deps)).toEqual([])
    const paid = await findPayment(deps.table, 'p-refund', paymentId, { consistent: true })
    expect(paid).toMatchObject({ status: 'completed', provider: 'paystack' })
    const refund = (event: string, status: string) =>
      JSON.stringify({
        event,
        data: {
          status,
          transaction_reference: providerOrderId,
          amount: '1000',
          currency: paid?.currency,
          domain: 'test',
        },
      })
    for (const body of [
      refund('refund.pending', 'pending'),
      refund('refund.processed', 'processed'),
      refund('refund.processing', 'processing'),
    ]) {
      await deliver(deps, 'paystack', body)
      expect(await work(deps)).toEqual([])
      expect(await stored(deps, 'paystack', hashOf(body))).toMatchObject({ status: 'processed', paymentId })
    }
    expect(await findPayment(deps.table, 'p-refund', paymentId, { consistent: true })).toMatchObject({
      status: 'partially_refunded',
      refundedMinor: 1000,
    })
    takeSent(deps, 'webhook')
  })
})
