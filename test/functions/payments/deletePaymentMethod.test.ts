import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/payments/deletePaymentMethod'
import { deletePaymentMethod } from '#operations/paymentHistory'
import { savedMethods, saveMethod } from '#runtime/savedMethod'
import { methodKey } from '#table/keys'
import { auditRows } from '#test/support/calls'
import { type Invocation, invoke, strangerId, testDeps } from '#test/support/deps'
import { suspend } from '#test/support/standing'
import { made } from './historySupport.ts'
import { card, save } from './methodSupport.ts'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const forget = (account: string, paymentMethodId: string, call: Invocation = {}) =>
  invoke(deletePaymentMethod, run, deps, { account, params: { paymentMethodId }, ...call })

async function three(account: string) {
  await made(deps, account)
  const ids: string[] = []
  for (const token of ['a', 'b', 'c']) {
    deps.clock.advance(1)
    ids.push((await save(deps, account, card(`${account}-${token}`))).id)
  }
  return ids
}
const marks = async (account: string) =>
  Object.fromEntries((await savedMethods(deps, account)).map(({ id, isDefault }) => [id, isDefault]))

describe('deletePaymentMethod', () => {
  it('204 forgets method and token; twice is fine; the change is in the audit log', async () => {
    const [a = '', b = '', c = ''] = await three('d-one')
    const first = await forget('d-one', b, { headers: { 'x-request-id': 'forget-1' } })
    expect(first).toMatchObject({ status: 204, body: '' })
    expect(await deps.table.get(methodKey('d-one', b))).toBeUndefined()
    expect(await marks('d-one')).toEqual({ [a]: true, [c]: false })
    expect((await forget('d-one', b)).status).toBe(204)
    expect(await auditRows(deps, 'forget-1')).toMatchObject([
      { action: 'deletePaymentMethod', entityType: 'paymentMethod', entityId: b },
    ])
  })

  it('204 the newest other one becomes the default', async () => {
    const [a = '', b = '', c = ''] = await three('d-default')
    await forget('d-default', a)
    expect(await marks('d-default')).toEqual({ [b]: false, [c]: true })
    await forget('d-default', c)
    expect(await marks('d-default')).toEqual({ [b]: true })
    await forget('d-default', b)
    expect(await marks('d-default')).toEqual({})
  })

  it('a repeated event of an old payment does not bring it back; a later payment does', async () => {
    const account = await made(deps, 'd-back')
    const method = card('pm_back')
    const { id } = await save(deps, account, method)
    await forget(account, id)
    const deletedAt = deps.clock.real()
    expect(await saveMethod(deps, account, 'stripe', method)).toBeUndefined()
    expect(await saveMethod(deps, account, 'stripe', method, { paidAt: deletedAt - 60_000 })).toBeUndefined()
    expect(await marks(account)).toEqual({})
    expect(await saveMethod(deps, account, 'stripe', method, { paidAt: deletedAt + 60_000 })).toMatchObject({ id })
    expect(await marks(account)).toEqual({ [id]: true })
  })

  it('race: all at once leave nothing, and one default while any is left', async () => {
    const ids = await three('d-race')
    await Promise.all(ids.slice(0, 2).map((id) => forget('d-race', id)))
    expect(await marks('d-race')).toEqual({ [ids[2] ?? '']: true })
    await Promise.all([1, 2, 3].map(() => forget('d-race', ids[2] ?? '')))
    expect(await marks('d-race')).toEqual({})
  })

  it('204 for a suspended account: a card can always be taken back', async () => {
    const [a = ''] = await three('d-suspended')
    await suspend(deps, 'd-suspended')
    expect((await forget('d-suspended', a)).status).toBe(204)
    expect(Object.keys(await marks('d-suspended'))).toHaveLength(2)
  })

  it('204 for another account’s, which stays; the same answer as for one that nobody has', async () => {
    const [a = ''] = await three('d-mine')
    await made(deps, 'd-thief')
    expect(await forget('d-thief', a)).toMatchObject({ status: 204, body: '' })
    expect(await forget('d-thief', strangerId('pmt'))).toMatchObject({ status: 204, body: '' })
    expect(await marks('d-mine')).toMatchObject({ [a]: true })
  })

  it('404 for a customer who names another account; 403 without the scope', async () => {
    const [a = ''] = await three('d-named')
    const headers = { 'faregate-account': 'd-named' }
    expect(await forget('d-thief', a, { as: 'customer', headers })).toMatchObject({ status: 404, code: 'not_found' })
    expect(await forget('d-named', a, { scopes: ['payments:read'] })).toMatchObject({ status: 403 })
    expect(await marks('d-named')).toMatchObject({ [a]: true })
  })
})
