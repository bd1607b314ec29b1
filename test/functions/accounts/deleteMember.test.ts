import { afterAll, describe, expect, it } from 'vitest'
import { auditRows, callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { suspend } from '#test/support/standing'
import { actingFor, membersOf } from './memberSupport.ts'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const { company, list, remove } = membersOf(deps)
const { getAccount } = callsOf(deps)

describe('deleteMember', () => {
  it('204 takes access away at once; twice is fine; one audit entry', async () => {
    const account = await company('r-one', { ann: 'owner' })
    const acting = { account: 'ann', ...actingFor(account) }
    expect((await getAccount(acting)).status).toBe(200)
    expect((await remove(account, 'ann', { headers: { 'x-request-id': 'remove-1' } })).status).toBe(204)
    expect(await getAccount(acting)).toMatchObject({ status: 404, code: 'not_found' })
    expect((await remove(account, 'ann', { headers: { 'x-request-id': 'remove-2' } })).status).toBe(204)
    expect(await auditRows(deps, 'remove-1')).toMatchObject([
      { action: 'deleteMember', entityId: account, before: { userId: 'ann', role: 'owner' } },
    ])
    expect(await auditRows(deps, 'remove-2')).toEqual([])
  })

  it('204 of a suspended account too; race: both at once', async () => {
    const account = await company('r-suspended', { ann: 'owner', bob: 'viewer' })
    await suspend(deps, account)
    const answers = await Promise.all([1, 2].map(() => remove(account, 'ann')))
    expect(answers.map(({ status }) => status)).toEqual([204, 204])
    expect((await list(account)).body.data).toMatchObject([{ userId: 'bob' }])
  })

  it('404 for an account that nobody made, and for a stranger’s header; another account’s member stays', async () => {
    const account = await company('r-theirs', { ann: 'owner' })
    await company('r-mine', { bob: 'owner' })
    expect(await remove('nobody', 'ann')).toMatchObject({ status: 404, code: 'not_found' })
    expect(await remove('bob', 'ann', actingFor(account))).toMatchObject({ status: 404, code: 'not_found' })
    expect((await remove('r-mine', 'ann')).status).toBe(204)
    expect((await list(account)).body.data).toHaveLength(1)
  })

  it('403 for a member who is no owner, and without the scope', async () => {
    const account = await company('r-billing', { ann: 'billing' })
    expect(await remove('ann', 'ann', actingFor(account))).toMatchObject({ status: 403, code: 'forbidden' })
    expect(await remove(account, 'ann', { scopes: ['accounts:read'] })).toMatchObject({ status: 403 })
  })
})
