import { afterAll, describe, expect, it } from 'vitest'
import { run as authorizeVisitorRun } from '#functions/purchases/authorizeVisitor'
import { run as createSessionRun } from '#functions/purchases/createSession'
import { authorizeVisitor, createSession } from '#operations/purchases'
import { handleAuthorizer } from '#runtime/authorizer'
import { hashOfKey } from '#table/apiKeys'
import { commit } from '#table/commit'
import { claimSessionWrite } from '#table/sessions'
import { invoke, testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())
const session = async () => (await invoke(createSession, createSessionRun, deps)).body
const entered = (authorization?: string) =>
  handleAuthorizer(authorizeVisitor, authorizeVisitorRun, deps, {
    headers: authorization === undefined ? {} : { authorization },
  })

describe('authorizeVisitor', () => {
  it('lets a session’s token in as its visitor', async () => {
    const visitor = await session()
    expect(await entered(`Bearer ${visitor.token}`)).toEqual({
      isAuthorized: true,
      context: { accountId: visitor.accountId },
    })
  })

  it.each([
    ['no token', undefined],
    ['a token that is none of ours', `Bearer fgs_test_${'A'.repeat(43)}`],
    ['a token of the other mode', `Bearer fgs_live_${'A'.repeat(43)}`],
    ['an API key', `Bearer fg_test_${'A'.repeat(43)}`],
  ])('refuses %s', async (_what, authorization) => {
    expect(await entered(authorization)).toEqual({ isAuthorized: false, context: {} })
  })

  it('refuses a token whose purchases were claimed', async () => {
    const { token } = await session()
    await commit(deps.table, [claimSessionWrite(hashOfKey(token), 'somebody', deps.clock.now())])
    expect((await entered(`Bearer ${token}`)).isAuthorized).toBe(false)
  })

  it('refuses a token at the very instant at which its 30 days of real time are over', async () => {
    const { token, expiresAt } = await session()
    deps.clock.passReal(Date.parse(expiresAt) - deps.clock.real())
    expect((await entered(`Bearer ${token}`)).isAuthorized).toBe(false)
  })
})
