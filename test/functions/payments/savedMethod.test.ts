import { afterAll, describe, expect, it } from 'vitest'
import { openToken, ownMethod, savedMethods, saveMethod } from '#runtime/savedMethod'
import { settleOne } from '#runtime/settlePayment'
import { commit } from '#table/commit'
import { listHistory } from '#table/history'
import { methodKey } from '#table/keys'
import { maxMethods } from '#table/methods'
import { putPaymentWrite } from '#table/payments'
import { testDeps } from '#test/support/deps'
import { made } from './historySupport.ts'
import { card, save } from './methodSupport.ts'
import { call, captured, pending } from './refundSupport.ts'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())

describe('a method that a provider hands over', () => {
  it('is kept once, however often and at once it comes, and its token is sealed', async () => {
    const account = await made(deps, 'k-once')
    const token = 'canary-token-of-a-card'
    const saved = await Promise.all([1, 2, 3, 4].map(() => save(deps, account, card(token, { brand: 'visa' }))))
    expect(new Set(saved.map(({ id }) => id)).size).toBe(1)
    const [method] = await savedMethods(deps, account)
    if (!method) throw new Error('nothing was kept')
    expect(await savedMethods(deps, account)).toHaveLength(1)
    expect(await openToken(deps, method)).toEqual({ token })
    const row = JSON.stringify(await deps.table.get(methodKey(account, method.id)))
    expect(row + JSON.stringify(deps.logged)).not.toContain(token)
  })

  it('opens for its own account alone', async () => {
    const { id, sealedToken } = await save(deps, await made(deps, 'k-own'), card('pm_own'))
    await expect(openToken(deps, { accountId: 'k-thief', id, sealedToken })).rejects.toThrow('does not open')
    await expect(ownMethod(deps, 'k-thief', id)).rejects.toMatchObject({ code: 'not_found' })
    expect(await ownMethod(deps, 'k-own', id)).toMatchObject({ id })
  })

  it('again brings what is new of it, and no second row', async () => {
    const account = await made(deps, 'k-again')
    const first = await save(deps, account, card('pm_again', { brand: 'visa', last4: '4242', expYear: 2027 }))
    const same = await save(deps, account, card('pm_again', { brand: 'visa', last4: '4242', expYear: 2027 }))
    expect(same).toEqual(first)
    deps.clock.advance(1000)
    const renewed = await save(deps, account, card('pm_again', { brand: 'visa', last4: '4242', expYear: 2031 }))
    expect(renewed).toMatchObject({ id: first.id, expYear: 2031, createdAt: first.createdAt, ver: 2, isDefault: true })
    expect(await openToken(deps, renewed)).toEqual({ token: 'pm_again' })
  })

  it('of two providers with one token is two', async () => {
    const account = await made(deps, 'k-two')
    const [one, two] = [await save(deps, account, card('T')), await save(deps, account, card('T'), 'paystack')]
    expect(one.id).not.toBe(two.id)
    expect(await savedMethods(deps, account)).toHaveLength(2)
  })

  it.each([
    ['cannot be charged again', 'k-not', card('pm', { reusable: false })],
    ['has no token', 'k-not', { kind: 'card', reusable: true }],
    ['is a visitor’s', 'anon_01', card('pm')],
  ])('is not kept when it %s', async (_name, account, method) => {
    expect(await saveMethod(deps, account, 'stripe', method)).toBeUndefined()
    expect(await savedMethods(deps, account)).toEqual([])
  })

  it('one more than 20 takes the place of the oldest that is not the default', async () => {
    const account = await made(deps, 'k-many')
    const ids: string[] = []
    for (let index = 0; index <= maxMethods; index++) {
      deps.clock.advance(1)
      ids.push((await save(deps, account, card(`pm_${index}`))).id)
    }
    const kept = await savedMethods(deps, account)
    expect(kept.map(({ id }) => id)).toEqual(ids.filter((_, index) => index !== 1).toReversed())
    expect(kept.find(({ isDefault }) => isDefault)?.id).toBe(ids[0])
  })

  it('names the line of the plan that it paid, where the provider tells nothing of it', async () => {
    const payment = await pending(deps, 'plan')
    const method = await save(deps, payment.accountId, card('pm_line', { brand: 'visa', last4: '4242' }))
    const charged = { ...payment, method: { id: method.id }, ver: 2 }
    await commit(deps.table, [putPaymentWrite(charged, 1)])
    await settleOne(deps, { accountId: payment.accountId, paymentId: payment.id }, captured(charged), call)
    const { entries } = await listHistory(deps.table, payment.accountId, { limit: 5 })
    expect(entries).toMatchObject([{ kind: 'new', methodId: method.id, methodLabel: 'visa •••• 4242' }])
  })

  it('bounds what a provider says of it', async () => {
    const account = await made(deps, 'k-long')
    const said = card('pm_long', { brand: 'b'.repeat(500), last4: '4242424242424242', kind: 'k'.repeat(500) })
    expect(await save(deps, account, said)).toMatchObject({
      brand: 'b'.repeat(40),
      last4: '4242',
      kind: 'k'.repeat(40),
    })
  })
})
