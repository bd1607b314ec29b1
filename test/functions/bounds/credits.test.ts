import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { auditAccount } from '#runtime/auditAccount'
import { settleWallet } from '#runtime/settleWallet'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const now = '2026-01-31T12:00:00.000Z'
const deps = await testDeps({ now })
afterAll(() => deps.stop())
beforeEach(() => deps.clock.set(now))
const { commitReservation, deductCredits, getCredits, grantCredits, grantPlan, listLedger, putAccount } = callsOf(deps)
const { refundCredits, reserveCredits } = callsOf(deps)

const made = async (account: string, timeZone = 'UTC') => {
  await putAccount({ account, body: { email: 'a@example.com', timeZone } })
  return account
}
const balanceAt = async (account: string, at: string) => {
  deps.clock.set(at)
  return (await getCredits({ account })).body.balance
}
const team = (account: string, more: object = {}) =>
  grantPlan({ account, body: { priceId: 'team-month', reason: 'x', ...more } })

describe('expiry', () => {
  it.each([
    ['2026-02-10T00:00:00.249Z', 40, 201],
    ['2026-02-10T00:00:00.250Z', 20, 402],
    ['2026-02-10T00:00:00.251Z', 20, 402],
  ])(
    'a grant that ends at 00:00:00.250 at %s: balance %i, spending all is %i, without any job',
    async (at, balance, status) => {
      const account = await made(`expiry-${at}`)
      await grantCredits({ account, body: { amount: 20, reason: 'x', expiresAt: '2026-02-10T00:00:00.250Z' } })
      expect(await balanceAt(account, at)).toBe(balance)
      expect((await deductCredits({ account, body: { amount: 40, reason: 'all' } })).status).toBe(status)
    },
  )

  it('is booked once by the next writer, dated when it happened, and reads showed it before', async () => {
    const account = await made('expiry-booked')
    await grantCredits({ account, body: { amount: 9, reason: 'x', expiresAt: '2026-01-31T13:00:00.000Z' } })
    deps.clock.set('2026-01-31T20:00:00.000Z')
    const shown = (await listLedger({ account })).body.data[0]
    await deductCredits({ account, body: { amount: 1, reason: 'next' } })
    const booked = (await listLedger({ account })).body.data[1]
    expect(shown).toMatchObject({ type: 'expire', amount: -9, seq: null, effectiveAt: '2026-01-31T13:00:00.000Z' })
    expect(booked).toMatchObject({
      type: 'expire',
      amount: -9,
      seq: 3,
      effectiveAt: '2026-01-31T13:00:00.000Z',
      createdAt: '2026-01-31T20:00:00.000Z',
    })
    await settleWallet(deps, account)
    expect((await listLedger({ account })).body.data.filter(({ type }) => type === 'expire')).toHaveLength(1)
    expect((await auditAccount(deps, account)).differences).toEqual([])
  })

  it('a refund after it comes back for 30 days, to the millisecond', async () => {
    const account = await made('expiry-refund')
    await deductCredits({ account, body: { amount: 20, reason: 'away' } })
    await grantCredits({ account, body: { amount: 9, reason: 'x', priority: 4, expiresAt: '2026-01-31T13:00:00Z' } })
    const { id } = (await deductCredits({ account, body: { amount: 9, reason: 'work' } })).body
    deps.clock.set('2026-01-31T13:00:00.000Z')
    await refundCredits({ account, body: { deductionId: id, amount: 4 } })
    const { grants } = (await getCredits({ account })).body
    expect(grants).toMatchObject([
      { source: 'refund', remaining: 4, priority: 4, expiresAt: '2026-03-02T13:00:00.000Z' },
    ])
    expect(await balanceAt(account, '2026-03-02T12:59:59.999Z')).toBe(4 + 20)
    expect(await balanceAt(account, '2026-03-02T13:00:00.000Z')).toBe(20)
  })

  it('a hold keeps its part of an expired grant good until it lapses, and then that part expires', async () => {
    const account = await made('expiry-hold')
    await deductCredits({ account, body: { amount: 20, reason: 'away' } })
    await grantCredits({ account, body: { amount: 10, reason: 'x', expiresAt: '2026-01-31T12:05:00Z' } })
    await reserveCredits({ account, body: { amount: 6, reason: 'job', expiresInSeconds: 600 } })
    const at = async (instant: string) => {
      deps.clock.set(instant)
      const { balance, held, available } = (await getCredits({ account })).body
      return [balance, held, available]
    }
    expect(await at('2026-01-31T12:04:59.999Z')).toEqual([10, 6, 4])
    expect(await at('2026-01-31T12:05:00.000Z')).toEqual([6, 6, 0])
    expect(await at('2026-01-31T12:09:59.999Z')).toEqual([6, 6, 0])
    expect(await at('2026-01-31T12:10:00.000Z')).toEqual([0, 0, 0])
    await settleWallet(deps, account)
    expect((await auditAccount(deps, account)).differences).toEqual([])
  })
})

describe('included credits', () => {
  it.each([
    ['UTC', '2026-02-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'],
    ['Asia/Kolkata', '2026-01-31T18:30:00.000Z', '2026-02-28T18:30:00.000Z'],
    ['America/New_York', '2026-02-01T05:00:00.000Z', '2026-03-01T05:00:00.000Z'],
    ['Pacific/Kiritimati', '2026-02-28T10:00:00.000Z', '2026-03-31T10:00:00.000Z'],
  ])('in %s are new at %s and end at %s, exactly and without any job', async (timeZone, starts, ends) => {
    const account = await made(`included-${timeZone.replace('/', '-')}`, timeZone)
    await deductCredits({ account, body: { amount: 15, reason: 'x' } })
    const before = new Date(Date.parse(starts) - 1).toISOString()
    expect(await balanceAt(account, before)).toBe(5)
    expect(await balanceAt(account, starts)).toBe(20)
    const { grants } = (await getCredits({ account })).body
    expect(grants).toMatchObject([{ source: 'included', expiresAt: ends }])
  })

  it('are spent at the first instant of a window by a deduction that finds them missing', async () => {
    const account = await made('included-first')
    await deductCredits({ account, body: { amount: 20, reason: 'x' } })
    deps.clock.set('2026-02-01T00:00:00.000Z')
    expect((await deductCredits({ account, body: { amount: 20, reason: 'y' } })).status).toBe(201)
    expect((await listLedger({ account })).body.data.map(({ type, amount }) => `${type} ${amount}`)).toEqual([
      'deduct -20',
      'grant 20',
      'deduct -20',
      'grant 20',
    ])
  })

  it.each([
    [1000, 1500],
    [500, 1500],
    [499, 1499],
    [0, 1000],
  ])('roll over at most 500: %i left make %i', async (left, balance) => {
    const account = await made(`rollover-${left}`)
    await team(account)
    if (left < 1000) await deductCredits({ account, body: { amount: 1000 - left, reason: 'x' } })
    expect(await balanceAt(account, '2026-01-31T23:59:59.999Z')).toBe(left)
    expect(await balanceAt(account, '2026-02-01T00:00:00.000Z')).toBe(balance)
    expect(
      (await getCredits({ account })).body.grants.every(({ expiresAt }) => expiresAt === '2026-03-01T00:00:00.000Z'),
    ).toBe(true)
    expect(await balanceAt(account, '2026-03-01T00:00:00.000Z')).toBe(1000 + Math.min(500, balance))
  })

  it('years of sleep leave one month’s credits and a ledger that adds up', async () => {
    const account = await made('included-sleep')
    await team(account)
    expect(await balanceAt(account, '2031-05-15T00:00:00.000Z')).toBe(1500)
    await deductCredits({ account, body: { amount: 1, reason: 'awake' } })
    const audit = await auditAccount(deps, account)
    expect(audit.differences).toEqual([])
    expect(audit.entries).toBeLessThan(12)
  })

  it('a zone change is no way to a second allowance', async () => {
    const account = await made('included-zone', 'America/New_York')
    await deductCredits({ account, body: { amount: 20, reason: 'x' } })
    await putAccount({ account, body: { email: 'a@example.com', timeZone: 'Pacific/Kiritimati' } })
    expect(await balanceAt(account, '2026-01-31T12:00:00.001Z')).toBe(0)
    expect(await balanceAt(account, '2026-02-01T04:59:59.999Z')).toBe(0)
    expect(await balanceAt(account, '2026-02-01T05:00:00.000Z')).toBe(20)
    await deductCredits({ account, body: { amount: 20, reason: 'y' } })
    expect(await balanceAt(account, '2026-02-28T09:59:59.999Z')).toBe(0)
    expect(await balanceAt(account, '2026-02-28T10:00:00.000Z')).toBe(20)
  })

  it('bought credits stay when the plan changes; what the old plan included does not', async () => {
    const account = await made('included-upgrade')
    await grantCredits({ account, body: { amount: 100, reason: 'bought' } })
    await team(account, { until: '2026-02-10T00:00:00.000Z' })
    expect(await balanceAt(account, now)).toBe(1100)
    // The window that runs at the end stays until its own end, then the fallback plan's allowance begins.
    expect(await balanceAt(account, '2026-02-10T00:00:00.000Z')).toBe(1600)
    expect(await balanceAt(account, '2026-03-01T00:00:00.000Z')).toBe(120)
  })
})

describe('holds', () => {
  it('are committed up to the last millisecond and late at the next, whatever ran in between', async () => {
    const account = await made('hold-last')
    const hold = async () =>
      (await reserveCredits({ account, body: { amount: 5, reason: 'job', expiresInSeconds: 60 } })).body.id
    const [first, second] = [await hold(), await hold()]
    deps.clock.set('2026-01-31T12:00:59.999Z')
    expect((await commitReservation({ account, params: { reservationId: first } })).status).toBe(200)
    deps.clock.set('2026-01-31T12:01:00.000Z')
    await settleWallet(deps, account)
    expect(await commitReservation({ account, params: { reservationId: second } })).toMatchObject({
      status: 409,
      code: 'reservation_expired',
    })
    expect((await getCredits({ account })).body).toMatchObject({ balance: 15, held: 0, available: 15 })
  })
})
