import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/admin/suspendUser'
import { suspendUser } from '#operations/admin'
import { putAccountWrite, readAccount } from '#table/accounts'
import { accountKey } from '#table/keys'
import { roleWrite } from '#table/users'
import { auditRows, callsOf } from '#test/support/calls'
import { admin, type Invocation, invoke, testDeps } from '#test/support/deps'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const { adjustCredits, deductCredits, getAccount, getCredits, putAccount, updateAccount } = callsOf(deps)
const suspend = (userId: string, call: Invocation = {}) =>
  invoke(suspendUser, run, deps, { params: { userId }, body: { reason: 'stolen cards' }, ...call })
const made = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  return account
}

describe('suspendUser', () => {
  it('200 stops changes and spending in one transaction, with an audit entry; reads go on', async () => {
    const account = await made('p-one')
    const answer = await suspend(account, { headers: { 'x-request-id': 'suspend-1' } })
    expect(answer).toMatchObject({ status: 200, body: { id: account, suspended: true, planId: 'free' } })
    expect(await updateAccount({ account, body: { name: 'B' } })).toMatchObject({ code: 'account_suspended' })
    expect(await deductCredits({ account, body: { amount: 1, reason: 'x' } })).toMatchObject({
      status: 403,
      code: 'account_suspended',
    })
    expect((await getAccount({ account })).body.suspended).toBe(true)
    expect((await getCredits({ account })).body.balance).toBe(20)
    expect(await auditRows(deps, 'suspend-1')).toMatchObject([
      {
        action: 'suspendUser',
        entityId: account,
        reason: 'stolen cards',
        before: { suspended: false },
        after: { suspended: true },
      },
    ])
  })

  it('200 again: the same key repeats the answer, another key changes nothing more', async () => {
    const account = await made('p-again')
    const first = await suspend(account, { key: 'k' })
    expect(await suspend(account, { key: 'k' })).toMatchObject({ replayed: true, body: first.body })
    expect(await suspend(account, { key: 'k', body: { reason: 'x' } })).toMatchObject({ status: 422 })
    const before = await deps.table.get(accountKey(account), { consistent: true })
    expect((await suspend(account, { key: 'other' })).body).toEqual(first.body)
    expect(await deps.table.get(accountKey(account), { consistent: true })).toEqual(before)
  })

  it('200 also for a wallet with more due than a transaction holds', async () => {
    const account = await made('p-idle')
    for (let count = 0; count < 40; count++)
      await callsOf(deps).grantCredits({
        account,
        body: { amount: 1, reason: 'x', expiresAt: `2026-03-11T00:00:${String(count).padStart(2, '0')}.000Z` },
      })
    deps.clock.set('2026-03-12T00:00:00.000Z')
    expect((await suspend(account)).status).toBe(200)
    deps.clock.set('2026-03-10T12:00:00.000Z')
    expect(await adjustCredits({ account, body: { amount: 5, reason: 'x' } })).toMatchObject({ status: 201 })
  })

  it('409 conflict for a login of staff, one’s own too, and for an account that is being erased', async () => {
    await made('p-staff')
    await deps.table.write([roleWrite('p-staff', 'ADMIN', 0)])
    await made(admin)
    for (const login of ['p-staff', admin])
      expect(await suspend(login)).toMatchObject({ status: 409, code: 'conflict' })
    const item = await deps.table.get(accountKey(await made('p-erasing')))
    if (!item) throw new Error('no account')
    const account = readAccount(item)
    await deps.table.write([putAccountWrite({ ...account, erasingAt: 1, ver: 2 }, account)])
    expect(await suspend('p-erasing')).toMatchObject({ status: 409, code: 'conflict' })
    expect((await getAccount({ account: 'p-staff' })).body.suspended).toBe(false)
  })

  it('404 for an account that nobody made; 403 for who is no staff; 400 without a reason', async () => {
    expect(await suspend('nobody')).toMatchObject({ status: 404, code: 'not_found' })
    expect(await suspend('p-one', { subject: 'p-one' })).toMatchObject({ status: 403, code: 'forbidden' })
    expect(await suspend('p-one', { body: {} })).toMatchObject({ status: 400, code: 'validation_failed' })
  })
})
