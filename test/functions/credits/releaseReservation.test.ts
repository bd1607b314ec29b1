import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { strangerId, testDeps } from '#test/support/deps'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ now })
afterAll(() => deps.stop())
const { commitReservation, getCredits, listLedger, putAccount, releaseReservation, reserveCredits } = callsOf(deps)

const held = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  const { id } = (await reserveCredits({ account, body: { amount: 15, reason: 'a long job' } })).body
  return { account, params: { reservationId: id } }
}

describe('releaseReservation', () => {
  it('200 gives all of it back, without an entry', async () => {
    const hold = await held('f-all')
    expect(await releaseReservation(hold)).toMatchObject({
      status: 200,
      body: { id: hold.params.reservationId, status: 'released', amount: 15, balance: 20, available: 20 },
    })
    expect((await listLedger(hold)).body.data).toHaveLength(1)
    expect((await getCredits(hold)).body.held).toBe(0)
  })

  it('200 the same answer when it comes twice', async () => {
    const hold = await held('f-twice')
    const first = await releaseReservation(hold)
    expect((await releaseReservation(hold)).body).toEqual(first.body)
  })

  it('409 conflict after a commit', async () => {
    const hold = await held('f-committed')
    await commitReservation(hold)
    expect(await releaseReservation(hold)).toMatchObject({ status: 409, code: 'conflict' })
    expect((await getCredits(hold)).body.balance).toBe(5)
  })

  it('409 reservation_expired at the very instant, 200 a millisecond before', async () => {
    const late = await held('f-late')
    const onTime = await held('f-on-time')
    deps.clock.set('2026-03-10T12:14:59.999Z')
    expect((await releaseReservation(onTime)).status).toBe(200)
    deps.clock.set('2026-03-10T12:15:00.000Z')
    expect(await releaseReservation(late)).toMatchObject({ status: 409, code: 'reservation_expired' })
    deps.clock.set(now)
  })

  it('404 for a hold that is not, or another account’s', async () => {
    const theirs = await held('f-theirs')
    const mine = await held('f-mine')
    for (const params of [theirs.params, { reservationId: strangerId('rsv') }])
      expect(await releaseReservation({ ...mine, params })).toMatchObject({ status: 404, code: 'not_found' })
    expect((await getCredits(theirs)).body.held).toBe(15)
  })

  it('404 for an account that nobody made; 400 for what is no reservation id', async () => {
    const params = { reservationId: strangerId('rsv') }
    expect(await releaseReservation({ account: 'nobody', params })).toMatchObject({ status: 404 })
    expect(await releaseReservation({ account: 'f-all', params: { reservationId: 'rsv_1' } })).toMatchObject({
      status: 400,
      code: 'validation_failed',
    })
  })
})
