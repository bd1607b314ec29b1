import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/accounts/authorizeKey'
import { authorizeKey } from '#operations/accounts'
import { handleAuthorizer } from '#runtime/authorizer'
import { hashOfKey } from '#table/apiKeys'
import { apiKeyKey } from '#table/keys'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())
const { createApiKey, listApiKeys, revokeApiKey } = callsOf(deps)

const ask = (authorization?: string) =>
  handleAuthorizer(authorizeKey, run, deps, { headers: authorization === undefined ? {} : { authorization } })
const made = async () => (await createApiKey({ body: { name: 'server', scopes: ['check', 'usage:write'] } })).body
const refused = { isAuthorized: false, context: {} }

describe('authorizeKey', () => {
  it('lets a live key in, with its id and scopes and nothing else', async () => {
    const { id, key } = await made()
    expect(await ask(`Bearer ${key}`)).toEqual({
      isAuthorized: true,
      context: { keyId: id, scopes: 'check usage:write' },
    })
  })

  it('notes the use, at most once an hour', async () => {
    const { id, key = '' } = await made()
    const usedAt = async () => (await deps.table.get(apiKeyKey(hashOfKey(key))))?.lastUsedAt
    await ask(`Bearer ${key}`)
    const first = await usedAt()
    expect(first).toEqual(expect.any(Number))
    deps.clock.passReal(1_000)
    await ask(`Bearer ${key}`)
    expect(await usedAt()).toBe(first)
    deps.clock.passReal(3_600_000)
    await ask(`Bearer ${key}`)
    expect(await usedAt()).toBeGreaterThan(Number(first))
    expect((await listApiKeys()).body.data.find((one) => one.id === id)?.lastUsedAt).toEqual(expect.any(String))
  })

  it('refuses a revoked key', async () => {
    const { id, key } = await made()
    await revokeApiKey({ params: { keyId: id } })
    expect(await ask(`Bearer ${key}`)).toEqual(refused)
  })

  it('refuses what is no key of this deployment', async () => {
    const { key = '' } = await made()
    const unknown = `fg_test_${'x'.repeat(43)}`
    const others = [
      undefined,
      '',
      key,
      `bearer ${key}`,
      `Bearer  ${key}`,
      `Bearer ${key} `,
      `Bearer ${key.slice(0, -1)}`,
      `Bearer ${key.replace('test', 'live')}`,
      `Bearer ${unknown}`,
      `Basic ${key}`,
    ]
    for (const other of others) expect(await ask(other)).toEqual(refused)
  })

  it('a lost note of the use refuses nobody', async () => {
    const { key } = await made()
    const table = { ...deps.table, write: () => Promise.reject(new Error('the table is busy')) }
    const answer = await handleAuthorizer(
      authorizeKey,
      run,
      { ...deps, table },
      {
        headers: { authorization: `Bearer ${key}` },
      },
    )
    expect(answer.isAuthorized).toBe(true)
    expect(deps.logged).toContainEqual(expect.objectContaining({ level: 'warn', message: 'lastUsedAt not noted' }))
  })

  it('a table that does not answer lets nobody in and raises the alarm', async () => {
    const table = { ...deps.table, get: () => Promise.reject(new Error('down')) }
    const asked = handleAuthorizer(
      authorizeKey,
      run,
      { ...deps, table },
      {
        headers: { authorization: `Bearer fg_test_${'y'.repeat(43)}` },
      },
    )
    await expect(asked).rejects.toThrow('down')
    expect(deps.metrics).toContainEqual({ name: 'Defect', value: 1, dimensions: { area: 'accounts' } })
  })

  it('writes the key to no log line', async () => {
    const { key = '' } = await made()
    await ask(`Bearer ${key}`)
    expect(JSON.stringify(deps.logged)).not.toContain(key)
  })
})
