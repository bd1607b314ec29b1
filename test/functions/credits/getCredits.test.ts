import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const { getCredits, grantCredits, putAccount, reserveCredits, updateAccount } = callsOf(deps)

describe('getCredits', () => {
  it('200 shows balance, held, available and the live grants', async () => {
    const account = 'c-all'
    await putAccount({ account, body: { email: 'a@example.com' } })
    const { id } = (await grantCredits({ account, body: { amount: 100, reason: 'x', priority: 5 } })).body
    await reserveCredits({ account, body: { amount: 30, reason: 'a job' } })
    expect(await getCredits({ account })).toMatchObject({
      status: 200,
      body: {
        balance: 120,
        held: 30,
        available: 90,
        grants: [
          {
            amount: 20,
            remaining: 20,
            source: 'included',
            priority: 0,
            expiresAt: '2026-04-01T00:00:00.000Z',
          },
          { id, amount: 100, remaining: 100, source: 'grant', priority: 5, expiresAt: null },
        ],
      },
    })
  })

  it('200 for a new login as on the lowest plan, and nothing is written', async () => {
    const answer = await getCredits({ as: 'customer', account: 'c-login' })
    expect(answer).toMatchObject({ status: 200, body: { balance: 20, held: 0, available: 20 } })
    const { items } = await deps.table.query({ pk: 'ACCOUNT#c-login', limit: 10 })
    expect(items).toEqual([])
    await updateAccount({ account: 'c-login', body: { name: 'N' } })
    const after = await getCredits({ as: 'customer', account: 'c-login' })
    expect(after.body).toEqual(answer.body)
  })

  it('404 for a server’s account that nobody made', async () => {
    expect(await getCredits({ account: 'nobody' })).toMatchObject({ status: 404, code: 'not_found' })
  })

  it('404 for a customer who names another account in the header, with the very body of an account that is not', async () => {
    await putAccount({ account: 'c-other', body: { email: 'a@example.com' } })
    const asked = (named: string) =>
      getCredits({
        as: 'customer',
        account: 'c-me',
        headers: { 'faregate-account': named, 'x-request-id': 'r' },
      })
    const [theirs, nobodys] = [await asked('c-other'), await asked('nobody')]
    expect(theirs).toMatchObject({ status: 404, code: 'not_found' })
    expect(theirs.body).toEqual(nobodys.body)
  })

  it('401 for a token without subject, 403 for a key without the scope', async () => {
    expect(await getCredits({ as: 'customer', subject: '' })).toMatchObject({ status: 401, code: 'unauthenticated' })
    expect(await getCredits({ account: 'c-all', scopes: ['credits:write'] })).toMatchObject({
      status: 403,
      code: 'forbidden',
    })
  })

  it('429 beyond 120 calls a minute of one customer; a server and another customer go on', async () => {
    const mine = { as: 'customer', account: 'c-busy' } as const
    const answers = []
    for (let count = 0; count < 130; count++) answers.push(await getCredits(mine))
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(0)
    expect(answers.slice(0, 120).map(({ status }) => status)).toEqual(Array(120).fill(200))
    expect(refused[0]).toMatchObject({
      code: 'rate_limited',
      headers: { 'retry-after': '1', 'ratelimit-policy': '"customer";q=120;w=60' },
    })
    expect((await getCredits({ ...mine, account: 'c-calm' })).status).toBe(200)
    expect((await getCredits({ account: 'c-all' })).status).toBe(200)
    deps.clock.passReal(60_000)
    expect((await getCredits(mine)).status).toBe(200)
  })
})
