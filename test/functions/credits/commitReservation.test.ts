import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { strangerId, testDeps } from '#test/support/deps'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ now })
afterAll(() => deps.stop())
const { commitReservation, deductCredits, getCredits, grantCredits, listLedger, putAccount } = callsOf(deps)
const { refundCredits, releaseReservation, reserveCredits } = callsOf(deps)

/** An account with 20 credits, of which 15 are held. */
const held = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  const { id } = (await reserveCredits({ account, body: { amount: 15, reason: 'a long job' } })).body
  return { account, params: { reservationId: id } }
}

describe('commitReservation', () => {
  it('200 takes all that is held where no amount is named, in one entry', async () => {
    const hold = await held('m-all')
    const answer = await commitReservation({ ...hold, body: { reason: 'done' } })
    expect(answer).toMatchObject({
      status: 200,
      body: { id: hold.params.reservationId, status: 'committed', amount: 15, committed: 15, balance: 5, available: 5 },
    })
    expect((await listLedger({ account: hold.account })).body.data[0]).toMatchObject({
      id: answer.body.entryId,
      type: 'commit',
      amount: -15,
      balanceAfter: 5,
      seq: 2,
      reason: 'done',
      reference: hold.params.reservationId,
    })
  })

  it('200 takes a part and gives the rest back in the same write', async () => {
    const hold = await held('m-part')
    expect((await commitReservation({ ...hold, body: { amount: 4 } })).body).toMatchObject({
      committed: 4,
      balance: 16,
      available: 16,
    })
    expect((await getCredits(hold)).body).toMatchObject({ balance: 16, held: 0 })
  })

  it('200 the same answer when it comes twice; 409 conflict with another amount', async () => {
    const hold = await held('m-twice')
    const first = await commitReservation({ ...hold, body: { amount: 4 } })
    const second = await commitReservation({ ...hold, body: { amount: 4 } })
    expect(second).toMatchObject({ status: 200, body: { committed: 4, entryId: first.body.entryId } })
    expect(await commitReservation({ ...hold, body: { amount: 5 } })).toMatchObject({ status: 409, code: 'conflict' })
    expect((await getCredits(hold)).body.balance).toBe(16)
  })

  it.each([
    ['at the hold', 15, false, 200],
    ['one above the hold', 16, false, 409],
    ['one above the hold, allowed', 16, true, 200],
    ['everything available, allowed', 20, true, 200],
    ['one above what is available', 21, true, 402],
  ])('%s: %i, allowAboveHold %s, is answered %i', async (_name, amount, allowAboveHold, status) => {
    const hold = await held(`m-above-${amount}-${allowAboveHold}`)
    const answer = await commitReservation({ ...hold, body: { amount, allowAboveHold } })
    expect(answer.status).toBe(status)
    expect((await getCredits(hold)).body).toMatchObject(
      status === 200 ? { balance: 20 - amount, held: 0 } : { balance: 20, held: 15 },
    )
  })

  it('402 leaves the hold: it may still be committed for less, or released', async () => {
    for (const close of [commitReservation, releaseReservation]) {
      const hold = await held(`m-short-${close === commitReservation ? 'commit' : 'release'}`)
      const refused = await commitReservation({ ...hold, body: { amount: 21, allowAboveHold: true }, key: 'k' })
      expect(refused).toMatchObject({ status: 402, code: 'insufficient_credits', body: { balance: 20 } })
      expect((await close({ ...hold, key: 'other' })).status).toBe(200)
      expect((await getCredits(hold)).body.held).toBe(0)
    }
  })

  it('409 conflict after a release', async () => {
    const hold = await held('m-released')
    await releaseReservation(hold)
    expect(await commitReservation(hold)).toMatchObject({ status: 409, code: 'conflict' })
    expect((await getCredits(hold)).body).toMatchObject({ balance: 20, held: 0 })
  })

  it('409 reservation_expired at the very instant, 200 a millisecond before', async () => {
    const late = await held('m-late')
    const onTime = await held('m-on-time')
    deps.clock.set('2026-03-10T12:14:59.999Z')
    expect((await commitReservation(onTime)).status).toBe(200)
    deps.clock.set('2026-03-10T12:15:00.000Z')
    expect(await commitReservation(late)).toMatchObject({ status: 409, code: 'reservation_expired' })
    expect((await commitReservation(onTime)).status).toBe(200)
    expect((await getCredits(late)).body).toMatchObject({ balance: 20, available: 20 })
    deps.clock.set(now)
  })

  it('200 from a grant that expired while it was held; what is not taken expires in the same write', async () => {
    const account = 'm-expiring'
    await putAccount({ account, body: { email: 'a@example.com' } })
    await deductCredits({ account, body: { amount: 20, reason: 'away with the included ones' } })
    await grantCredits({ account, body: { amount: 10, reason: 'x', expiresAt: '2026-03-10T12:00:01.000Z' } })
    const { id } = (await reserveCredits({ account, body: { amount: 8, reason: 'job' } })).body
    deps.clock.set('2026-03-10T12:00:01.000Z')
    expect((await getCredits({ account })).body).toMatchObject({ balance: 8, held: 8, available: 0 })
    const answer = await commitReservation({ account, params: { reservationId: id }, body: { amount: 5 } })
    expect(answer.body).toMatchObject({ committed: 5, balance: 0, available: 0 })
    const { data } = (await listLedger({ account })).body
    deps.clock.set(now)
    expect(data.slice(0, 3).map(({ type, amount }) => [type, amount])).toEqual([
      ['expire', -3],
      ['commit', -5],
      ['expire', -2],
    ])
  })

  it('404 for a hold that is not, or another account’s: the same body, and the hold stays', async () => {
    const theirs = await held('m-theirs')
    await held('m-mine')
    const asked = (reservationId: string) =>
      commitReservation({ account: 'm-mine', params: { reservationId }, headers: { 'x-request-id': 'r' } })
    const answers = [await asked(theirs.params.reservationId), await asked(strangerId('rsv'))]
    for (const answer of answers) expect(answer).toMatchObject({ status: 404, code: 'not_found' })
    const [first, second] = answers.map(({ body }) => ({ ...body, instance: '' }))
    expect(first).toEqual(second)
    expect((await getCredits(theirs)).body.held).toBe(15)
  })

  it('404 for an account that nobody made', async () => {
    expect(await commitReservation({ account: 'nobody', params: { reservationId: strangerId('rsv') } })).toMatchObject({
      status: 404,
      code: 'not_found',
    })
  })

  it('a commit is no deduction: its credits are not refunded under a made-up deduction id', async () => {
    const hold = await held('m-refund')
    const { entryId = '' } = (await commitReservation(hold)).body
    const refund = await refundCredits({ account: 'm-refund', body: { deductionId: `ded_${entryId.slice(4)}` } })
    // The entry is a commit, which may be refunded like a deduction; never beyond what it took.
    expect(refund.status).toBe(201)
    expect((await getCredits(hold)).body.balance).toBe(20)
    expect(
      await refundCredits({ account: 'm-refund', body: { deductionId: `ded_${entryId.slice(4)}` } }),
    ).toMatchObject({ status: 409 })
  })
})
