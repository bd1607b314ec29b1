import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/admin/unsuspendUser'
import { unsuspendUser } from '#operations/admin'
import { putAccountWrite, readAccount } from '#table/accounts'
import { accountKey } from '#table/keys'
import { auditRows, callsOf } from '#test/support/calls'
import { type Invocation, invoke, testDeps } from '#test/support/deps'
import { suspend } from '#test/support/standing'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const { deductCredits, putAccount } = callsOf(deps)
const lift = (userId: string, call: Invocation = {}) =>
  invoke(unsuspendUser, run, deps, { params: { userId }, body: { reason: 'a mistake' }, ...call })
const suspended = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  await suspend(deps, account)
  return account
}

describe('unsuspendUser', () => {
  it('200 everything goes on, with an audit entry', async () => {
    const account = await suspended('q-one')
    const answer = await lift(account, { headers: { 'x-request-id': 'lift-1' } })
    expect(answer).toMatchObject({ status: 200, body: { suspended: false } })
    expect((await deductCredits({ account, body: { amount: 1, reason: 'x' } })).status).toBe(201)
    expect(await auditRows(deps, 'lift-1')).toMatchObject([{ action: 'unsuspendUser', reason: 'a mistake' }])
    expect((await lift(account)).body.suspended).toBe(false)
  })

  it('409 conflict for an account that is being erased', async () => {
    const item = await deps.table.get(accountKey(await suspended('q-erasing')))
    if (!item) throw new Error('no account')
    const account = readAccount(item)
    await deps.table.write([putAccountWrite({ ...account, erasingAt: 1, ver: account.ver + 1 }, account)])
    expect(await lift('q-erasing')).toMatchObject({ status: 409, code: 'conflict' })
  })

  it('404 for an account that nobody made; 403 for who is no staff', async () => {
    expect(await lift('nobody')).toMatchObject({ status: 404, code: 'not_found' })
    expect(await lift('q-one', { subject: 'q-one' })).toMatchObject({ status: 403, code: 'forbidden' })
  })
})
