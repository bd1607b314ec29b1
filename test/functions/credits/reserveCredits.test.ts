import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { suspend } from '#test/support/standing'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ now })
afterAll(() => deps.stop())
const { commitReservation, deductCredits, getCredits, grantCredits, listLedger, putAccount } = callsOf(deps)
const { releaseReservation, reserveCredits } = callsOf(deps)

const body = { amount: 15, reason: 'a long job' }
const made = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  return account
}

describe('reserveCredits', () => {
  it('201 takes from what is available at once; the balance and the ledger stay', async () => {
    const account = await made('h-held')
    const answer = await reserveCredits({ account, body })
    expect(answer).toMatchObject({
      status: 201,
      body: {
        amount: 15,
        status: 'held',
        expiresAt: '2026-03-10T12:15:00.000Z',
        balance: 20,
        available: 5,
      },
    })
    expect((await listLedger({ account })).body.data).toHaveLength(1)
    expect(await deductCredits({ account, body: { amount: 6, reason: 'x' } })).toMatchObject({ status: 402 })
    expect((await deductCredits({ account, body: { amount: 5, reason: 'x' } })).status).toBe(201)
  })

  it('201 again for the same key while it is open: the same hold; 422 for another body', async () => {
    const account = await made('h-again')
    const first = await reserveCredits({ account, body, key: 'k' })
    expect(await reserveCredits({ account, body, key: 'k' })).toMatchObject({ status: 201, body: first.body })
    expect(await reserveCredits({ account, body: { ...body, amount: 14 }, key: 'k' })).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    })
    expect((await getCredits({ account })).body).toMatchObject({ held: 15 })
  })

  it('201 the same hold for ever after a commit, and for 15 minutes after a release', async () => {
    const account = await made('h-after')
    const hold = (key: string) => reserveCredits({ account, body: { amount: 5, reason: 'x' }, key })
    const kept = (await hold('kept')).body.id
    const gone = (await hold('gone')).body.id
    await commitReservation({ account, params: { reservationId: kept } })
    await releaseReservation({ account, params: { reservationId: gone } })
    deps.clock.set('2026-03-10T12:14:59.999Z')
    expect((await hold('gone')).body).toMatchObject({ id: gone, status: 'released' })
    deps.clock.set('2026-03-10T12:15:00.000Z')
    expect((await hold('gone')).body).toMatchObject({ status: 'held', expiresAt: '2026-03-10T12:30:00.000Z' })
    deps.clock.set('2026-06-10T12:15:00.000Z')
    expect((await hold('kept')).body).toMatchObject({ id: kept, status: 'committed' })
    deps.clock.set(now)
  })

  it('lapses by itself at expiresAt, to the millisecond', async () => {
    const account = await made('h-lapse')
    await reserveCredits({ account, body: { ...body, expiresInSeconds: 60 } })
    const available = async (at: string) => {
      deps.clock.set(at)
      return (await getCredits({ account })).body.available
    }
    expect(await available('2026-03-10T12:00:59.999Z')).toBe(5)
    expect(await available('2026-03-10T12:01:00.000Z')).toBe(20)
    expect((await deductCredits({ account, body: { amount: 20, reason: 'x' } })).status).toBe(201)
    deps.clock.set(now)
  })

  it.each([
    [20, 201],
    [21, 402],
  ])('of 20 available, a hold of %i is answered %i', async (amount, status) => {
    const account = await made(`h-edge${amount}`)
    const answer = await reserveCredits({ account, body: { amount, reason: 'edge' } })
    expect(answer.status).toBe(status)
    expect(answer.code).toBe(status === 402 ? 'insufficient_credits' : undefined)
  })

  it('402 is final for its key', async () => {
    const account = await made('h-final')
    const asked = { account, body: { amount: 21, reason: 'x' }, key: 'k' }
    expect((await reserveCredits(asked)).status).toBe(402)
    await grantCredits({ account, body: { amount: 100, reason: 'more' } })
    expect(await reserveCredits(asked)).toMatchObject({ status: 402, replayed: true })
    expect((await reserveCredits({ ...asked, key: 'other' })).status).toBe(201)
  })

  it('429 rate_limited for the 25th open hold; one closed makes room', async () => {
    const account = await made('h-many')
    await grantCredits({ account, body: { amount: 100, reason: 'x' } })
    const ids = []
    for (let count = 0; count < 24; count++)
      ids.push((await reserveCredits({ account, body: { amount: 1, reason: 'x' } })).body.id)
    expect(await reserveCredits({ account, body: { amount: 1, reason: 'x' } })).toMatchObject({
      status: 429,
      code: 'rate_limited',
      headers: { 'retry-after': '1' },
    })
    await releaseReservation({ account, params: { reservationId: ids[0] ?? '' } })
    expect((await reserveCredits({ account, body: { amount: 1, reason: 'x' } })).status).toBe(201)
  })

  it('403 account_suspended', async () => {
    const account = await made('h-suspended')
    await suspend(deps, account)
    expect(await reserveCredits({ account, body })).toMatchObject({ status: 403, code: 'account_suspended' })
  })

  it('404 for an account that nobody made', async () => {
    expect(await reserveCredits({ account: 'nobody', body })).toMatchObject({ status: 404, code: 'not_found' })
  })

  it.each([0, 86_401, 1.5])('400 for a hold of %d seconds', async (expiresInSeconds) => {
    expect(await reserveCredits({ account: 'h-held', body: { ...body, expiresInSeconds } })).toMatchObject({
      status: 400,
      code: 'validation_failed',
    })
  })
})
