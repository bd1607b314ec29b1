import { afterAll, describe, expect, it } from 'vitest'
import { auditRows, callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { suspend } from '#test/support/standing'

const deps = await testDeps()
afterAll(() => deps.stop())
const { adjustCredits, getCredits, grantCredits, listLedger, putAccount, reserveCredits } = callsOf(deps)

const made = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  return account
}

describe('adjustCredits', () => {
  it.each([
    [30, 50],
    [-20, 0],
  ])('201 by %i leaves %i, with one entry and one audit entry', async (amount, balance) => {
    const account = await made(`j-by${amount}`)
    const requestId = `req${amount}`
    const answer = await adjustCredits({
      account,
      body: { amount, reason: 'a complaint' },
      headers: { 'x-request-id': requestId },
    })
    expect(answer).toMatchObject({ status: 201, body: { amount, balance } })
    expect((await listLedger({ account })).body.data[0]).toMatchObject({
      id: answer.body.entryId,
      type: 'adjust',
      amount,
      balanceAfter: balance,
      actor: 'admin',
      reason: 'a complaint',
    })
    expect(await auditRows(deps, requestId)).toMatchObject([
      { action: 'adjustCredits', entityId: account, after: { amount, entryId: answer.body.entryId } },
    ])
  })

  it('201 again for the same key: one effect, one audit entry; 422 for another body', async () => {
    const account = await made('j-again')
    const asked = { account, body: { amount: 5, reason: 'x' }, key: 'k', headers: { 'x-request-id': 'req-again' } }
    const first = await adjustCredits(asked)
    expect(await adjustCredits(asked)).toMatchObject({ status: 201, replayed: true, body: first.body })
    expect(await adjustCredits({ ...asked, body: { amount: 6, reason: 'x' } })).toMatchObject({ status: 422 })
    expect((await getCredits({ account })).body.balance).toBe(25)
    expect((await auditRows(deps, 'req-again')).map(({ status }) => status)).toEqual([undefined, 422])
  })

  it('402 insufficient_credits below what is available: what a hold keeps is not touched', async () => {
    const account = await made('j-held')
    await reserveCredits({ account, body: { amount: 15, reason: 'x' } })
    expect(await adjustCredits({ account, body: { amount: -6, reason: 'x' } })).toMatchObject({
      status: 402,
      code: 'insufficient_credits',
      body: { balance: 20, required: 6 },
    })
    expect((await adjustCredits({ account, body: { amount: -5, reason: 'x' } })).status).toBe(201)
  })

  it('201 also for a suspended account: suspension stops spending, not mending', async () => {
    const account = await made('j-suspended')
    await suspend(deps, account)
    expect((await adjustCredits({ account, body: { amount: 5, reason: 'x' } })).status).toBe(201)
  })

  it('409 conflict for the 101st live grant', async () => {
    const account = await made('j-many')
    for (let count = 1; count < 100; count++) await grantCredits({ account, body: { amount: 1, reason: 'x' } })
    expect(await adjustCredits({ account, body: { amount: 5, reason: 'x' } })).toMatchObject({
      status: 409,
      code: 'conflict',
    })
    expect((await adjustCredits({ account, body: { amount: -5, reason: 'x' } })).status).toBe(201)
  })

  it('404 for an account that nobody made; the audit entry says that it was refused', async () => {
    const headers = { 'x-request-id': 'req-nobody' }
    expect(await adjustCredits({ account: 'nobody', body: { amount: 5, reason: 'x' }, headers })).toMatchObject({
      status: 404,
      code: 'not_found',
    })
    expect(await auditRows(deps, 'req-nobody')).toMatchObject([{ entityId: 'nobody', method: 'POST', status: 404 }])
  })

  it.each([0, 1.5, 1_000_000_000_001, -1_000_000_000_001, '5'])('400 for the amount %j', async (amount) => {
    expect(await adjustCredits({ account: 'j-again', body: { amount, reason: 'x' } })).toMatchObject({
      status: 400,
      code: 'validation_failed',
    })
  })

  it('403 forbidden for a customer’s token', async () => {
    const call = { account: 'j-again', subject: 'j-again', body: { amount: 5, reason: 'x' } }
    expect(await adjustCredits(call)).toMatchObject({ status: 403, code: 'forbidden' })
  })

  it('a customer’s and a server’s key of the same text never meet', async () => {
    const account = await made('j-keys')
    await grantCredits({ account, body: { amount: 5, reason: 'x' }, key: 'same' })
    expect(await adjustCredits({ account, body: { amount: 5, reason: 'x' }, key: 'same' })).toMatchObject({
      status: 201,
      replayed: false,
      body: { balance: 30 },
    })
  })
})
