import { afterAll, describe, expect, it } from 'vitest'
import { windowAt } from '#domain/time'
import { viewWallet } from '#domain/walletView'
import { auditAccount } from '#runtime/auditAccount'
import { counterKey, historyKey, priceCountKey, walletKey } from '#table/keys'
import { ledgerPages, readWallet } from '#table/wallets'
import { callsOf, settleMessages } from '#test/support/calls'
import { crowd } from '#test/support/crowd'
import { type Invocation, type TestDeps, testDeps } from '#test/support/deps'

const now = '2026-03-10T12:00:00.000Z'
const wellbeing = await testDeps({ product: 'wellbeing', now })
const deps = await testDeps({ now, seed: 7 })
afterAll(() => Promise.all([deps.stop(), wellbeing.stop()]))
const calls = callsOf(deps)
const { check, commitReservation, deductCredits, getAccount, getCredits, grantCredits, grantPlan, putAccount } = calls
const { recordUsage, refundCredits, releaseReservation, reserveCredits, updateAccount } = calls

const made = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  return account
}
const times = <Answer>(count: number, call: (at: number) => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(Array.from({ length: count }, (_, at) => call(at)))
const tally = (statuses: (number | string | undefined)[]) =>
  Object.fromEntries([...new Set(statuses)].map((status) => [status, statuses.filter((one) => one === status).length]))
const statusesOf = (answers: { status: number }[]) => tally(answers.map(({ status }) => status))

/**
 * Callers of one process share its processor, where functions have one each; so the product's patience (real time) is
 * counted at a fraction of the clock on the wall. How long the race takes in real time is the benchmark's to say.
 */
function sharing(on: TestDeps, callers: number): TestDeps {
  const start = on.clock.real()
  return { ...on, clock: { ...on.clock, real: () => Math.round(start + (on.clock.real() - start) / callers) } }
}
const loaded = 600_000

async function ledgerOf(account: string) {
  const entries = []
  for await (const { entry } of ledgerPages(deps.table, account, Number.MAX_SAFE_INTEGER)) entries.push(entry)
  return entries
}
/** Numbers without a gap, and each balance the one before plus the amount. */
async function assertChain(account: string) {
  let balance = 0
  const entries = await ledgerOf(account)
  for (const [at, entry] of entries.entries()) {
    balance += entry.amount
    expect([entry.seq, entry.balanceAfter]).toEqual([at + 1, balance])
  }
  expect(await auditAccount(deps, account)).toEqual({ entries: entries.length, differences: [] })
  return entries
}
const event = (at: number) => ({
  specversion: '1.0',
  id: String(at),
  source: '/jobs',
  type: 'made',
  data: { feature: 'reports' },
})

const deducting = crowd(200, 60)
/** Twelve grants of this: a little less than all of them want. */
const grantAmount = crowd(100, 30)
const afforded = Math.floor((12 * grantAmount) / 7)

describe('one wallet, many callers', () => {
  it(
    `${deducting} deductions of 7 against 12 grants of ${grantAmount}: ${afforded} accepted, the others refused, none sent away`,
    async () => {
      const account = await made('race-deduct')
      await deductCredits({ account, body: { amount: 20, reason: 'away with the included ones' } })
      for (let count = 0; count < 12; count++) {
        deps.clock.advance(1)
        const expiresAt = `2026-06-${10 + count}T00:00:00Z`
        const body = { amount: grantAmount, reason: 'x', priority: count % 3, expiresAt }
        expect((await grantCredits({ account, body })).status).toBe(201)
      }
      const callers = callsOf(sharing(deps, 8))
      const answers = await times(deducting, () =>
        callers.deductCredits({ account, body: { amount: 7, reason: 'race' } }),
      )
      expect(statusesOf(answers)).toEqual({ 201: afforded, 402: deducting - afforded })
      expect((await getCredits({ account })).body.balance).toBe(12 * grantAmount - 7 * afforded)
      const entries = await assertChain(account)
      const spent = new Map<string, number>()
      for (const { grantId, amount } of entries
        .filter(({ type }) => type === 'deduct')
        .flatMap((one) => one.grantMoves))
        spent.set(grantId, (spent.get(grantId) ?? 0) - amount)
      for (const amount of spent.values()) expect(amount).toBeLessThanOrEqual(grantAmount)
      expect([...spent.values()].reduce((sum, amount) => sum + amount, 0)).toBe(20 + afforded * 7)
      deps.clock.set(now)
    },
    loaded,
  )

  it('50 deductions with one key: one effect, 50 times the same answer', async () => {
    const account = await made('race-key')
    const answers = await times(50, () => deductCredits({ account, body: { amount: 3, reason: 'x' }, key: 'k' }))
    expect(statusesOf(answers)).toEqual({ 201: 50 })
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect((await getCredits({ account })).body.balance).toBe(17)
    expect(await assertChain(account)).toHaveLength(2)
  })

  it('50 grants with one key in one millisecond: one grant, 50 times the same answer', async () => {
    const account = await made('race-grant')
    const answers = await times(50, () => grantCredits({ account, body: { amount: 5, reason: 'x' }, key: 'k' }))
    expect(statusesOf(answers)).toEqual({ 201: 50 })
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect((await getCredits({ account })).body.balance).toBe(25)
  })

  it('one key with two amounts: the first decides, the others are refused with 422', async () => {
    const account = await made('race-two-bodies')
    const answers = await times(40, (at) =>
      deductCredits({ account, body: { amount: 3 + (at % 2), reason: 'x' }, key: 'k' }),
    )
    expect(statusesOf(answers)).toEqual({ 201: 20, 422: 20 })
    const taken = answers.find(({ status }) => status === 201)?.body.amount
    expect((await getCredits({ account })).body.balance).toBe(20 - Number(taken))
  })

  it('one key at the edge of the balance: accepted or refused, the same for all', async () => {
    const account = await made('race-edge')
    const rivals = times(20, () => deductCredits({ account, body: { amount: 1, reason: 'rival' } }))
    const same = await times(20, () => deductCredits({ account, body: { amount: 15, reason: 'x' }, key: 'k' }))
    await rivals
    expect(new Set(same.map(({ status }) => status)).size).toBe(1)
    const own = (await assertChain(account)).filter(({ reason }) => reason === 'x')
    expect(own).toHaveLength(same[0]?.status === 201 ? 1 : 0)
  })

  it('20 refunds of one deduction of 10, 1 each: 10 accepted, 10 refused', async () => {
    const account = await made('race-refund')
    const { id } = (await deductCredits({ account, body: { amount: 10, reason: 'x' } })).body
    const answers = await times(20, () => refundCredits({ account, body: { deductionId: id, amount: 1 } }))
    expect(statusesOf(answers)).toEqual({ 201: 10, 409: 10 })
    expect((await getCredits({ account })).body.balance).toBe(20)
    await assertChain(account)
  })

  it('20 full refunds of one deduction: one accepted', async () => {
    const account = await made('race-refund-all')
    const { id } = (await deductCredits({ account, body: { amount: 10, reason: 'x' } })).body
    expect(statusesOf(await times(20, () => refundCredits({ account, body: { deductionId: id } })))).toEqual({
      201: 1,
      409: 19,
    })
    expect((await getCredits({ account })).body.balance).toBe(20)
  })

  it.each([0, 1, 2, 3])('commit and release of one hold: one wins, all others are told, round %i', async (round) => {
    const account = await made(`race-hold-${round}`)
    const { id } = (await reserveCredits({ account, body: { amount: 15, reason: 'x' } })).body
    const call: Invocation = { account, params: { reservationId: id } }
    const answers = await times(20, async (at) => {
      const commits = (at + round) % 2 === 0
      return { commits, ...(await (commits ? commitReservation(call) : releaseReservation(call))) }
    })
    const winners = new Set(answers.filter(({ status }) => status === 200).map(({ commits }) => commits))
    expect(winners.size).toBe(1)
    expect(statusesOf(answers)).toEqual({ 200: 10, 409: 10 })
    expect((await getCredits({ account })).body).toMatchObject({ held: 0, balance: winners.has(true) ? 5 : 20 })
    await assertChain(account)
  })

  it('60 holds of 1 against 20 credits: 20 held, none beyond', async () => {
    const account = await made('race-holds')
    const answers = await times(60, () => reserveCredits({ account, body: { amount: 1, reason: 'x' } }))
    expect(statusesOf(answers)).toEqual({ 201: 20, 402: 40 })
    expect((await getCredits({ account })).body).toMatchObject({ balance: 20, held: 20, available: 0 })
  })
})

const checking = crowd(1_000, 150)

describe('one counter, many callers', () => {
  it(
    `${checking} checks that consume against a limit of 5: 5 allowed, used 5`,
    async () => {
      const on = callsOf(sharing(wellbeing, 40))
      await on.putAccount({ account: 'race-check', body: { email: 'a@example.com' } })
      const body = { feature: 'ai_conversations', consume: true }
      const answers = await times(checking, () => on.check({ account: 'race-check', body }))
      expect(tally(answers.map(({ body: { allowed, reason } }) => reason ?? String(allowed)))).toEqual({
        true: 5,
        usage_limit_reached: checking - 5,
      })
      expect((await on.getUsage({ account: 'race-check' })).body.data[0]).toMatchObject({ used: 5, remaining: 0 })
    },
    loaded,
  )

  it('50 checks that consume with one key: one use, 50 times the same answer', async () => {
    const account = await made('race-check-key')
    const answers = await times(50, () => check({ account, body: { feature: 'image', consume: true }, key: 'k' }))
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect((await getCredits({ account })).body.balance).toBe(15)
  })

  it('30 uses of 5 credits against 20: 4 allowed, usage and credits agree', async () => {
    const account = await made('race-both')
    const answers = await times(30, () => check({ account, body: { feature: 'image', consume: true } }))
    expect(tally(answers.map(({ body }) => body.reason ?? 'allowed'))).toEqual({
      allowed: 4,
      insufficient_credits: 26,
    })
    expect(await deps.table.get(counterKey(account, 'image', 'lifetime'))).toMatchObject({ n: 4 })
    await assertChain(account)
  })

  it('20 give-backs of 1 from a use of 3: 3 accepted', async () => {
    const account = await made('race-back')
    const { usageId } = (await check({ account, body: { feature: 'image', consume: true, quantity: 3 } })).body
    const answers = await times(20, () =>
      recordUsage({ account, body: { feature: 'image', quantity: -1, reference: usageId } }),
    )
    expect(statusesOf(answers)).toEqual({ 201: 3, 409: 17 })
    expect((await getCredits({ account })).body.balance).toBe(20)
    await assertChain(account)
  })

  it('a batch of 100 events sent 10 times at once counts 100', async () => {
    const account = await made('race-batch')
    await grantPlan({ account, body: { priceId: 'team-month', reason: 'x' } })
    const body = Array.from({ length: 100 }, (_, at) => event(at))
    const answers = await times(10, () =>
      recordUsage({ account, contentType: 'application/cloudevents-batch+json', body }),
    )
    expect(statusesOf(answers)).toEqual({ 201: 10 })
    const lines = answers.map(({ body: answer }) => JSON.stringify(Reflect.get(answer, 'results')))
    expect(lines.filter((line) => !line.includes('"status":201'))).toEqual([])
    expect(lines.join('').match(/"status":201/g)).toHaveLength(1_000)
    expect((await calls.getUsage({ account })).body.data[0]).toMatchObject({ feature: 'reports', used: 100 })
  })

  it('10 settlements of one window move it into history once', async () => {
    const account = await made('race-settle')
    await recordUsage({ account, body: { feature: 'reports', quantity: 3 } })
    deps.clock.set('2026-04-01T00:00:00.000Z')
    const message = { pk: `ACCOUNT#${account}`, sk: 'USE#reports#month#2026-03-01T00:00:00.000Z' }
    await times(10, () => settleMessages(deps, [message]))
    deps.clock.set(now)
    expect(await deps.table.get(historyKey(account, 'reports', '2026-03'))).toMatchObject({ total: 3, ver: 1 })
    expect((await ledgerOf(account)).map(({ type, amount }) => `${type} ${amount}`)).toEqual([
      'grant 20',
      'expire -20',
      'grant 20',
    ])
  })
})

describe('one account, many callers', () => {
  it('the first write of a new login, 20 times at once: one account, one wallet, one allowance', async () => {
    const account = 'race-login'
    const answers = await times(20, (at) => updateAccount({ account, body: { name: `Name ${at}` } }))
    expect(statusesOf(answers)).toEqual({ 200: 20 })
    expect(await deps.table.get({ pk: `ACCOUNT#${account}`, sk: 'ACCOUNT' })).toMatchObject({ ver: 20 })
    expect((await getCredits({ account })).body.grants).toMatchObject([{ source: 'included', remaining: 20 }])
    expect(await assertChain(account)).toHaveLength(1)
  })

  it('10 grants of a plan at once: one live subscription, one count, one allowance', async () => {
    const account = await made('race-plan')
    const before = Number((await deps.table.get(priceCountKey('team-month')))?.live ?? 0)
    const answers = await times(10, () => grantPlan({ account, body: { priceId: 'team-month', reason: 'x' } }))
    expect(statusesOf(answers)).toEqual({ 200: 10 })
    const { items } = await deps.table.query({ pk: `ACCOUNT#${account}`, sk: { beginsWith: 'SUB#' }, limit: 20 })
    expect(tally(items.map(({ status }) => String(status)))).toEqual({ active: 1, canceled: 9 })
    expect((await deps.table.get(priceCountKey('team-month')))?.live).toBe(before + 1)
    expect((await getAccount({ account })).body.planId).toBe('team')
    expect((await getCredits({ account })).body.balance).toBe(1000)
    await assertChain(account)
  })

  it('10 grants of a plan with one key: one subscription, 10 times the same answer', async () => {
    const account = await made('race-plan-key')
    const call = { account, body: { priceId: 'team-month', reason: 'x' }, key: 'k' }
    const answers = await times(10, () => grantPlan(call))
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    const { items } = await deps.table.query({ pk: `ACCOUNT#${account}`, sk: { beginsWith: 'SUB#' }, limit: 20 })
    expect(items).toHaveLength(1)
  })

  it('deductions, holds and a plan change at once: every figure is explained by the ledger', async () => {
    const account = await made('race-all')
    await Promise.all([
      times(10, () => deductCredits({ account, body: { amount: 1, reason: 'x' } })),
      times(5, () => reserveCredits({ account, body: { amount: 1, reason: 'x' } })),
      times(3, () => grantPlan({ account, body: { priceId: 'team-month', reason: 'x' } })),
      times(5, () => check({ account, body: { feature: 'image', consume: true } })),
    ])
    await assertChain(account)
    const item = await deps.table.get(walletKey(account), { consistent: true })
    if (!item) throw new Error('no wallet')
    const view = viewWallet(readWallet(item).wallet, deps.clock.now(), windowAt)
    const { balance, held, available } = (await getCredits({ account })).body
    expect({ balance, held, available }).toEqual({
      balance: view.balance,
      held: view.held,
      available: view.balance - view.held,
    })
    expect(view.grants.reduce((sum, { remaining }) => sum + remaining, 0)).toBe(balance)
  })
})
