import { afterAll, describe, expect, it } from 'vitest'
import { guardOfId } from '#domain/guard'
import { operationKey, walletKey } from '#table/keys'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { suspend } from '#test/support/standing'

const deps = await testDeps()
afterAll(() => deps.stop())
const { deductCredits, getCredits, listLedger, putAccount } = callsOf(deps)

const body = { amount: 7, reason: 'an image' }
const made = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  return account
}

describe('deductCredits', () => {
  it('201 takes the amount and writes one entry with the chain’s next number', async () => {
    const account = await made('d-created')
    const answer = await deductCredits({
      account,
      body: { ...body, metadata: { job: 'j1' } },
      key: 'k1',
      headers: { 'x-request-id': 'req-7' },
    })
    expect(answer).toMatchObject({ status: 201, replayed: false, body: { amount: 7, balance: 13 } })
    const [entry, included] = (await listLedger({ account })).body.data
    expect(entry).toMatchObject({
      id: answer.body.entryId,
      accountId: account,
      type: 'deduct',
      amount: -7,
      balanceAfter: 13,
      seq: 2,
      reason: 'an image',
      idempotencyKey: 'k1',
      requestId: 'req-7',
      actor: 'key_test',
      grantMoves: [{ grantId: included?.grantMoves[0]?.grantId, amount: -7 }],
    })
    const guard = guardOfId('ded', answer.body.id)
    const row = guard && (await deps.table.get(operationKey(account, guard)))
    expect(row).toMatchObject({ entity: 'entry', key: 'k1', metadata: { job: 'j1' } })
    expect(row).not.toHaveProperty('ttl')
  })

  it('201 again for the same key: the first answer, marked, and one effect', async () => {
    const account = await made('d-again')
    const first = await deductCredits({ account, body, key: 'k' })
    const second = await deductCredits({ account, body, key: '"k"' })
    expect(second).toMatchObject({ status: 201, replayed: true, body: first.body })
    expect((await getCredits({ account })).body.balance).toBe(13)
  })

  it('201 twice without a key: two effects', async () => {
    const account = await made('d-keyless')
    await deductCredits({ account, body, headers: { 'x-request-id': 'same' } })
    await deductCredits({ account, body, headers: { 'x-request-id': 'same' } })
    expect((await getCredits({ account })).body.balance).toBe(6)
  })

  it.each([
    ['another amount', { amount: 8, reason: 'an image' }],
    ['another reason', { amount: 7, reason: 'a chat' }],
    ['metadata that was not there', { ...body, metadata: { a: 1 } }],
  ])('422 for the same key with %s, and nothing taken', async (name, other) => {
    const account = await made(`d-reused-${name.length}`)
    await deductCredits({ account, body, key: 'k' })
    expect(await deductCredits({ account, body: other, key: 'k' })).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    })
    expect((await getCredits({ account })).body.balance).toBe(13)
  })

  it.each([
    [19, 201],
    [20, 201],
    [21, 402],
  ])('of 20 available credits %i is answered %i', async (amount, status) => {
    const account = await made(`d-edge-${amount}`)
    const answer = await deductCredits({ account, body: { amount, reason: 'edge' } })
    expect(answer.status).toBe(status)
    expect((await getCredits({ account })).body.balance).toBe(status === 201 ? 20 - amount : 20)
  })

  it('402 tells balance and need, takes nothing, and is final for its key', async () => {
    const account = await made('d-short')
    const asked = { account, body: { amount: 21, reason: 'too much' }, key: 'short' }
    const refused = await deductCredits(asked)
    expect(refused).toMatchObject({ status: 402, code: 'insufficient_credits', body: { balance: 20, required: 21 } })
    await callsOf(deps).grantCredits({ account, body: { amount: 100, reason: 'later' } })
    expect(await deductCredits(asked)).toMatchObject({ status: 402, replayed: true, code: 'insufficient_credits' })
    expect(await deductCredits({ ...asked, body })).toMatchObject({ status: 422 })
    expect(await deductCredits({ ...asked, key: 'new' })).toMatchObject({ status: 201, replayed: false })
  })

  it('403 account_suspended leaves the wallet as it was', async () => {
    const account = await made('d-suspended')
    await suspend(deps, account)
    const before = await deps.table.get(walletKey(account))
    expect(await deductCredits({ account, body })).toMatchObject({ status: 403, code: 'account_suspended' })
    expect(await deps.table.get(walletKey(account))).toEqual(before)
  })

  it('404 for an account that nobody made', async () => {
    expect(await deductCredits({ account: 'nobody', body })).toMatchObject({ status: 404, code: 'not_found' })
    expect((await deps.table.query({ pk: 'ACCOUNT#nobody', limit: 10 })).items).toEqual([])
  })

  it('403 forbidden for a key that may only read credits', async () => {
    const account = await made('d-scope')
    expect(await deductCredits({ account, body, scopes: ['credits:read'] })).toMatchObject({
      status: 403,
      code: 'forbidden',
    })
    expect((await getCredits({ account })).body.balance).toBe(20)
  })
})
