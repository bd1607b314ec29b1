import { afterAll, describe, expect, it } from 'vitest'
import { run as changeRun } from '#functions/subscriptions/changeSubscription'
import { run as renewRun } from '#functions/subscriptions/renewSubscription'
import type { ChargeRequest, Gateway } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import { changeSubscription, renewSubscription } from '#operations/subscriptions'
import { listPayments } from '#table/payments'
import { latestSubscription } from '#table/subscriptions'
import { invoke, type TestDeps } from '#test/support/deps'
import { chargingUnheard, gate, providerThat } from '#test/support/payments'
import { live } from '#test/support/renewals'
import { shopD } from './support.ts'

const shop = await shopD()
afterAll(() => shop.stop())
const { cancel, deps, get, renew, subscriber } = shop
const start = deps.clock.now()
const monthEnd = '2026-07-01T00:00:00.000Z'

/** A subscriber of Pro with a saved card, on 1 June. */
async function withCard(account: string) {
  deps.clock.set(start)
  await subscriber(account)
  return { account, paymentMethodId: (await get(account)).body.paymentMethodId ?? '' }
}
const present = (account: string) => latestSubscription(deps.table, account)
const statuses = async (account: string) =>
  (await listPayments(deps.table, account, { limit: 20 })).payments
    .map(({ type, status }) => `${type} ${status}`)
    .sort()

const askingBy = (change: (real: Gateway) => Partial<Gateway>) => providerThat(deps, change)
const counted = (charges: string[], meanwhile: () => Promise<void> = async () => {}) =>
  askingBy((real) => ({
    chargeMethod: async (charge: ChargeRequest) => {
      charges.push(charge.paymentId)
      await meanwhile()
      return real.chargeMethod(charge)
    },
  }))
const declining = () =>
  askingBy(() => ({
    chargeMethod: async () => {
      throw new GatewayError('stripe', 'refused', { code: 'card_declined' })
    },
  }))
const renewBy = (by: TestDeps, account: string, body: unknown, key?: string) =>
  invoke(renewSubscription, renewRun, by, { account, body, ...(key !== undefined && { key }) })

describe('a charge that a customer asks for is named by the subscription', () => {
  it('race: of four that renew by hand at once one charges the card, the others are told: 409', async () => {
    const { account, paymentMethodId } = await withCard('h-race')
    const charges: string[] = []
    let told = 0
    const others = gate()
    // It charges until the others have had their answers.
    const by = await counted(charges, () => others.opened)
    const one = async () => {
      const answer = await renewBy(by, account, { paymentMethodId })
      told += 1
      if (told === 3 || charges.length > 1) others.open()
      return answer
    }
    const answers = await Promise.all(Array.from({ length: 4 }, one))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409])
    expect(charges).toHaveLength(1)
    expect(await statuses(account)).toEqual(['plan_purchase completed', 'renewal completed'])
    expect(await present(account)).not.toHaveProperty('pendingCharge')
  })

  it('race: of two changes at once one charges the card', async () => {
    const { account, paymentMethodId } = await withCard('h-change')
    const charges: string[] = []
    const other = gate()
    // As above: the one that charges waits for the other's answer.
    const by = await counted(charges, () => other.opened)
    const one = async (priceId: string) => {
      const answer = await invoke(changeSubscription, changeRun, by, { account, body: { priceId, paymentMethodId } })
      other.open()
      return answer
    }
    const answers = await Promise.all(['premium-month', 'premium-year'].map(one))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    expect(charges).toHaveLength(1)
    expect(await statuses(account)).toEqual(['plan_change completed', 'plan_purchase completed'])
    expect(await present(account)).not.toHaveProperty('pendingCharge')
  })

  it('the renewal that is due waits for it, and pays the period after it', async () => {
    const { account, paymentMethodId } = await withCard('h-due')
    deps.clock.set('2026-06-30T23:59:59.000Z')
    const charges: string[] = []
    const by = await counted(charges, async () => {
      if (charges.length === 1) await live(deps, monthEnd)
    })
    expect((await renewBy(by, account, { paymentMethodId })).body.payment.status).toBe('completed')
    await live(deps, '2026-07-01T02:00:00.000Z')
    expect(charges).toHaveLength(1)
    expect(await statuses(account)).toEqual(['plan_purchase completed', 'renewal completed'])
    expect((await get(account)).body).toMatchObject({ status: 'active', paidUntil: '2026-08-01T00:00:00.000Z' })
  })

  it('one that is declined is off it at once: no missed renewal, no retry, and another may follow', async () => {
    const { account, paymentMethodId } = await withCard('h-declined')
    const answer = await renewBy(await declining(), account, { paymentMethodId })
    expect(answer.body.payment.status).toBe('failed')
    const after = await present(account)
    expect(after).toMatchObject({ status: 'active' })
    expect(after).not.toHaveProperty('pendingCharge')
    expect(after).not.toHaveProperty('retry')
    expect((await renew(account, { paymentMethodId })).body.payment.status).toBe('completed')
  })

  it('one that is declined in grace leaves the retries as they were', async () => {
    const { account, paymentMethodId } = await withCard('h-grace')
    const by = await declining()
    await live(by, '2026-07-01T03:00:00.000Z')
    const before = await present(account)
    expect(before).toMatchObject({ status: 'past_due', retry: { failed: 1 } })
    expect((await renewBy(by, account, { paymentMethodId })).body.payment.status).toBe('failed')
    expect(await present(account)).toMatchObject({ status: 'past_due', retry: Object(before).retry })
  })

  it('one whose caller died is given up an hour later, after the provider was asked; the renewal goes on', async () => {
    const { account, paymentMethodId } = await withCard('h-died')
    const unknown = await askingBy(() => ({
      chargeMethod: async () => {
        throw new GatewayError('stripe', 'unknown_outcome')
      },
    }))
    expect((await renewBy(unknown, account, { paymentMethodId })).code).toBe('provider_unavailable')
    expect((await renew(account, { paymentMethodId })).code).toBe('conflict')
    await live(deps, '2026-06-01T01:00:00.000Z')
    expect(await statuses(account)).toEqual(['plan_purchase completed', 'renewal failed'])
    expect(await present(account)).not.toHaveProperty('pendingCharge')
    await live(deps, '2026-07-01T00:00:00.000Z')
    expect(await statuses(account)).toEqual(['plan_purchase completed', 'renewal completed', 'renewal failed'])
  })

  it('one whose answer was lost is found within the hour: the period is paid', async () => {
    const { account, paymentMethodId } = await withCard('h-lost')
    const lost = await askingBy(chargingUnheard)
    expect((await renewBy(lost, account, { paymentMethodId })).code).toBe('provider_unavailable')
    await live(deps, '2026-06-01T01:00:00.000Z')
    expect(await statuses(account)).toEqual(['plan_purchase completed', 'renewal completed'])
    expect((await get(account)).body.paidUntil).toBe('2026-08-01T00:00:00.000Z')
  })

  it('its money goes back when the subscription is cancelled before it comes in', async () => {
    const { account, paymentMethodId } = await withCard('h-cancel')
    const by = await counted([], async () => {
      await cancel(account, { when: 'now' })
    })
    await renewBy(by, account, { paymentMethodId })
    await live(deps, '2026-06-01T02:00:00.000Z')
    const { payments } = await listPayments(deps.table, account, { limit: 5 })
    const renewal = payments.find(({ type }) => type === 'renewal')
    expect(renewal).toMatchObject({ settled: { as: 'account_credit' }, charges: [{ refunds: [{ failed: false }] }] })
  })
})
