import { afterAll, describe, expect, it } from 'vitest'
import { authorizer } from '#operations/definition'
import { handleAuthorizer, type RunAuthorizer } from '#runtime/authorizer'
import { hashOfKey } from '#table/apiKeys'
import { testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())

const door = (of: 'server' | 'visitor') =>
  authorizer({
    id: `${of}Door`,
    area: 'purchases',
    of,
    summary: 'For a test.',
    ifItFails: 'A test fails.',
    grants: { table: 'read' },
  })
const random = 'aZ0_-'.repeat(8).padEnd(43, 'x')
const token = `fgs_test_${random}`
const key = `fg_test_${random}`
const refused = { isAuthorized: false, context: {} }

/** Knows the one credential and answers with whom it stands for. */
const known =
  (credential: string, context: Record<string, string>): RunAuthorizer =>
  async (hash) =>
    hash === hashOfKey(credential) ? context : undefined
const ask = (of: 'server' | 'visitor', run: RunAuthorizer, authorization: string) =>
  handleAuthorizer(door(of), run, deps, { headers: { authorization } })

describe('an authorizer', () => {
  it('of visitors lets a session token in with its account', async () => {
    const run = known(token, { accountId: 'anon_1' })
    expect(await ask('visitor', run, `Bearer ${token}`)).toEqual({
      isAuthorized: true,
      context: { accountId: 'anon_1' },
    })
    expect(await ask('visitor', run, `Bearer ${token.replace('Z', 'Y')}`)).toEqual(refused)
  })

  it('of servers lets an API key in with its id and scopes', async () => {
    const context = { keyId: 'key_1', scopes: 'check' }
    expect(await ask('server', known(key, context), `Bearer ${key}`)).toEqual({ isAuthorized: true, context })
  })

  it.each([
    ['visitor', key],
    ['server', token],
    ['visitor', token.replace('test', 'live')],
    ['visitor', token.slice(0, -1)],
    ['visitor', `${token}x`],
    ['visitor', token.toUpperCase()],
  ] as const)('of a %s never asks about %s', async (of, credential) => {
    let asked = 0
    const run: RunAuthorizer = async () => {
      asked += 1
      return {}
    }
    expect(await ask(of, run, `Bearer ${credential}`)).toEqual(refused)
    expect(asked).toBe(0)
  })
})
