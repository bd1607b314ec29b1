import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/payments/setDefaultPaymentMethod'
import { setDefaultPaymentMethod } from '#operations/paymentHistory'
import { findDefaultMethod, forgetMethod, savedMethods } from '#runtime/savedMethod'
import { accountKey } from '#table/keys'
import { listMethods } from '#table/methods'
import { type Invocation, invoke, strangerId, testDeps } from '#test/support/deps'
import { suspend } from '#test/support/standing'
import { made } from './historySupport.ts'
import { card, save } from './methodSupport.ts'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const choose = (account: string, paymentMethodId: string, call: Invocation = {}) =>
  invoke(setDefaultPaymentMethod, run, deps, { account, params: { paymentMethodId }, ...call })

async function three(account: string) {
  await made(deps, account)
  const ids: string[] = []
  for (const token of ['a', 'b', 'c']) {
    deps.clock.advance(1)
    ids.push((await save(deps, account, card(`${account}-${token}`))).id)
  }
  return ids
}
const defaultOf = async (account: string) => (await findDefaultMethod(deps, account))?.id

describe('setDefaultPaymentMethod', () => {
  it('200 the method, and no other, is the default; twice changes nothing', async () => {
    const [, b = ''] = await three('c-one')
    const answer = await choose('c-one', b)
    expect(answer).toMatchObject({ status: 200, body: { id: b, isDefault: true, kind: 'card' } })
    const rows = await listMethods(deps.table, 'c-one')
    expect(rows.filter(({ isDefault }) => isDefault).map(({ id }) => id)).toEqual([b])
    expect((await choose('c-one', b)).body).toEqual(answer.body)
    expect(await listMethods(deps.table, 'c-one')).toEqual(rows)
  })

  it('race: several chosen at once leave exactly one marked', async () => {
    const ids = await three('c-race')
    await Promise.all(ids.map((id) => choose('c-race', id)))
    const marked = (await listMethods(deps.table, 'c-race')).filter(({ isDefault }) => isDefault)
    expect(marked).toHaveLength(1)
    expect(marked[0]?.id).toBe(await defaultOf('c-race'))
  })

  it('race: saved first at once, chosen and deleted at once: always one default', async () => {
    const account = await made(deps, 'c-saved')
    const saved = await Promise.all(['x', 'y', 'z'].map((token) => save(deps, account, card(token))))
    const [x, y] = saved
    expect((await savedMethods(deps, account)).filter(({ isDefault }) => isDefault)).toHaveLength(1)
    await Promise.all([choose(account, y?.id ?? ''), forgetMethod(deps, account, x?.id ?? '')])
    expect(await defaultOf(account)).toBe(y?.id)
    expect((await savedMethods(deps, account)).filter(({ isDefault }) => isDefault)).toHaveLength(1)
  })

  it('200 for a suspended account; 409 for one that is being erased', async () => {
    const [a = '', b = ''] = await three('c-suspended')
    await suspend(deps, 'c-suspended')
    expect((await choose('c-suspended', b)).status).toBe(200)
    const erasing = { erasingAt: deps.clock.now() }
    const key = accountKey('c-suspended')
    await deps.table.write([{ kind: 'update', key, set: erasing, when: 'unconditional' }])
    expect(await choose('c-suspended', a)).toMatchObject({ status: 409, code: 'conflict' })
    expect(await defaultOf('c-suspended')).toBe(b)
  })

  it('404 for another account’s method, with the same body as for one that nobody has', async () => {
    const [, b = ''] = await three('c-mine')
    await made(deps, 'c-thief')
    const others = await choose('c-thief', b)
    const nobodys = await choose('c-thief', strangerId('pmt'))
    expect(others).toMatchObject({ status: 404, code: 'not_found' })
    const plain = ({ body }: typeof others) => ({ ...body, requestId: '', instance: '' })
    expect(plain(others)).toEqual(plain(nobodys))
    expect(await choose('nobody', b)).toMatchObject({ status: 404 })
    expect(await defaultOf('c-mine')).not.toBe(b)
  })
})
