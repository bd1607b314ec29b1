import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const { deductCredits, grantCredits, listLedger, putAccount } = callsOf(deps)

const made = async (account: string, deductions: number) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  for (let count = 0; count < deductions; count++)
    await deductCredits({ account, body: { amount: 1, reason: `use ${count}` } })
  return account
}

describe('listLedger', () => {
  it('200 lists newest first, page by page, each entry once', async () => {
    const account = await made('l-pages', 6)
    const seen: (number | null)[] = []
    let cursor: string | null = null
    const sizes = []
    do {
      const query: Record<string, string> = { limit: '3', ...(cursor !== null && { cursor }) }
      const { body } = await listLedger({ account, query })
      seen.push(...body.data.map(({ seq }) => seq))
      sizes.push(body.data.length)
      cursor = body.nextCursor
    } while (cursor !== null)
    expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1])
    expect(sizes).toEqual([3, 3, 1])
  })

  it('200 with 20 entries where no limit is given', async () => {
    const account = await made('l-default', 20)
    const { body } = await listLedger({ account })
    expect(body.data).toHaveLength(20)
    expect(body.nextCursor).toEqual(expect.any(String))
  })

  it('200 explains the balance at this instant: what is due stands first, without a number', async () => {
    const account = await made('l-due', 0)
    await grantCredits({ account, body: { amount: 9, reason: 'x', expiresAt: '2026-03-10T12:00:01.000Z' } })
    deps.clock.advance(1_000)
    const { data } = (await listLedger({ account })).body
    deps.clock.advance(-1_000)
    expect(data[0]).toMatchObject({
      type: 'expire',
      amount: -9,
      seq: null,
      createdAt: null,
      balanceAfter: 20,
      effectiveAt: '2026-03-10T12:00:01.000Z',
    })
    expect(data.map(({ seq }) => seq)).toEqual([null, 2, 1])
  })

  it('200 for a new login shows the credits that its first write will book', async () => {
    const { data } = (await listLedger({ as: 'customer', account: 'l-login' })).body
    expect(data).toMatchObject([{ type: 'grant', amount: 20, seq: null, createdAt: null }])
  })

  it.each([
    [
      'of another account',
      async () => (await listLedger({ account: await made('l-else', 1), query: { limit: '1' } })).body.nextCursor,
    ],
    ['of another list', () => 'bm90aWNlcyBsLW1pbmUKMQ'],
    ['of nothing at all', () => 'zzz'],
    ['that was tampered with', () => `${'A'.repeat(40)}=`],
  ])('400 for a cursor %s', async (_name, cursorOf) => {
    const account = await made('l-mine', 1)
    const cursor = (await cursorOf()) ?? ''
    expect(await listLedger({ account, query: { cursor } })).toMatchObject({ status: 400, code: 'validation_failed' })
  })

  it.each(['0', '101', '-1', '1.5', 'x', ''])('400 for the limit %j', async (limit) => {
    const account = await made('l-limits', 0)
    expect(await listLedger({ account, query: { limit } })).toMatchObject({ status: 400, code: 'validation_failed' })
  })

  it('404 for an account that nobody made', async () => {
    expect(await listLedger({ account: 'nobody' })).toMatchObject({ status: 404, code: 'not_found' })
  })
})
