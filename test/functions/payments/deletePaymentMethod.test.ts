import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/payments/deletePaymentMethod'
import { GatewayError } from '#gateways/gatewayError'
import { deletePaymentMethod } from '#operations/paymentHistory'
import { savedMethods, saveMethod } from '#runtime/savedMethod'
import { methodKey } from '#table/keys'
import { auditRows } from '#test/support/calls'
import { type Invocation, invoke, strangerId, testDeps } from '#test/support/deps'
import { suspend } from '#test/support/standing'
import { made } from './historySupport.ts'
import { card, forgetful, save } from './methodSupport.ts'

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

  it('a payment of the same card under another token does not bring it back either, unless it is later', async () => {
    const account = await made(deps, 'd-card')
    const ofCard = (token: string) => card(token, { instrument: 'fp_one' })
    const { id } = await save(deps, account, ofCard('pm_1'))
    const before = deps.clock.real()
    await forget(account, id)
    expect(await saveMethod(deps, account, 'stripe', ofCard('pm_2'), { paidAt: before })).toBeUndefined()
    expect(await saveMethod(deps, account, 'stripe', card('pm_1'), { paidAt: before })).toBeUndefined()
    expect(await saveMethod(deps, account, 'stripe', ofCard('pm_2'), { paidAt: before + 60_000 })).toMatchObject({ id })
  })

  it('tells the provider of all tokens of the card, once, when our own row is gone', async () => {
    const account = await made(deps, 'd-told')
    const ofCard = (token: string) => card(token, { instrument: 'fp_one', gatewayCustomerId: 'cus_1' })
    await save(deps, account, ofCard('pm_told_1'), 'stripe', { paidAt: 1 })
    const { id } = await save(deps, account, ofCard('pm_told_2'), 'stripe', { paidAt: 2 })
    const rows: unknown[] = []
    const { told, stop } = forgetful(deps, async () => {
      rows.push(await deps.table.get(methodKey(account, id), { consistent: true }))
    })
    expect((await forget(account, id)).status).toBe(204)
    expect((await forget(account, id)).status).toBe(204)
    stop()
    const gatewayCustomerId = 'cus_1'
    expect(told).toEqual([
      { token: 'pm_told_2', gatewayCustomerId },
      { token: 'pm_told_1', gatewayCustomerId },
    ])
    expect(rows).toEqual([undefined, undefined])
  })

  it('204 when the provider cannot be told: it is logged, without the token', async () => {
    const account = await made(deps, 'd-down')
    const { id } = await save(deps, account, card('pm_down'))
    const { stop } = forgetful(deps, () => Promise.reject(new GatewayError('stripe', 'unavailable')))
    expect((await forget(account, id)).status).toBe(204)
    stop()
    expect(await marks(account)).toEqual({})
    const lines = deps.logged.filter(({ fields }) => fields.paymentMethodId === id)
    expect(lines).toMatchObject([{ level: 'warn', message: expect.stringMatching(/was not told/) }])
    expect(JSON.stringify(deps.logged)).not.toContain('pm_down')
  })

  it('does not take a token from another account that has it too', async () => {
    const [one, two] = [await made(deps, 'd-shared-1'), await made(deps, 'd-shared-2')]
    const first = await save(deps, one, card('pm_shared'))
    const second = await save(deps, two, card('pm_shared'))
    const { tokens, stop } = forgetful(deps)
    await forget(one, first.id)
    expect(tokens()).toEqual([])
    await forget(two, second.id)
    stop()
    expect(tokens()).toEqual(['pm_shared'])
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
