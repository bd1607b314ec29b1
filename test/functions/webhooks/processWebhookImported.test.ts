import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { run as eraseRun } from '#functions/accounts/eraseAccount'
import { run as exportRun } from '#functions/accounts/exportAccount'
import { run as comparePaymentsRun } from '#functions/payments/comparePayments'
import { eraseAccount, exportAccount } from '#operations/accountData'
import { comparePayments } from '#operations/payments'
import { handleJob } from '#runtime/job'
import { providerSubscriptionKey } from '#table/keys'
import { latestSubscription } from '#table/subscriptions'
import { callsOf } from '#test/support/calls'
import { invoke, testDeps } from '#test/support/deps'
import { begin, scripted } from '#test/support/webhooks'
import { end, importedOf, now, razorpay, renewed, start } from './importedSupport.ts'

const deps = await testDeps({ product: 'resume-ats', now })
afterAll(() => deps.stop())
const all = callsOf(deps)
const { bringOver, brought, get, hear, linesOf } = importedOf(deps)
beforeEach(() => begin(deps, now))

describe('beside what is followed', () => {
  it('a plan that staff gave over it stays; that its provider still renews it is told', async () => {
    const account = await brought('o-gift', 'razorpay', 'sub_OGift')
    await all.grantPlan({ account, body: { priceId: 'premium-month', replace: true, reason: 'a gift' } })
    deps.clock.set(renewed)
    await hear('razorpay', razorpay('subscription.charged', 'sub_OGift', 'active', { pay: 'pay_OGift' }))
    expect((await get(account)).body).toMatchObject({ planId: 'premium', complimentary: true })
    expect(deps.logged).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'a provider renews a subscription that is over here' }),
    )
    expect((await linesOf(account)).map(({ kind }) => kind)).toContain('renewal')
  })

  it('an export shows whose it is and how it was brought over; an erasure takes the provider’s customer, and nothing follows', async () => {
    const account = 'o-erased'
    await all.putAccount({ account, body: { email: 'a@example.com' } })
    const body = {
      ...{ provider: 'razorpay', providerSubscriptionId: 'sub_OErased', priceId: 'pro-month' },
      ...{ currentPeriodStart: start, currentPeriodEnd: end, gatewayCustomerId: 'cust_personal' },
    }
    await bringOver(account, body)
    const told = (await invoke(exportAccount, exportRun, deps, { account })).body
    expect(told.subscriptions).toMatchObject([
      {
        ...{ managedBy: 'provider', provider: 'razorpay', providerSubscriptionId: 'sub_OErased' },
        gatewayCustomerId: 'cust_personal',
      },
    ])
    const erase = () => invoke(eraseAccount, eraseRun, deps, { account })
    expect((await erase()).code).toBe('conflict')
    await hear(
      'razorpay',
      razorpay('subscription.cancelled', 'sub_OErased', 'cancelled', { at: now, span: [start, end] }),
    )
    expect((await erase()).status).toBe(200)
    expect(JSON.stringify(await latestSubscription(deps.table, account))).not.toContain('cust_personal')
    expect(await deps.table.get(providerSubscriptionKey('razorpay', 'sub_OErased'))).toMatchObject({
      accountId: account,
    })
    const late = razorpay('subscription.charged', 'sub_OErased', 'active', { pay: 'pay_OErased' })
    expect(await hear('razorpay', late)).toMatchObject({ status: 'ignored', lastError: 'account_erased' })
  })

  it('money of a provider’s own cycle is no difference of the day; any other that nobody made is', async () => {
    const { gateway } = await deps.payments()
    const one = gateway('razorpay').parseWebhook(
      new TextEncoder().encode(
        JSON.stringify({
          event: 'payment.captured',
          payload: { payment: JSON.parse(razorpay('x', 'sub_X', 'active', { pay: 'pay_X' })).payload.payment },
        }),
      ),
      {},
    )
    if (one.about.type !== 'payment') throw new Error('no payment')
    const { payment } = one.about
    const { isOwnCycle: _theirs, ...stranger } = payment
    const listing = scripted(deps, 'razorpay', {
      async *listPayments() {
        yield payment
        yield { ...stranger, providerPaymentId: 'pay_stranger' }
      },
    })
    const on = {
      ...listing,
      payments: async () => ({ ...(await listing.payments()), turnedOn: ['razorpay'] as const }),
    }
    expect(await handleJob(comparePayments, comparePaymentsRun, on, { scheduledAt: '2026-03-21T03:00:00Z' })).toEqual({
      // The same list, whichever of the four days is asked for.
      ...{ compared: 8, settled: 0, unreadable: 0, differing: 4 },
    })
  })
})
