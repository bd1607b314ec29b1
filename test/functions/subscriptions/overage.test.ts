import { afterAll, describe, expect, it } from 'vitest'
import { unansweredMs } from '#domain/subscriptionDue'
import { planCancel, planEnd } from '#domain/subscriptionEnd'
import { isBought } from '#domain/subscriptionState'
import type { Gateway } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import { owedOverage } from '#runtime/overage'
import { workSubscription } from '#runtime/renewal'
import { stepSubscription } from '#runtime/subscription'
import { commit } from '#table/commit'
import { invoicesOfPayment } from '#table/invoices'
import { accountKey } from '#table/keys'
import { listPayments } from '#table/payments'
import type { Table, Write } from '#table/port'
import { latestSubscription } from '#table/subscriptions'
import { putHistoryWrite } from '#table/usage'
import { buyingOf } from '#test/support/buying'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'
import { live, sweep } from '#test/support/renewals'
import { suspend, unsuspend } from '#test/support/standing'

const start = '2026-01-31T10:00:00.000Z'
const deps = await testDeps({ product: 'marketing', now: start })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})
const { recordUsage } = callsOf(deps)
const { buy } = buyingOf(deps, bench)
const starter = 1_500_000

async function subscribed(account: string, options: Parameters<typeof buy>[2] = {}) {
  deps.clock.set(start)
  // The catalogue names no provider for naira; the first that charges it would be Razorpay.
  const settings = await deps.settings()
  deps.settings = async () => ({ ...settings, providers: { NGN: 'paystack' } })
  await buy(account, { priceId: 'starter-month' }, { saveMethod: true, ...options })
  return account
}
const send = (account: string, quantity: number, feature = 'EMAIL_SENT') =>
  recordUsage({ account, body: { feature, quantity } })
const payments = async (account: string) =>
  (await listPayments(deps.table, account, { limit: 20 })).payments.map(({ type, status, amountMinor }) => [
    type,
    status,
    amountMinor,
  ])

describe('overage', () => {
  it('of the closed period is on the invoice of the renewal: units beyond, rounded once, once', async () => {
    const account = await subscribed('o-month')
    await send(account, 10_150)
    await send(account, 1_003, 'SMS_SENT')
    await live(deps, '2026-02-28T10:00:00.000Z')
    // 150 e-mails of 1 kobo, 3 messages of 50.
    expect(await payments(account)).toEqual([
      ['renewal', 'completed', starter + 150 + 150],
      ['plan_purchase', 'completed', starter],
    ])
    const [renewal] = (await listPayments(deps.table, account, { limit: 1 })).payments
    const [invoice] = await invoicesOfPayment(deps.table, account, renewal?.id ?? '')
    expect(invoice?.lines.map(({ kind, totalMinor }) => [kind, totalMinor])).toEqual([
      ['plan', starter],
      ['overage', 150],
      ['overage', 150],
    ])
    await live(deps, '2026-03-31T10:00:00.000Z')
    expect((await payments(account))[0]).toEqual(['renewal', 'completed', starter])
  })

  it('of a charge that failed is on the retry, and on nothing else', async () => {
    const account = await subscribed('o-retry', { card: 'declines_later' })
    await send(account, 10_150)
    await live(deps, '2026-03-03T09:30:00.000Z')
    const renewals = (await payments(account)).filter(([type]) => type === 'renewal')
    expect(renewals.map(([, , amount]) => amount)).toEqual([starter + 150, starter + 150, starter + 150, starter + 150])
  })

  it('of the closed period is on the renewal’s invoice also when there was use before the renewal came', async () => {
    const account = await subscribed('o-between')
    await send(account, 10_150)
    deps.clock.set('2026-02-28T10:05:00.000Z')
    await send(account, 1)
    await live(deps, '2026-02-28T10:15:00.000Z')
    expect((await payments(account))[0]).toEqual(['renewal', 'completed', starter + 151])
    await send(account, 1)
    await live(deps, '2026-03-31T10:00:00.000Z')
    expect((await payments(account))[0]).toEqual(['renewal', 'completed', starter])
  })

  it('of grace is on the next order as a line of its own, once', async () => {
    const account = await subscribed('o-grace', { card: 'declines_later' })
    await send(account, 10_150)
    await live(deps, '2026-02-28T12:00:00.000Z')
    await send(account, 10)
    await live(deps, '2026-03-01T12:00:00.000Z')
    await send(account, 5)
    await live(deps, '2026-03-03T09:30:00.000Z')
    const renewals = (await payments(account)).filter(([type]) => type === 'renewal')
    expect(renewals.map(([, , amount]) => Number(amount) - starter)).toEqual([165, 165, 160, 150])
    const { items } = await owedOverage(deps, { id: account, plan: null }, 'NGN')
    expect(items.map(({ quantity }) => quantity)).toEqual([150, 10, 5])
  })

  it('is tried, as its renewal is, as often as the setting says', async () => {
    const account = await subscribed('o-setting', { card: 'declines_later' })
    const settings = await deps.settings()
    deps.settings = async () => ({ ...settings, retryHours: [6] })
    await send(account, 20_000)
    await live(deps, '2026-03-20T10:00:00.000Z')
    const made = (await listPayments(deps.table, account, { limit: 20 })).payments
    expect(made.map(({ type, status, createdAt }) => [type, status, new Date(createdAt).toISOString()])).toEqual([
      ['overage', 'failed', '2026-03-04T10:00:00.000Z'],
      ['overage', 'failed', '2026-03-03T10:00:00.000Z'],
      ['renewal', 'failed', '2026-02-28T16:00:00.000Z'],
      ['renewal', 'failed', '2026-02-28T10:00:00.000Z'],
      ['plan_purchase', 'completed', '2026-01-31T10:00:00.000Z'],
    ])
    deps.settings = async () => settings
  })

  it('of the last period is charged after the plan has ended', async () => {
    const account = await subscribed('o-last')
    await send(account, 20_000)
    await stepSubscription(deps, account, { requestId: 'test', actor: 'test' }, ({ scene }, now) =>
      planCancel(scene, { when: 'period_end' }, { history: 'his_01KBQ7M8G0C000000000000000' }, now),
    )
    await live(deps, '2026-02-28T10:00:00.000Z')
    expect(await latestSubscription(deps.table, account)).toMatchObject({ status: 'canceled' })
    expect((await payments(account))[0]).toEqual(['overage', 'completed', 10_000])
    await sweep(deps)
    expect(await payments(account)).toHaveLength(2)
  })

  const call = { requestId: 'test', actor: 'test' }
  const ids = { history: 'his_01KBQ7M8G0C000000000000000' }
  const cancel = (account: string, when: 'now' | 'period_end') =>
    stepSubscription(deps, account, call, ({ scene }, now) => planCancel(scene, { when }, ids, now))
  const waiting = async (account: string) => {
    const subscription = await latestSubscription(deps.table, account)
    return subscription && isBought(subscription) ? subscription.finalOverage : undefined
  }
  const overages = async (account: string) => (await payments(account)).filter(([type]) => type === 'overage')

  it('of a plan that was cancelled at once is charged when its window is over, once', async () => {
    const account = await subscribed('o-now')
    await send(account, 20_000)
    deps.clock.set('2026-02-10T10:00:00.000Z')
    await cancel(account, 'now')
    await sweep(deps)
    expect(await overages(account)).toEqual([])
    expect(await waiting(account)).toEqual({ at: Date.parse('2026-02-28T10:00:00.000Z') })
    await live(deps, '2026-03-10T10:00:00.000Z')
    expect(await overages(account)).toEqual([['overage', 'completed', 10_000]])
    expect(await waiting(account)).toBeUndefined()
  })

  it('is charged though the worker died right after the end, by three workers at once, and only once', async () => {
    const account = await subscribed('o-crash')
    await send(account, 20_000)
    await cancel(account, 'period_end')
    deps.clock.set('2026-02-28T10:00:00.000Z')
    await stepSubscription(deps, account, call, ({ scene }, now) => planEnd(scene, ids, now))
    expect(await waiting(account)).toEqual({ at: deps.clock.now() })
    const { id } = (await latestSubscription(deps.table, account)) ?? { id: '' }
    const look = () => workSubscription(deps, { accountId: account, subscriptionId: id }, call)
    await Promise.all([look(), look(), look()])
    await live(deps, '2026-03-02T10:00:00.000Z')
    expect(await overages(account)).toEqual([['overage', 'completed', 10_000]])
    expect(await waiting(account)).toBeUndefined()
  })

  it('of a plan that nobody could renew is tried as often, and then is on the next order', async () => {
    const account = await subscribed('o-declined', { card: 'declines_later' })
    await send(account, 20_000)
    await live(deps, '2026-03-20T10:00:00.000Z')
    expect(await latestSubscription(deps.table, account)).toMatchObject({ status: 'expired' })
    expect(await waiting(account)).toEqual({ at: null, failed: 4 })
    expect(await overages(account)).toEqual(Array(4).fill(['overage', 'failed', 10_000]))
    const { items } = await owedOverage(deps, { id: account, plan: null }, 'NGN')
    expect(items.map(({ amountMinor }) => amountMinor)).toEqual([10_000])
    expect((await owedOverage(deps, { id: account, plan: null }, 'INR')).items).toEqual([])
  })

  it('is charged when the provider answers again, under the same payment', async () => {
    const account = await subscribed('o-down')
    await send(account, 20_000)
    await cancel(account, 'period_end')
    const restore = await faulty((gateway) => ({
      ...gateway,
      chargeMethod: () => Promise.reject(new GatewayError('paystack', 'unavailable')),
    }))
    await live(deps, '2026-02-28T10:00:00.000Z')
    restore()
    const [open] = (await listPayments(deps.table, account, { limit: 1 })).payments
    expect(await waiting(account)).toEqual({ at: deps.clock.now() + unansweredMs, paymentId: open?.id })
    await live(deps, '2026-02-28T12:00:00.000Z')
    const [paid] = (await listPayments(deps.table, account, { limit: 1 })).payments
    expect(paid).toMatchObject({ id: open?.id, type: 'overage', status: 'completed' })
    expect(await overages(account)).toHaveLength(1)
    expect(await waiting(account)).toBeUndefined()
  })

  it('of a suspended account is not charged, not even a charge that nobody heard of; afterwards it is, once', async () => {
    const accounts = [await subscribed('o-suspended'), await subscribed('o-unheard')]
    const [before = '', under = ''] = accounts
    for (const account of accounts) {
      await send(account, 20_000)
      await cancel(account, 'period_end')
    }
    await suspend(deps, before)
    const restore = await faulty((gateway) => ({
      ...gateway,
      chargeMethod: () => Promise.reject(new GatewayError('paystack', 'unavailable')),
    }))
    await live(deps, '2026-02-28T10:00:00.000Z')
    restore()
    await suspend(deps, under)
    await live(deps, '2026-02-28T16:00:00.000Z')
    expect([await overages(before), await overages(under)]).toEqual([[], [['overage', 'pending', 10_000]]])
    for (const account of accounts) await unsuspend(deps, account)
    await live(deps, '2026-03-02T10:00:00.000Z')
    for (const account of accounts) expect(await overages(account)).toEqual([['overage', 'completed', 10_000]])
  })

  it('of many windows is on as many orders as it takes, each bounded, under a short description', async () => {
    const account = await subscribed('o-many')
    await cancel(account, 'period_end')
    deps.clock.set('2026-02-28T09:00:00.000Z')
    const days = Array.from({ length: 130 }, (_, day) => new Date(Date.UTC(2025, 9, 1 + day)).toISOString())
    await commit(deps.table, [
      rowOf(
        account,
        'EMAIL_SENT',
        '2026-02',
        days.map((day) => `day#${day}`),
      ),
    ])
    const { items } = await owedOverage(deps, { id: account, plan: null }, 'NGN')
    expect(items).toHaveLength(100)
    expect(items[0]?.windowId).toBe('day#2025-10-01T00:00:00.000Z')
    const asked: string[] = []
    const restore = await faulty((gateway) => ({
      ...gateway,
      chargeMethod: (request) => {
        asked.push(request.description)
        return gateway.chargeMethod(request)
      },
    }))
    await live(deps, '2026-03-01T10:00:00.000Z')
    restore()
    const amounts = (await overages(account)).map(([, status, amountMinor]) => `${status} ${amountMinor}`)
    expect(amounts.toSorted()).toEqual(['completed 100000', 'completed 30000'])
    expect(asked.map(({ length }) => length)).toEqual([120, 120])
  })

  it('of many months is billed forty rows at a time, the oldest first, also of a month that is not over everywhere', async () => {
    deps.clock.set('2026-02-28T12:00:00.000Z')
    const months = Array.from({ length: 27 }, (_, back) => new Date(Date.UTC(2026, 2 - back)).toISOString().slice(0, 7))
    const features = ['EMAIL_SENT', 'SMS_SENT', 'WHATSAPP_SENT']
    for (const feature of features)
      await commit(
        deps.table,
        months.map((month) => rowOf('o-rows', feature, month, [`month#${month}-01T00:00:00.000Z`])),
      )
    const account = { id: 'o-rows', plan: null }
    const first = await owedOverage(deps, account, 'NGN')
    const of = ({ items }: typeof first) => items.map(({ windowId }) => windowId.slice(6, 13)).toSorted()
    const sorted = features.flatMap(() => months).toSorted()
    expect(of(first)).toEqual(sorted.slice(0, 40))
    // The payment that has them on its order is there, as `billedBy` is written beside it.
    const { id } = await buy('o-rows', { priceId: 'starter-month' }, { saveMethod: true })
    await commit(deps.table, first.billedBy(id))
    expect(of(await owedOverage(deps, account, 'NGN'))).toEqual(sorted.slice(40, 80))
  })
})

const price = { unitAmount: '1', planId: 'starter', currency: 'NGN', limit: 10_000 }
const rowOf = (account: string, feature: string, month: string, windows: string[]) =>
  putHistoryWrite(
    account,
    feature,
    {
      month,
      ver: 1,
      days: {},
      total: 0,
      statistics: { ok: 0, failed: 0, timed: 0, sumMs: 0, buckets: {} },
      overage: Object.fromEntries(windows.map((id) => [id, { quantity: 1000, amountMinor: 1000, price }])),
    },
    undefined,
    deps.clock.now(),
  )

/** Every gateway as `change` makes it, until the answer is called. */
describe('an erasure that begins while overage is charged', () => {
  const call = { requestId: 'test', actor: 'test' }
  /** The mark lies on the account by the time that this write is sent, or has been. */
  const erasing = (account: string, when: 'before' | 'after'): typeof deps => {
    const mark = () =>
      deps.table.write([
        {
          kind: 'update',
          key: accountKey(account),
          set: { suspended: true, erasingAt: 1 },
          add: { ver: 1 },
          when: 'unconditional',
        },
      ])
    const isPayment = (write: Write) => write.kind === 'put' && write.item.entity === 'payment'
    const table: Table = {
      get: (key, options) => deps.table.get(key, options),
      batchGet: (keys, options) => deps.table.batchGet(keys, options),
      query: (request) => deps.table.query(request),
      write: async (writes) => {
        const isIts = writes.some(isPayment)
        if (isIts && when === 'before') await mark()
        const outcome = await deps.table.write(writes)
        if (isIts && when === 'after') await mark()
        return outcome
      },
    }
    return { ...deps, table }
  }

  it.each([
    ['before', 'before its payment is written: there is none', []],
    ['after', 'after it: the provider is not asked', [['overage', 'pending', 10_000]]],
  ] as const)('%s: %s', async (when, _, expected) => {
    const account = await subscribed(`o-erased-${when}`)
    await send(account, 20_000)
    deps.clock.set('2026-02-28T10:00:00.000Z')
    await stepSubscription(deps, account, call, ({ scene }, now) =>
      planCancel(scene, { when: 'now' }, { history: 'his_01KBQ7M8G0C000000000000000' }, now),
    )
    const asked: string[] = []
    const restore = await faulty((gateway) => ({
      ...gateway,
      chargeMethod: (charge) => {
        asked.push(charge.paymentId)
        return gateway.chargeMethod(charge)
      },
    }))
    const { id: subscriptionId } = (await latestSubscription(deps.table, account)) ?? { id: '' }
    await workSubscription(erasing(account, when), { accountId: account, subscriptionId }, call)
    restore()
    expect(asked).toEqual([])
    expect((await payments(account)).filter(([type]) => type === 'overage')).toEqual(expected)
  })
})

async function faulty(change: (gateway: Gateway) => Gateway): Promise<() => void> {
  const before = deps.payments
  const tools = await before()
  deps.payments = async () => ({ ...tools, gateway: (provider) => change(tools.gateway(provider)) })
  return () => {
    deps.payments = before
  }
}
