import { afterAll, describe, expect, it } from 'vitest'
import { run as createSessionRun } from '#functions/purchases/createSession'
import { createSession } from '#operations/purchases'
import { hashOfKey } from '#table/apiKeys'
import { sessionKey } from '#table/keys'
import { invoke, testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())

describe('createSession', () => {
  it('201 hands out a token that is stored nowhere, and another one each time', async () => {
    const [first, second] = [
      await invoke(createSession, createSessionRun, deps),
      await invoke(createSession, createSessionRun, deps),
    ]
    expect(first.status).toBe(201)
    expect(first.body.accountId).toMatch(/^anon_[0-9A-Z]{26}$/)
    expect(second.body.token).not.toBe(first.body.token)
    const row = await deps.table.get(sessionKey(hashOfKey(first.body.token)))
    expect(row).toMatchObject({ entity: 'session', id: first.body.sessionId })
    expect(JSON.stringify(row)).not.toContain(first.body.token)
    expect(JSON.stringify(deps.logged)).not.toContain(first.body.token)
  })

  it('429 rate_limited beyond a hundred in a quarter of an hour from one address', async () => {
    const call = { address: '203.0.113.99' }
    for (let n = 0; n < 100; n++) await invoke(createSession, createSessionRun, deps, call)
    expect(await invoke(createSession, createSessionRun, deps, call)).toMatchObject({ status: 429 })
  })
})
