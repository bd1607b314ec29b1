import { afterAll, describe, expect, it } from 'vitest'
import { guardOfId } from '#domain/guard'
import { tallyKey } from '#table/keys'
import { callsOf } from '#test/support/calls'
import { strangerId, testDeps } from '#test/support/deps'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ now })
afterAll(() => deps.stop())
const { check, deductCredits, getCredits, grantCredits, listLedger, putAccount, refundCredits } = callsOf(deps)

/** An account with 20 included credits, of which `amount` are spent. */
const spent = async (account: string, amount: number) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  const { id } = (await deductCredits({ account, body: { amount, reason: 'work' } })).body
  return { account, deductionId: id }
}

describe('refundCredits', () => {
  it('201 gives all of it back where no amount is named, to the grant it came from', async () => {
    const { account, deductionId } = await spent('r-all', 7)
    const answer = await refundCredits({ account, body: { deductionId } })
    expect(answer).toMatchObject({ status: 201, body: { deductionId, amount: 7, balance: 20 } })
    const [refund, deduction, included] = (await listLedger({ account })).body.data
    expect(refund).toMatchObject({
      id: answer.body.entryId,
      type: 'refund',
      amount: 7,
      balanceAfter: 20,
      seq: 3,
      reference: deduction?.id,
      grantMoves: [{ grantId: included?.grantMoves[0]?.grantId, amount: 7 }],
    })
    const guard = guardOfId('ded', deductionId)
    expect(guard && (await deps.table.get(tallyKey(account, guard)))).toMatchObject({ credits: 7 })
  })

  it.each([
    [6, 201],
    [7, 201],
    [8, 409],
  ])('of 7 taken, %i back is answered %i', async (amount, status) => {
    const { account, deductionId } = await spent(`r-edge${amount}`, 7)
    const answer = await refundCredits({ account, body: { deductionId, amount } })
    expect(answer.status).toBe(status)
    expect((await getCredits({ account })).body.balance).toBe(status === 201 ? 13 + amount : 13)
  })

  it('409 conflict for the part beyond what earlier refunds left, and for anything after the last', async () => {
    const { account, deductionId } = await spent('r-parts', 7)
    expect((await refundCredits({ account, body: { deductionId, amount: 5 } })).status).toBe(201)
    expect(await refundCredits({ account, body: { deductionId, amount: 3 } })).toMatchObject({
      status: 409,
      code: 'conflict',
    })
    expect((await refundCredits({ account, body: { deductionId } })).body.amount).toBe(2)
    expect(await refundCredits({ account, body: { deductionId } })).toMatchObject({ status: 409 })
    expect((await getCredits({ account })).body.balance).toBe(20)
  })

  it('201 again for the same key: one refund; 422 for another body', async () => {
    const { account, deductionId } = await spent('r-again', 7)
    const asked = { account, body: { deductionId, amount: 3 }, key: 'k' }
    const first = await refundCredits(asked)
    expect(await refundCredits(asked)).toMatchObject({ status: 201, replayed: true, body: first.body })
    expect(await refundCredits({ ...asked, body: { deductionId } })).toMatchObject({ status: 422 })
    expect((await getCredits({ account })).body.balance).toBe(16)
  })

  it('201 again for the same key also when everything has come back since', async () => {
    const { account, deductionId } = await spent('r-again-late', 7)
    const asked = { account, body: { deductionId, amount: 3 }, key: 'k' }
    const first = await refundCredits(asked)
    await refundCredits({ account, body: { deductionId } })
    expect(await refundCredits(asked)).toMatchObject({ status: 201, replayed: true, body: first.body })
  })

  it('404 for a deduction that is not, or another account’s: the same body', async () => {
    const mine = await spent('r-mine', 1)
    const theirs = await spent('r-theirs', 1)
    const asked = (deductionId: string) =>
      refundCredits({ account: mine.account, body: { deductionId }, headers: { 'x-request-id': 'r' } })
    const answers = [await asked(theirs.deductionId), await asked(strangerId('ded'))]
    for (const answer of answers) expect(answer).toMatchObject({ status: 404, code: 'not_found' })
    expect(answers[0]?.body).toEqual(answers[1]?.body)
    expect((await getCredits({ account: theirs.account })).body.balance).toBe(19)
  })

  it('404 for a grant, a refund and the credits of a use, which come back with the use', async () => {
    const { account, deductionId } = await spent('r-kinds', 7)
    const use = (await check({ account, body: { feature: 'image', consume: true } })).body.usageId ?? ''
    const grant = (await grantCredits({ account, body: { amount: 5, reason: 'x' } })).body.id
    const refund = (await refundCredits({ account, body: { deductionId, amount: 1 } })).body.id
    for (const id of [use, grant, refund]) {
      const asDeduction = `ded_${id.slice(4)}`
      const answer = await refundCredits({ account, body: { deductionId: asDeduction } })
      expect([404, 409]).toContain(answer.status)
    }
    expect((await getCredits({ account })).body.balance).toBe(20 - 7 - 5 + 5 + 1)
  })

  it('404 for an account that nobody made', async () => {
    expect(await refundCredits({ account: 'nobody', body: { deductionId: strangerId('ded') } })).toMatchObject({
      status: 404,
    })
  })

  it('201 after the grant expired: back as a new grant of the same priority, for 30 days', async () => {
    const account = 'r-expired'
    await putAccount({ account, body: { email: 'a@example.com' } })
    await grantCredits({
      account,
      body: { amount: 10, reason: 'x', priority: 0, expiresAt: '2026-03-10T12:00:01.000Z' },
    })
    const { id } = (await deductCredits({ account, body: { amount: 10, reason: 'work' } })).body
    deps.clock.set('2026-03-10T12:00:01.000Z')
    const answer = await refundCredits({ account, body: { deductionId: id } })
    const { grants } = (await getCredits({ account })).body
    deps.clock.set(now)
    expect(answer).toMatchObject({ status: 201, body: { amount: 10, balance: 30 } })
    expect(grants).toContainEqual(
      expect.objectContaining({
        source: 'refund',
        remaining: 10,
        priority: 0,
        expiresAt: '2026-04-09T12:00:01.000Z',
      }),
    )
  })
})
