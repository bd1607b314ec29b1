import { afterAll, describe, expect, it } from 'vitest'
import { run as renewSubscriptionRun } from '#functions/subscriptions/renewSubscription'
import { renewSubscription } from '#operations/subscriptions'
import { listMethods } from '#table/methods'
import { listPayments } from '#table/payments'
import { latestSubscription } from '#table/subscriptions'
import { buyingOf } from '#test/support/buying'
import { invoke, testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'
import { live } from '#test/support/renewals'

/** Paystack tells of no failure: a customer who leaves, or never comes, is seen by a look alone. */

const hourMs = 3_600_000
const start = '2026-01-31T10:00:00.000Z'
const deps = await testDeps({ product: 'cv-builder', now: start })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})
const { begin, buy, pay, reconcile, stored } = buyingOf(deps, bench)
const visit = (orderId: string | null, customer: 'opens' | 'leaves') =>
  bench.fakes.paystack.visit({ orderId: orderId ?? '', customer })
const payments = async (account: string) =>
  (await listPayments(deps.table, account, { limit: 20 })).payments.map(({ type, status }) => `${type} ${status}`)
/** Pays with a card whose bank wants the customer at every charge. */
async function subscribed(account: string) {
  deps.clock.set(start)
  await buy(account, { priceId: 'pro-month' }, { saveMethod: true, card: 'authentication_required' })
  const [method] = await listMethods(deps.table, account)
  return { account, methodId: method?.id ?? '' }
}

describe('an attempt at a page', () => {
  it('that the customer leaves is a failure, also once the order has expired', async () => {
    deps.clock.set(start)
    const { paymentId, providerOrderId } = await begin('a-left', { priceId: 'pro-month' })
    visit(providerOrderId, 'opens')
    deps.clock.advance(hourMs)
    await reconcile('a-left', paymentId)
    expect(await stored('a-left', paymentId)).toMatchObject({ status: 'processing' })
    visit(providerOrderId, 'leaves')
    deps.clock.advance(4 * hourMs)
    await reconcile('a-left', paymentId)
    expect(await stored('a-left', paymentId)).toMatchObject({ status: 'failed', attempt: { code: 'abandoned' } })
    deps.clock.advance(24 * hourMs)
    await reconcile('a-left', paymentId)
    expect(await stored('a-left', paymentId)).toMatchObject({ status: 'failed', progress: 'expired', released: true })
  })

  it('that is finished after all is paid', async () => {
    deps.clock.set(start)
    const { paymentId, providerOrderId } = await begin('a-back', { priceId: 'pro-month' })
    visit(providerOrderId, 'opens')
    await reconcile('a-back', paymentId)
    visit(providerOrderId, 'leaves')
    await reconcile('a-back', paymentId)
    expect((await stored('a-back', paymentId)).status).toBe('failed')
    pay('paystack', providerOrderId ?? '')
    await reconcile('a-back', paymentId)
    expect((await stored('a-back', paymentId)).status).toBe('completed')
  })

  it('that nobody has made is no failure', async () => {
    deps.clock.set(start)
    const { paymentId } = await begin('a-unopened', { priceId: 'pro-month' })
    deps.clock.advance(hourMs)
    await reconcile('a-unopened', paymentId)
    expect(await stored('a-unopened', paymentId)).toMatchObject({ status: 'pending' })
  })
})

describe('a renewal that the customer would have to approve', () => {
  it('has failed at once: nobody is there; it is told of and tried again, and ends with its grace', async () => {
    const { account } = await subscribed('a-renew')
    await live(deps, '2026-02-28T10:00:00.000Z')
    expect(await payments(account)).toEqual(['renewal failed', 'plan_purchase completed'])
    const [failed] = (await listPayments(deps.table, account, { limit: 1 })).payments
    expect(failed?.attempt?.code).toBe('authentication_required')
    expect(await latestSubscription(deps.table, account)).toMatchObject({ status: 'past_due', retry: { failed: 1 } })
    await live(deps, '2026-03-10T10:00:00.000Z')
    expect(await latestSubscription(deps.table, account)).not.toHaveProperty('pendingCharge')
    expect(await payments(account)).toEqual([...Array(4).fill('renewal failed'), 'plan_purchase completed'])
  })

  it('fails where its answer was lost, too', async () => {
    const { account } = await subscribed('a-lost')
    bench.fakes.paystack.behave({
      requests: [
        { route: 'POST /transaction/charge_authorization', fault: 'commit_then_drop', times: 1 },
        { route: 'GET /transaction/verify/:reference', fault: 'server_error', times: 3 },
      ],
    })
    await live(deps, '2026-02-28T10:00:00.000Z')
    bench.fakes.paystack.behave({ reset: true })
    expect(await payments(account)).toEqual(['renewal pending', 'plan_purchase completed'])
    await live(deps, '2026-02-28T11:00:00.000Z')
    expect(await payments(account)).toEqual(['renewal failed', 'plan_purchase completed'])
  })
})

describe('a charge that its customer asks for', () => {
  const renew = (account: string, paymentMethodId: string) =>
    invoke(renewSubscription, renewSubscriptionRun, deps, { account, body: { paymentMethodId } })

  it('is approved where the answer says', async () => {
    const { account, methodId } = await subscribed('a-approves')
    const { body } = await renew(account, methodId)
    expect(body).toMatchObject({ checkout: { approvalUrl: expect.any(String) }, payment: { status: 'processing' } })
    pay('paystack', body.providerOrderId ?? '')
    await reconcile(account, body.paymentId)
    expect((await stored(account, body.paymentId)).status).toBe('completed')
  })

  it.each(['leaves', 'never comes'])('fails when the customer %s, and expires', async (how) => {
    const { account, methodId } = await subscribed(`a-${how.replace(' ', '-')}`)
    const { body } = await renew(account, methodId)
    if (how === 'leaves') visit(body.providerOrderId, 'leaves')
    await live(deps, deps.clock.now() + 48 * hourMs)
    await reconcile(account, body.paymentId)
    expect(await stored(account, body.paymentId)).toMatchObject({
      status: 'failed',
      progress: 'expired',
      released: true,
    })
    expect(await latestSubscription(deps.table, account)).not.toHaveProperty('pendingCharge')
  })
})
