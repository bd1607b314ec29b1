import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ now })
afterAll(() => deps.stop())
const { deductCredits, getCredits, grantCredits, listLedger, putAccount } = callsOf(deps)

const body = { amount: 50, reason: 'a gift' }
const made = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  return account
}

describe('grantCredits', () => {
  it('201 adds a grant with its expiry and priority, and one entry', async () => {
    const account = await made('g-created')
    const expiresAt = '2026-04-01T02:00:00+02:00'
    const answer = await grantCredits({ account, body: { ...body, expiresAt, priority: 3 } })
    expect(answer).toMatchObject({
      status: 201,
      body: { amount: 50, expiresAt: '2026-04-01T00:00:00.000Z', priority: 3, balance: 70 },
    })
    expect((await getCredits({ account })).body.grants).toContainEqual({
      id: answer.body.id,
      amount: 50,
      remaining: 50,
      expiresAt: '2026-04-01T00:00:00.000Z',
      priority: 3,
      source: 'grant',
    })
    const [entry] = (await listLedger({ account })).body.data
    expect(entry).toMatchObject({
      id: answer.body.entryId,
      type: 'grant',
      amount: 50,
      balanceAfter: 70,
      seq: 2,
      grantMoves: [{ grantId: answer.body.id, amount: 50 }],
    })
  })

  it('201 again for the same key: one grant; 422 for another body', async () => {
    const account = await made('g-again')
    const first = await grantCredits({ account, body, key: 'k' })
    expect(await grantCredits({ account, body, key: 'k' })).toMatchObject({
      status: 201,
      replayed: true,
      body: first.body,
    })
    expect(await grantCredits({ account, body: { ...body, priority: 1 }, key: 'k' })).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    })
    expect((await getCredits({ account })).body.balance).toBe(70)
  })

  it('201 first answer also after the grant has expired', async () => {
    const account = await made('g-replay-late')
    const asked = { account, body: { ...body, expiresAt: '2026-03-10T12:00:01.000Z' }, key: 'k' }
    const first = await grantCredits(asked)
    deps.clock.set('2026-03-10T13:00:00.000Z')
    const second = await grantCredits(asked)
    deps.clock.set(now)
    expect(second).toMatchObject({ status: 201, replayed: true, body: first.body })
  })

  it.each([
    [-1, 400],
    [0, 400],
    [1, 201],
  ])('an expiry %i ms from now is answered %i', async (milliseconds, status) => {
    const account = await made(`g-expiry${milliseconds}`)
    const expiresAt = new Date(Date.parse(now) + milliseconds).toISOString()
    const answer = await grantCredits({ account, body: { ...body, expiresAt } })
    expect(answer.status).toBe(status)
    expect(answer.code).toBe(status === 400 ? 'validation_failed' : undefined)
  })

  it('409 conflict for the 101st live grant', async () => {
    const account = await made('g-many')
    // The plan's own included credits are the first.
    for (let count = 1; count < 100; count++) {
      expect((await grantCredits({ account, body: { amount: 1, reason: `grant ${count}` } })).status).toBe(201)
    }
    expect(await grantCredits({ account, body })).toMatchObject({ status: 409, code: 'conflict' })
    expect((await getCredits({ account })).body).toMatchObject({ balance: 119 })
  })

  it.each([0, -1, 1.5, 1_000_000_000_001, '10', null])('400 for the amount %j', async (amount) => {
    const account = await made('g-amounts')
    expect(await grantCredits({ account, body: { amount, reason: 'x' } })).toMatchObject({
      status: 400,
      code: 'validation_failed',
      body: { errors: [expect.objectContaining({ path: 'amount' })] },
    })
    expect((await getCredits({ account })).body.balance).toBe(20)
  })

  it('404 for an account that nobody made', async () => {
    expect(await grantCredits({ account: 'nobody', body })).toMatchObject({ status: 404, code: 'not_found' })
  })

  it('spends the lower priority number first, then the earliest expiry, then the oldest', async () => {
    const account = await made('g-order')
    const grant = async (more: object) => {
      deps.clock.advance(1)
      return (await grantCredits({ account, body: { amount: 10, reason: 'x', ...more } })).body.id
    }
    const byId = new Map([
      [await grant({ priority: 1 }), 'last'],
      [await grant({}), 'older'],
      [await grant({}), 'younger'],
      [await grant({ expiresAt: '2026-03-11T00:00:00Z' }), 'soon'],
    ])
    const left = []
    for (let step = 0; step < 5; step++) {
      const { grants } = (await getCredits({ account })).body
      left.push(grants.map(({ id, remaining }) => `${byId.get(id) ?? 'included'} ${remaining}`).sort())
      await deductCredits({ account, body: { amount: 13, reason: 'spend' } })
    }
    deps.clock.set(now)
    expect(left).toEqual([
      ['included 20', 'last 10', 'older 10', 'soon 10', 'younger 10'],
      ['included 17', 'last 10', 'older 10', 'younger 10'],
      ['included 4', 'last 10', 'older 10', 'younger 10'],
      ['last 10', 'older 1', 'younger 10'],
      ['last 8'],
    ])
  })
})
