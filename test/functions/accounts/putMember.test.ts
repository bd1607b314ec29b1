import { afterAll, describe, expect, it } from 'vitest'
import { callerOf } from '#operations/definition'
import { handleHttp } from '#runtime/http'
import { customerPolicy } from '#runtime/rate'
import { accountRateKey } from '#table/keys'
import { findMember, putMemberWrite } from '#table/members'
import { auditRows, callsOf } from '#test/support/calls'
import { eventOf, testDeps } from '#test/support/deps'
import { httpFunctions } from '#test/support/functions'
import { suspend } from '#test/support/standing'
import { actingFor, membersOf } from './memberSupport.ts'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
const functions = [...(await httpFunctions()).values()].filter(({ operation }) =>
  operation.routes.some((route) => callerOf(route) === 'customer'),
)
afterAll(() => deps.stop())
const { company, list, put, remove } = membersOf(deps)
const { getAccount, updateAccount } = callsOf(deps)

describe('putMember', () => {
  it('200 makes a member, changes the role, and says so in the audit log once each', async () => {
    await company('c-one')
    const made = await put('c-one', 'ann', 'viewer', { headers: { 'x-request-id': 'member-1' } })
    const first = { userId: 'ann', role: 'viewer', createdAt: '2026-03-10T12:00:00.000Z' }
    expect(made).toMatchObject({ status: 200, body: { ...first, updatedAt: first.createdAt } })
    deps.clock.advance(1_000)
    expect((await put('c-one', 'ann', 'owner')).body).toMatchObject({
      role: 'owner',
      createdAt: first.createdAt,
      updatedAt: '2026-03-10T12:00:01.000Z',
    })
    await put('c-one', 'ann', 'owner', { headers: { 'x-request-id': 'member-2' } })
    expect(await auditRows(deps, 'member-1')).toMatchObject([
      { action: 'putMember', entityId: 'c-one', after: { userId: 'ann', role: 'viewer' } },
    ])
    expect(await auditRows(deps, 'member-2')).toEqual([])
  })

  it.each([
    ['viewer', 200, 403, 403],
    ['billing', 200, 200, 403],
    ['owner', 200, 200, 200],
  ])('a member with the role %s reads %i, changes %i, manages members %i', async (role, reads, changes, manages) => {
    const account = await company(`c-role-${role}`, { bob: role })
    const acting = { account: 'bob', ...actingFor(account) }
    const read = await getAccount(acting)
    expect(read).toMatchObject({ status: reads, body: { id: account } })
    const changed = await updateAccount({ ...acting, body: { name: `by ${role}` } })
    expect(changed.status).toBe(changes)
    expect((await getAccount({ account })).body.name).toBe(changes === 200 ? `by ${role}` : 'A Company')
    expect((await put('bob', 'eve', 'viewer', actingFor(account))).status).toBe(manages)
    expect((await remove('bob', 'eve', actingFor(account))).status).toBe(manages === 200 ? 204 : 403)
    expect((await list('bob', actingFor(account))).body.data).toMatchObject([{ userId: 'bob' }])
    // What was done for the company touched nothing of the login's own.
    expect((await getAccount({ as: 'customer', account: 'bob' })).body).toMatchObject({ id: 'bob', createdAt: null })
  })

  it('403 forbidden names the role that it takes, on every other operation of a viewer too', async () => {
    const account = await company('c-viewer', { viv: 'viewer' })
    const changing = functions.filter(({ operation }) => !customerRoute(operation.routes).startsWith('GET '))
    for (const { operation, run } of changing) {
      const event = eventOf(operation, { account: 'viv', ...actingFor(account), ...paramsOf(operation.routes) })
      const answer = await handleHttp(operation, run, deps, event)
      expect([operation.id, answer.statusCode]).toEqual([operation.id, 403])
    }
    expect(changing.length).toBeGreaterThan(10)
  })

  it('404 for a stranger’s header, on every operation of customers, with the body of an account that nobody made', async () => {
    await company('c-strange')
    for (const { operation, run } of functions) {
      const bodies = await Promise.all(
        ['c-strange', 'nobody', 'not an id'].map(async (named) => {
          const call = { account: `s-${operation.id}`, ...actingFor(named), ...paramsOf(operation.routes) }
          const answer = await handleHttp(operation, run, deps, eventOf(operation, call))
          const { requestId: _own, ...body } = JSON.parse(answer.body)
          expect([operation.id, named, answer.statusCode]).toEqual([operation.id, named, 404])
          return body
        }),
      )
      expect(bodies[1]).toEqual(bodies[0])
      expect(bodies[2]).toEqual(bodies[0])
    }
    expect(functions.length).toBeGreaterThan(25)
  })

  it('a member’s requests count for the login, not for the account', async () => {
    const account = await company('c-rate', { 'r-login': 'viewer' })
    const quota = (id: string) => deps.table.get(accountRateKey(id, customerPolicy.name), { consistent: true })
    expect((await getAccount({ account: 'r-login', ...actingFor(account) })).status).toBe(200)
    expect(await quota('r-login')).toMatchObject({ entity: 'rate' })
    expect(await quota(account)).toBeUndefined()
  })

  it('200 by a login for its own account, which that makes; its own header is no other account', async () => {
    expect(await put('u-own', 'ann', 'billing', { as: 'customer' })).toMatchObject({ status: 200 })
    expect(await list('u-own', actingFor('u-own'))).toMatchObject({ status: 200, body: { data: [{ userId: 'ann' }] } })
    expect((await getAccount({ account: 'u-own' })).status).toBe(200)
  })

  it('409 conflict for the account’s own login and for the 101st member', async () => {
    await company('c-full')
    expect(await put('c-full', 'c-full', 'viewer')).toMatchObject({ status: 409, code: 'conflict' })
    const at = { createdAt: 1, updatedAt: 1, ver: 1 }
    for (let count = 0; count < 100; count++)
      await deps.table.write([putMemberWrite({ accountId: 'c-full', userId: `m-${count}`, role: 'viewer', ...at }, 0)])
    expect(await put('c-full', 'm-100', 'viewer')).toMatchObject({ status: 409, code: 'conflict' })
    expect((await put('c-full', 'm-99', 'owner')).status).toBe(200)
    expect(await findMember(deps.table, 'c-full', 'm-100')).toBeUndefined()
  })

  it('race: two roles at once leave one of them', async () => {
    await company('c-race')
    const answers = await Promise.all(['viewer', 'owner'].map((role) => put('c-race', 'ann', role)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect((await findMember(deps.table, 'c-race', 'ann'))?.ver).toBe(2)
  })

  it('403 account_suspended; 403 without the scope; 404 for an account that nobody made; 400 for another role', async () => {
    await company('c-suspended')
    await suspend(deps, 'c-suspended')
    expect(await put('c-suspended', 'ann', 'viewer')).toMatchObject({ status: 403, code: 'account_suspended' })
    expect(await put('c-one', 'bob', 'viewer', { scopes: ['accounts:read'] })).toMatchObject({ code: 'forbidden' })
    expect(await put('nobody', 'ann', 'viewer')).toMatchObject({ status: 404, code: 'not_found' })
    expect(await put('c-one', 'bob', 'admin')).toMatchObject({ status: 400, code: 'validation_failed' })
  })
})

const customerRoute = (routes: readonly string[]): string => routes.find((route) => route.includes(' /v1/me')) ?? ''

/** Well-formed ids for whatever the path takes. */
const paramsOf = (routes: readonly string[]): { params: Record<string, string> } => ({
  params: Object.fromEntries(
    [...customerRoute(routes).matchAll(/\{(\w+)\}/g)].map(([, name = '']) => [name, 'anything']),
  ),
})
