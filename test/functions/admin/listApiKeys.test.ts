import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())
const { createApiKey, listApiKeys, listLedger, putAccount, revokeApiKey } = callsOf(deps)

describe('listApiKeys', () => {
  it('200 newest first, page by page, revoked ones too, and never a key or its hash', async () => {
    const made = []
    for (const name of ['one', 'two', 'three', 'four', 'five']) {
      made.push((await createApiKey({ body: { name, scopes: ['check'] } })).body)
      // Ids of one millisecond have no order among each other.
      deps.clock.passReal(1)
    }
    await revokeApiKey({ params: { keyId: made[1]?.id ?? '' } })
    const seen: unknown[] = []
    let cursor: string | null = null
    do {
      const query: Record<string, string> = { limit: '2', ...(cursor !== null && { cursor }) }
      const { status, body } = await listApiKeys({ query })
      expect(status).toBe(200)
      seen.push(...body.data)
      cursor = body.nextCursor
    } while (cursor !== null)
    expect(seen).toMatchObject(['five', 'four', 'three', 'two', 'one'].map((name) => ({ name })))
    expect(seen[3]).toMatchObject({ revokedAt: expect.any(String) })
    for (const { key = 'none' } of made) expect(JSON.stringify(seen)).not.toContain(key)
    expect(JSON.stringify(seen)).not.toMatch(/"hash"/)
  })

  it('400 for a cursor of another list', async () => {
    await putAccount({ account: 'acc', body: { email: 'a@example.com' } })
    await putAccount({ account: 'acc', body: { email: 'b@example.com' } })
    const { nextCursor } = (await listLedger({ account: 'acc', query: { limit: '1' } })).body
    expect(await listApiKeys({ query: { cursor: nextCursor ?? 'none' } })).toMatchObject({
      status: 400,
      code: 'validation_failed',
    })
  })

  it('403 forbidden for a login that is no staff', async () => {
    expect(await listApiKeys({ subject: 'somebody' })).toMatchObject({ status: 403, code: 'forbidden' })
  })
})
