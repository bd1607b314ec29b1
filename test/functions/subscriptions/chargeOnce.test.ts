import { afterAll, describe, expect, it } from 'vitest'
import { nextDueAt } from '#domain/subscriptionDue'
import type { ChargeRequest, Gateway } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import { workSubscription } from '#runtime/renewal'
import { forgetMethod, savedMethods } from '#runtime/savedMethod'
import { findAccount } from '#table/accounts'
import { listPayments } from '#table/payments'
import type { Table } from '#table/port'
import { latestSubscription } from '#table/subscriptions'
import { buyingOf } from '#test/support/buying'
import { type TestDeps, testDeps } from '#test/support/deps'
import { chargingUnheard, gate, providerThat, withFakes } from '#test/support/payments'
import { live } from '#test/support/renewals'
import { subscribingOf } from './support.ts'

const start = '2026-01-31T10:00:00.000Z'
const call = { requestId: 'test', actor: 'job' }
const deps = await testDeps({ product: 'wellbeing', now: start })
const bench = await withFakes(deps)
const debits = await testDeps({ product: 'resume-ats', now: start })
const debitBench = await withFakes(debits)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
  await debitBench.stop()
  await debits.stop()
})

const askingBy = (change: (real: Gateway) => Partial<Gateway>) => providerThat(deps, change)

/** A monthly customer with a saved card, whose renewal is due. */
async function due(account: string) {
  deps.clock.set(start)
  await buyingOf(deps, bench).buy(account, { priceId: 'premium-month', saveMethod: true }, { saveMethod: true })
  deps.clock.set('2026-02-28T10:00:00.000Z')
  const { id: subscriptionId } = await present(account)
  return { accountId: account, subscriptionId }
}
const present = async (account: string, of: TestDeps = deps) => {
  const subscription = await latestSubscription(of.table, account)
  if (!subscription) throw new Error('no subscription')
  return subscription
}
const paid = async (account: string) =>
  (await listPayments(deps.table, account, { limit: 50 })).payments.map(({ type, status }) => `${type} ${status}`)

describe('a charge that nobody heard of', () => {
  it('is asked for again by one of many workers that find it due at once', async () => {
    const at = await due('o-many')
    let charges = 0
    const unheard = await askingBy(() => ({
      chargeMethod: async () => {
        charges++
        throw new GatewayError('stripe', 'unknown_outcome')
      },
    }))
    await workSubscription(unheard, at, call)
    expect(charges).toBe(1)
    const workers = 4
    charges = 0
    let [looking, over] = [0, 0]
    const [allLook, otherOver] = [gate(), gate()]
    const slow = await askingBy((real) => ({
      // All of them have found it due before one goes on.
      findCharge: async (charge: ChargeRequest) => {
        looking++
        if (looking === workers) allLook.open()
        await allLook.opened
        return real.findCharge(charge)
      },
      // The one that charges is at it until the others are through, or one of them charges as well.
      chargeMethod: async (charge: ChargeRequest) => {
        charges++
        if (charges > 1) otherOver.open()
        await otherOver.opened
        return real.chargeMethod(charge)
      },
    }))
    deps.clock.set('2026-02-28T11:00:00.000Z')
    const work = async () => {
      await workSubscription(slow, at, call)
      over++
      if (over === workers - 1) otherOver.open()
    }
    await Promise.all(Array.from({ length: workers }, work))
    expect(charges).toBe(1)
    expect(await paid('o-many')).toEqual(['renewal completed', 'plan_purchase completed'])
  })

  it('and was made all the same is found by what the payment remembers, also when the method is gone', async () => {
    const at = await due('o-gone')
    const lost = await askingBy(chargingUnheard)
    await workSubscription(lost, at, call)
    const [method] = await savedMethods(deps, at.accountId)
    await forgetMethod(deps, at.accountId, method?.id ?? '')
    deps.clock.set('2026-02-28T11:00:00.000Z')
    await workSubscription(deps, at, call)
    expect(await paid('o-gone')).toEqual(['renewal completed', 'plan_purchase completed'])
    expect(await present('o-gone')).toMatchObject({ status: 'active', periodIndex: 1 })
  })

  it('and was never made has failed when the method is gone', async () => {
    const at = await due('o-never')
    const down = await askingBy(() => ({
      chargeMethod: async () => {
        throw new GatewayError('stripe', 'unavailable')
      },
    }))
    await workSubscription(down, at, call)
    const [method] = await savedMethods(deps, at.accountId)
    await forgetMethod(deps, at.accountId, method?.id ?? '')
    deps.clock.set('2026-02-28T11:00:00.000Z')
    await workSubscription(deps, at, call)
    expect(await paid('o-never')).toEqual(['renewal failed', 'plan_purchase completed'])
    expect(await present('o-never')).toMatchObject({ status: 'past_due', retry: { failed: 1 } })
  })
})

describe('a charge that nobody heard of, and that would not be begun any more', () => {
  const subscribing = subscribingOf(deps)
  const until = '2026-04-10T00:00:00.000Z'
  const hours = (count: number) => new Date(Date.parse('2026-02-28T10:00:00.000Z') + count * 3_600_000).toISOString()
  /** Its charge was lost at so many hours after the end; then somebody acts, and it is followed up. */
  async function lostAt(account: string, hour: number, act: () => Promise<unknown>, followAt: number) {
    const at = await due(account)
    let charges = 0
    const counting = await askingBy(() => ({
      chargeMethod: async () => {
        charges++
        throw new GatewayError('stripe', 'unknown_outcome')
      },
    }))
    deps.clock.set(hours(hour))
    await workSubscription(counting, at, call)
    expect(await present(account)).toHaveProperty('pendingCharge')
    await act()
    deps.clock.set(hours(followAt))
    await workSubscription(counting, at, call)
    return { charges, subscription: await present(account), payments: await paid(account) }
  }

  it.each([
    ['now', 'canceled'],
    ['period_end', 'past_due'],
  ] as const)('is not asked for again: cancelled with %s', async (when, status) => {
    const account = `u-${when}`
    const seen = await lostAt(account, 0, () => subscribing.cancel(account, { when }), 1)
    expect(seen).toMatchObject({ charges: 1, payments: ['renewal failed', 'plan_purchase completed'] })
    expect(seen.subscription).toMatchObject({ status })
    expect(seen.subscription).not.toHaveProperty('pendingCharge')
  })

  it('is not asked for again: staff have given time, and at its end it is charged', async () => {
    const seen = await lostAt(
      'u-time',
      0,
      () => subscribing.extend('u-time', { until, reason: 'sorry' }, { as: 'staff' }),
      1,
    )
    expect(seen.charges).toBe(1)
    expect(seen.subscription).toMatchObject({ status: 'active', periodEnd: Date.parse(until) })
    expect(seen.subscription).not.toHaveProperty('retry')
    await live(deps, until)
    expect(await paid('u-time')).toEqual(['renewal completed', 'renewal failed', 'plan_purchase completed'])
  })

  it('is not asked for again when its payment is about to expire: the next try is another one', async () => {
    const expiry = 24
    const seen = await lostAt('u-old', 0, async () => {}, expiry - 0.2)
    expect(seen).toMatchObject({ charges: 1, payments: ['renewal pending', 'plan_purchase completed'] })
    await live(deps, hours(50))
    expect(await paid('u-old')).toEqual(['renewal completed', 'renewal expired', 'plan_purchase completed'])
    expect(await present('u-old')).toMatchObject({ status: 'active', periodIndex: 1 })
  })

  it('is not asked for again: grace is over, and with it the subscription', async () => {
    const seen = await lostAt('u-late', 71.9, async () => {}, 72)
    expect(seen.charges).toBe(1)
    expect(seen.payments).toEqual(['renewal failed', 'plan_purchase completed'])
    expect(seen.subscription).toMatchObject({ status: 'expired', endedAt: Date.parse(hours(72)) })
    expect(seen.subscription).not.toHaveProperty('pendingCharge')
  })
})

describe('a provider that cannot be asked', () => {
  const end = Date.parse('2026-02-28T10:00:00.000Z')
  const hoursAfter = (count: number) => end + count * 3_600_000
  const failing = (kind: 'unavailable' | 'misconfigured') => {
    const fail = async () => {
      throw new GatewayError('stripe', kind)
    }
    return askingBy(() => ({ findCharge: fail, chargeMethod: fail }))
  }

  it.each(['unavailable', 'misconfigured'] as const)(
    'has accepted nothing, and nothing has failed: %s',
    async (kind) => {
      const { accountId } = await due(`q-${kind}`)
      deps.metrics.length = 0
      await live(await failing(kind), hoursAfter(30))
      const waiting = await present(accountId)
      expect(waiting).toHaveProperty('pendingCharge.checkedAt')
      expect(waiting).not.toHaveProperty('pendingCharge.processing')
      expect(waiting).not.toHaveProperty('retry')
      expect(await findAccount(deps.table, accountId)).toMatchObject({ accessEnd: hoursAfter(72) })
      // Staff are told what only they can mend.
      expect(deps.metrics.some(({ name, value }) => name === 'RenewalFailed' && value === 1)).toBe(
        kind === 'misconfigured',
      )
      await live(deps, hoursAfter(43))
      expect(await paid(accountId)).toEqual(['renewal completed', 'renewal expired', 'plan_purchase completed'])
      expect(await present(accountId)).toMatchObject({ status: 'active', periodStart: end })
    },
  )

  it('for longer than grace ends no plan whose card was never tried', async () => {
    const { accountId } = await due('q-long')
    await live(await failing('unavailable'), hoursAfter(100))
    await live(deps, hoursAfter(113))
    expect(await paid(accountId)).toEqual(['renewal completed', 'renewal expired', 'plan_purchase completed'])
    expect(await present(accountId)).toMatchObject({ status: 'active', periodStart: end })
  })

  it('for good ends it after six days, and leaves nothing due that does not move', async () => {
    const { accountId } = await due('q-ever')
    await live(await failing('unavailable'), hoursAfter(150))
    expect(await present(accountId)).toMatchObject({ status: 'expired', endedAt: hoursAfter(144) })
    expect(nextDueAt(await present(accountId))).toBeGreaterThan(hoursAfter(150))
  })
})

describe('money of a charge that was overtaken', () => {
  it('goes back, also where the first worker dies before it has asked for the refund', async () => {
    const account = 'o-back'
    await buyingOf(debits, debitBench).buy(account, { priceId: 'pro-month', saveMethod: true }, { saveMethod: true })
    await live(debits, '2026-02-26T10:00:00.000Z')
    expect((await subscribingOf(debits).cancel(account, { when: 'now' })).status).toBe(200)
    const ended = await present(account, debits)
    expect(ended).toMatchObject({ status: 'canceled', pendingCharge: { refund: true } })
    const [renewal] = (await listPayments(debits.table, account, { limit: 1 })).payments
    debits.clock.set('2026-03-02T10:00:00.000Z')
    debitBench.fakes.tick()
    const at = { accountId: account, subscriptionId: ended.id }
    const write: Table['write'] = async (writes) => {
      if (writes.some((one) => one.kind === 'put' && one.item.entity === 'refund')) throw new Error('it died')
      return debits.table.write(writes)
    }
    const table: Table = Object.assign(Object.create(debits.table), { write })
    await expect(workSubscription({ ...debits, table }, at, call)).rejects.toThrow('it died')
    expect(await present(account, debits)).toMatchObject({ pendingCharge: { refund: true } })
    await Promise.all([1, 2, 3].map(() => workSubscription(debits, at, call)))
    // One refund, however many asked.
    expect(await buyingOf(debits, debitBench).stored(account, renewal?.id ?? '')).toMatchObject({
      settled: { as: 'account_credit' },
      charges: [{ refunds: [{ amountMinor: renewal?.amountMinor, failed: false }] }],
    })
    expect(await present(account, debits)).not.toHaveProperty('pendingCharge')
  })
})
