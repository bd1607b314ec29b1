import { afterAll, describe, expect, it } from 'vitest'
import { testDeps } from '#test/support/deps'
import { membersOf } from './memberSupport.ts'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const { company, list } = membersOf(deps)

describe('listMembers', () => {
  it('200 page by page in the order of user ids, each once', async () => {
    const account = await company('l-pages', { cid: 'viewer', ann: 'owner', bob: 'billing' })
    const first = await list(account, { query: { limit: '2' } })
    expect(first.body.data.map(({ userId, role }) => [userId, role])).toEqual([
      ['ann', 'owner'],
      ['bob', 'billing'],
    ])
    const second = await list(account, { query: { limit: '2', cursor: first.body.nextCursor ?? '' } })
    expect(second.body).toMatchObject({ data: [{ userId: 'cid' }], nextCursor: null })
    const other = await company('l-other', { dan: 'viewer' })
    expect(await list(other, { query: { cursor: first.body.nextCursor ?? '' } })).toMatchObject({ status: 400 })
  })

  it('200 empty for a new login; 404 for an account that nobody made; 403 without the scope', async () => {
    expect((await list('l-login', { as: 'customer' })).body).toEqual({ data: [], nextCursor: null })
    expect(await list('nobody')).toMatchObject({ status: 404, code: 'not_found' })
    expect(await list('l-pages', { scopes: ['accounts:write'] })).toMatchObject({ status: 403, code: 'forbidden' })
  })
})
