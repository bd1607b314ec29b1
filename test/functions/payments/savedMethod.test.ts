import { afterAll, describe, expect, it } from 'vitest'
import { openSecret, openToken } from '#runtime/methodSecret'
import { ownMethod, savedMethods, saveMethod } from '#runtime/savedMethod'
import { settleOne } from '#runtime/settlePayment'
import { commit } from '#table/commit'
import { listHistory } from '#table/history'
import { methodKey } from '#table/keys'
import { maxMethods, methodsOfToken, putMethodWrite } from '#table/methods'
import { putPaymentWrite } from '#table/payments'
import { testDeps } from '#test/support/deps'
import { made } from './historySupport.ts'
import { card, forgetful, save } from './methodSupport.ts'
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

  const at = (paidAt: number) => ({ paidAt })
  const ofCard = (token: string, over = {}) => card(token, { brand: 'visa', instrument: 'fp_one', ...over })

  it('of the same card under another token is one method, charged by the token of the later payment', async () => {
    const account = await made(deps, 'k-card')
    const first = await save(deps, account, ofCard('pm_1', { gatewayCustomerId: 'cus_1' }), 'stripe', at(1000))
    await save(deps, account, card('pm_other', { instrument: 'fp_two' }), 'stripe', at(1500))
    deps.clock.advance(1000)
    const second = await save(deps, account, ofCard('pm_2', { expYear: 2031 }), 'stripe', at(2000))
    const { id, createdAt } = first
    expect(second).toMatchObject({ id, createdAt, isDefault: true, expYear: 2031, ver: 2 })
    expect(second).not.toHaveProperty('gatewayCustomerId')
    expect(await openToken(deps, second)).toEqual({ token: 'pm_2' })
    expect(await savedMethods(deps, account)).toHaveLength(2)
    expect(await save(deps, account, ofCard('pm_2', { expYear: 2031 }), 'stripe', at(3000))).toEqual(second)
    expect((await methodsOfToken(deps.table, 'stripe', 'pm_2')).map((one) => one.id)).toEqual([id])
    expect(await methodsOfToken(deps.table, 'stripe', 'pm_1')).toEqual([])
  })

  it.each([
    ['is heard late', at(500)],
    ['is of the same moment', at(1000)],
    ['has no time', {}],
  ])('does not take the place of the one that is charged when its payment %s', async (name, paid) => {
    const account = await made(deps, `k-late-${name.length}`)
    const first = await save(deps, account, ofCard('pm_1', { expYear: 2031 }), 'stripe', at(1000))
    const late = await save(deps, account, ofCard('pm_0', { expYear: 2027 }), 'stripe', paid)
    expect(late).toMatchObject({ id: first.id, expYear: 2031, fingerprint: first.fingerprint, tokenAt: 1000 })
    expect(await openToken(deps, late)).toEqual({ token: 'pm_1' })
    expect(await save(deps, account, ofCard('pm_0'), 'stripe', paid)).toEqual(late)
    expect((await openSecret(deps, late))?.tokens).toEqual(['pm_1', 'pm_0'])
  })

  it('race: a card that pays several times at once is one method, and every token of it is known', async () => {
    const account = await made(deps, 'k-at-once')
    const times = [1, 2, 3, 4]
    await Promise.all(times.map((time) => save(deps, account, ofCard(`pm_${time}`), 'stripe', at(time))))
    const methods = await savedMethods(deps, account)
    expect(methods).toHaveLength(1)
    const [method] = methods
    if (!method) throw new Error('nothing was kept')
    expect(await openToken(deps, method)).toEqual({ token: 'pm_4' })
    expect((await openSecret(deps, method))?.tokens.toSorted()).toEqual(['pm_1', 'pm_2', 'pm_3', 'pm_4'])
  })

  it('learns which card it is, under the id that it has', async () => {
    const account = await made(deps, 'k-learns')
    const { id } = await save(deps, account, card('pm_1'), 'stripe', at(1000))
    expect(await save(deps, account, ofCard('pm_1'), 'stripe', at(1000))).toMatchObject({ id, tokenAt: 1000 })
    expect(await save(deps, account, card('pm_1'), 'stripe', at(1000))).toMatchObject({ id, ver: 2 })
    expect(await save(deps, account, card('pm_1', { expYear: 2031 }), 'stripe', at(1000))).toMatchObject({ id, ver: 3 })
    expect(await save(deps, account, ofCard('pm_2'), 'stripe', at(2000))).toMatchObject({ id })
  })

  it('takes the place of a token that does not open any more', async () => {
    const account = await made(deps, 'k-lost-key')
    const first = await save(deps, account, ofCard('pm_1'), 'stripe', at(1000))
    await commit(deps.table, [putMethodWrite({ ...first, sealedToken: 'sealed under another key', ver: 2 }, 1)])
    const next = await save(deps, account, ofCard('pm_0'), 'stripe', at(500))
    expect(next.id).toBe(first.id)
    expect(await openToken(deps, next)).toEqual({ token: 'pm_0' })
  })

  it('shows its mark of the card to nobody', async () => {
    const { id } = await save(deps, await made(deps, 'k-mark'), ofCard('pm_mark', { instrument: 'mark-of-a-card' }))
    const row = JSON.stringify(await deps.table.get(methodKey('k-mark', id)))
    expect(row + JSON.stringify(deps.logged)).not.toContain('mark-of-a-card')
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
    const { tokens, stop } = forgetful(deps)
    for (let index = 0; index <= maxMethods; index++) {
      deps.clock.advance(1)
      ids.push((await save(deps, account, card(`pm_many_${index}`))).id)
    }
    stop()
    expect(tokens()).toEqual(['pm_many_1'])
    expect(await saveMethod(deps, account, 'stripe', card('pm_many_1'), at(0))).toBeUndefined()
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
