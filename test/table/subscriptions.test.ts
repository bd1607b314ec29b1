import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BoughtSubscription, isBought } from '#domain/subscriptionState'
import { dynamoTable } from '#table/dynamo'
import { subscriptionKey } from '#table/keys'
import type { Table } from '#table/port'
import { findSubscription, putSubscriptionWrite } from '#table/subscriptions'
import { type Engine, startEngine } from '#test/support/engine'
import { at, idAt, minuteMs, spoil, write } from './paymentSupport.ts'

let engine: Engine
let table: Table
beforeAll(async () => {
  engine = await startEngine()
  table = dynamoTable({ client: engine.client, tableName: await engine.createTable() })
})
afterAll(async () => engine?.stop())

function fail(): never {
  throw new Error('it is not there')
}

describe('subscriptions', () => {
  const granted = {
    id: idAt('sub'),
    planId: 'pro',
    priceId: 'pro-month',
    catalogueVersion: 1,
    status: 'active' as const,
    complimentary: true,
    periodStart: at,
    periodEnd: at + 10 * minuteMs,
    reason: 'Trial',
    ver: 1,
    createdAt: at,
  }
  const bought: Required<Omit<BoughtSubscription, 'endedAt'>> = {
    ...granted,
    id: idAt('sub'),
    complimentary: false,
    interval: 'month',
    currency: 'INR',
    anchor: at,
    zone: 'UTC',
    periodIndex: 0,
    paidMinor: 100,
    paymentId: 'fpay_1',
    hereMinor: 90,
    earlier: [{ paymentId: 'fpay_0', creditedMinor: 40, foundMinor: 90, paidMinor: 30, hereMinor: 80 }],
    tax: { name: 'GST', rate: '18', inclusive: true },
    autoRenew: true,
    firstIndex: -1,
    paidFrom: at,
    given: { from: 1, wholeMs: 2, amountMinor: 3, presentMinor: 4 },
    coupon: { code: 'HALF', amountOff: 5, periodsLeft: 2 },
    canceledAt: at,
    cancelReason: 'Too dear',
    method: { id: 'pmt_1', mandate: true },
    scheduledChange: { planId: 'basic', priceId: 'basic-month', catalogueVersion: 2, interval: 'year', at },
    ahead: [
      { paymentId: 'fpay_2', paidMinor: 5, hereMinor: 4, tax: { name: 'VAT', rate: '7.5', inclusive: false } },
      {
        paymentId: 'fpay_3',
        paidMinor: 6,
        plan: { planId: 'basic', priceId: 'basic-month', catalogueVersion: 2, interval: 'year' },
      },
    ],
    retry: { failed: 1, nextAt: null, debited: ['pmt_1'] },
    graceUntil: 1,
    pendingCharge: {
      paymentId: 'fpay_4',
      startedAt: at,
      renews: { priceId: 'pro-month', periodIndex: 1 },
      checkedAt: at,
      refund: true,
    },
    finalOverage: { at, paymentId: 'fpay_5', failed: 1 },
    carried: [{ kind: 'proration', id: 'pro-month', description: 'Rest', amountMinor: -5, taxed: true }],
    remindedUntil: at,
    trial: true,
    refunded: false,
    replaced: true,
    pausedAt: at,
    managedBy: 'provider',
    provider: 'razorpay',
    gatewayCustomerId: 'cust_1',
    heard: { state: 'active', at: 5, ends: { asked: false, at: 4 } },
    providerSubscriptionId: 'sub_provider',
  }
  const found = async (id: string) => (await findSubscription(table, 'acc_sub', id)) ?? fail()

  it('given or bought come back as they were, and tell which they are', async () => {
    await table.write([putSubscriptionWrite('acc_sub', granted, undefined, at)])
    expect(
      await write(table, [{ row: 'subscription', accountId: 'acc_sub', next: bought, seenVer: 0 }]),
    ).toBeUndefined()
    expect(await found(granted.id)).toEqual(granted)
    expect(isBought(await found(granted.id))).toBe(false)
    expect(await found(bought.id)).toEqual(bought)
    expect(isBought(await found(bought.id))).toBe(true)
    expect(await write(table, [{ row: 'subscription', accountId: 'acc_sub', next: bought, seenVer: 2 }])).toEqual([
      'subscription',
    ])
  })

  it('are due at their end while they live, or when they are said to be', async () => {
    const dueOf = async (over: Partial<BoughtSubscription>, dueAt?: number | null) => {
      const next: BoughtSubscription = { ...bought, ...over, id: idAt('sub') }
      await write(table, [{ row: 'subscription', accountId: 'acc_due', next, seenVer: 0 }], {
        ...(dueAt !== undefined && { subscriptionDueAt: () => dueAt }),
      })
      return (await table.get(subscriptionKey('acc_due', next.id), { consistent: true }))?.gsi2sk
        ?.toString()
        .slice(0, 24)
    }
    expect(await dueOf({})).toBe('2026-01-31T10:10:00.000Z')
    expect(await dueOf({}, at + minuteMs)).toBe('2026-01-31T10:01:00.000Z')
    expect(await dueOf({}, null)).toBeUndefined()
    expect(await dueOf({ periodEnd: null })).toBeUndefined()
    expect(await dueOf({ status: 'canceled' })).toBeUndefined()
    expect(await dueOf({ status: 'expired' }, at + minuteMs)).toBe('2026-01-31T10:01:00.000Z')
  })

  it('a bought one without what renewals need is a defect', async () => {
    const item = await table.get(subscriptionKey('acc_sub', bought.id), { consistent: true })
    await spoil(table, item ?? fail(), { anchor: null })
    await expect(findSubscription(table, 'acc_sub', bought.id)).rejects.toThrow('its own shape')
  })
})
