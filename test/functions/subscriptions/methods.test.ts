import { afterAll, describe, expect, it } from 'vitest'
import { run as deleteRun } from '#functions/payments/deletePaymentMethod'
import { run as defaultRun } from '#functions/payments/setDefaultPaymentMethod'
import { deletePaymentMethod, setDefaultPaymentMethod } from '#operations/paymentHistory'
import { openToken } from '#runtime/methodSecret'
import { savedMethods } from '#runtime/savedMethod'
import { commit } from '#table/commit'
import { methodKey } from '#table/keys'
import { maxMethods } from '#table/methods'
import { invoke } from '#test/support/deps'
import { deliver, stripeEvent, work } from '#test/support/webhooks'
import { card, save } from '../payments/methodSupport.ts'
import { shopD } from './support.ts'

const shop = await shopD()
afterAll(() => shop.stop())
const { cancel, deps, get, subscriber } = shop
const choose = (account: string, paymentMethodId: string) =>
  invoke(setDefaultPaymentMethod, defaultRun, deps, { account, params: { paymentMethodId } })
const forget = (account: string, paymentMethodId: string) =>
  invoke(deletePaymentMethod, deleteRun, deps, { account, params: { paymentMethodId } })
const renewsWith = async (account: string) => {
  const { paymentMethodId, autoRenew, cancelAtPeriodEnd } = (await get(account)).body
  return { paymentMethodId, autoRenew, cancelAtPeriodEnd }
}
const kept = { autoRenew: true, cancelAtPeriodEnd: false }

describe('what a live subscription renews with', () => {
  it('is the method that is made the default, also where that was the default already', async () => {
    const account = await subscriber('w-choose')
    const { paymentMethodId: first } = await renewsWith(account)
    const second = await save(deps, account, card('second'))
    await choose(account, second.id)
    expect(await renewsWith(account)).toEqual({ paymentMethodId: second.id, ...kept })
    await choose(account, first ?? '')
    expect(await renewsWith(account)).toEqual({ paymentMethodId: first, ...kept })
    await choose(account, first ?? '')
    expect(await renewsWith(account)).toEqual({ paymentMethodId: first, ...kept })
  })

  it('falls to the default that is left when its own is deleted, and to the next default when none is', async () => {
    const account = await subscriber('w-delete')
    const { paymentMethodId: first } = await renewsWith(account)
    const [second, third] = [await save(deps, account, card('2')), await save(deps, account, card('3'))]
    await forget(account, third.id)
    expect(await renewsWith(account)).toEqual({ paymentMethodId: first, ...kept })
    await forget(account, first ?? '')
    expect(await renewsWith(account)).toEqual({ paymentMethodId: second.id, ...kept })
    await forget(account, second.id)
    expect(await renewsWith(account)).toEqual({ paymentMethodId: null, ...kept })
    expect((await get(account)).body).toMatchObject({ status: 'active', canceledAt: null })
    expect((await forget(account, second.id)).status).toBe(204)
  })

  it('falls to the default that is left when the provider detaches its own, and to the next default when none is', async () => {
    const account = await subscriber('w-detached')
    const { paymentMethodId: first } = await renewsWith(account)
    const second = await save(deps, account, card('pm_left'))
    for (const [id, next] of [
      [first ?? '', { paymentMethodId: second.id, ...kept }],
      [second.id, { paymentMethodId: null, ...kept }],
    ] as const) {
      const method = (await savedMethods(deps, account)).find((one) => one.id === id)
      const { token } = method ? await openToken(deps, method) : { token: '' }
      const detached = { id: token, object: 'payment_method', type: 'card' }
      await deliver(deps, 'stripe', stripeEvent(`evt_${id}`, 'payment_method.detached', detached))
      expect(await work(deps)).toEqual([])
      expect(await renewsWith(account)).toEqual(next)
    }
    expect(await savedMethods(deps, account)).toEqual([])
  })

  it('is not crowded out by twenty others, though it is neither the default nor new', async () => {
    const account = await subscriber('w-crowded')
    const { paymentMethodId: own } = await renewsWith(account)
    const other = await save(deps, account, card('pm_other'))
    // As a subscription stands that was bought with a card beside the default.
    await commit(deps.table, [
      { kind: 'update', key: methodKey(account, own ?? ''), set: { isDefault: false }, when: 'unconditional' },
      { kind: 'update', key: methodKey(account, other.id), set: { isDefault: true }, when: 'unconditional' },
    ])
    for (let index = 0; index < maxMethods; index++) {
      deps.clock.advance(1)
      await save(deps, account, card(`pm_crowd_${index}`))
    }
    const left = (await savedMethods(deps, account)).map(({ id }) => id)
    expect(left).toHaveLength(maxMethods)
    expect(left).toContain(own)
    expect(left).toContain(other.id)
  })

  it('is left alone where the subscription is over', async () => {
    const account = await subscriber('w-over')
    const before = (await cancel(account, { when: 'now' })).body
    const second = await save(deps, account, card('another'))
    await choose(account, second.id)
    await forget(account, before.paymentMethodId ?? '')
    expect((await get(account)).body).toEqual(before)
    expect((await savedMethods(deps, account)).map(({ id }) => id)).toEqual([second.id])
  })

  it('race: all methods deleted at once leave a subscription that renews with the next default', async () => {
    const account = await subscriber('w-race')
    const { paymentMethodId: first } = await renewsWith(account)
    const others = [await save(deps, account, card('b')), await save(deps, account, card('c'))]
    await Promise.all([first ?? '', ...others.map(({ id }) => id)].map((id) => forget(account, id)))
    expect(await savedMethods(deps, account)).toEqual([])
    expect(await renewsWith(account)).toEqual({ paymentMethodId: null, ...kept })
  })
})
