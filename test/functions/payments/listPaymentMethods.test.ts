import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/payments/listPaymentMethods'
import { listPaymentMethods } from '#operations/paymentHistory'
import { type Invocation, invoke, testDeps } from '#test/support/deps'
import { made } from './historySupport.ts'
import { card, save } from './methodSupport.ts'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const list = (account: string, call: Invocation = {}) => invoke(listPaymentMethods, run, deps, { account, ...call })

describe('listPaymentMethods', () => {
  it('200 newest first, exactly one the default, and never a token', async () => {
    const account = await made(deps, 'm-list')
    const first = await save(deps, account, card('pm_1', { brand: 'visa', last4: '4242', expMonth: 4, expYear: 2030 }))
    deps.clock.advance(1)
    const second = await save(deps, account, card('pm_2', { kind: 'upi' }))
    const { body } = await list(account)
    expect(body).toEqual({
      data: [
        {
          id: second.id,
          provider: 'stripe',
          kind: 'upi',
          brand: null,
          last4: null,
          expMonth: null,
          expYear: null,
          isDefault: false,
          createdAt: '2026-03-10T12:00:00.001Z',
        },
        {
          id: first.id,
          provider: 'stripe',
          kind: 'card',
          brand: 'visa',
          last4: '4242',
          expMonth: 4,
          expYear: 2030,
          isDefault: true,
          createdAt: '2026-03-10T12:00:00.000Z',
        },
      ],
      nextCursor: null,
    })
  })

  it('200 empty for a login that never bought, and nothing of another account', async () => {
    expect((await list('m-login', { as: 'customer' })).body).toEqual({ data: [], nextCursor: null })
    expect((await list(await made(deps, 'm-else'))).body.data).toEqual([])
  })

  it('404 for an account that nobody made; 403 without the scope', async () => {
    expect(await list('nobody')).toMatchObject({ status: 404, code: 'not_found' })
    expect(await list('m-list', { scopes: ['accounts:read'] })).toMatchObject({ status: 403, code: 'forbidden' })
  })
})
