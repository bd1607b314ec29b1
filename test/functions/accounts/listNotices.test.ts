import { afterAll, describe, expect, it } from 'vitest'
import { callsOf, deliverAll } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const { listNotices, putAccount, recordUsage } = callsOf(deps)

/** An account that was told twice: at 80 % and at 100 % of its three reports. */
const told = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  for (let count = 0; count < 3; count++) {
    await recordUsage({ account, body: { feature: 'reports' } })
    deps.clock.advance(1_000)
  }
  await deliverAll(deps)
  return account
}

describe('listNotices', () => {
  it('200 lists what the account was told, newest first', async () => {
    const account = await told('n-list')
    const answer = await listNotices({ account })
    expect(answer).toMatchObject({
      status: 200,
      body: {
        data: [{ kind: 'usage_limit', feature: 'reports', used: 3, limit: 3, resetsAt: '2026-04-01T00:00:00.000Z' }],
        nextCursor: null,
      },
    })
    expect((await listNotices({ as: 'customer', account })).body).toEqual(answer.body)
  })

  it('200 page by page, each notice once; a cursor of another list is 400', async () => {
    const account = await told('n-pages')
    deps.clock.set('2026-04-10T12:00:00.000Z')
    await told(account)
    const seen: (string | null)[] = []
    const cursors: string[] = []
    let cursor: string | null = null
    do {
      const query: Record<string, string> = { limit: '1', ...(cursor !== null && { cursor }) }
      const { body } = await listNotices({ account, query })
      seen.push(...body.data.map(({ resetsAt }) => resetsAt))
      cursor = body.nextCursor
      if (cursor !== null) cursors.push(cursor)
    } while (cursor !== null)
    expect(seen).toEqual(['2026-05-01T00:00:00.000Z', '2026-04-01T00:00:00.000Z'])
    expect(await listNotices({ account: 'n-list', query: { cursor: cursors[0] ?? '' } })).toMatchObject({
      status: 400,
      code: 'validation_failed',
    })
  })

  it('200 empty for a new login', async () => {
    expect((await listNotices({ as: 'customer', account: 'n-login' })).body).toEqual({ data: [], nextCursor: null })
  })

  it('404 for an account that nobody made', async () => {
    expect(await listNotices({ account: 'nobody' })).toMatchObject({ status: 404, code: 'not_found' })
  })
})
