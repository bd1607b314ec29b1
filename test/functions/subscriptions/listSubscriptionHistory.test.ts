import { afterAll, describe, expect, it } from 'vitest'
import { endGrantedPlan } from '#runtime/endGrantedPlan'
import { forgetMethod } from '#runtime/savedMethod'
import { findAccountCredit } from '#table/accountCredit'
import { listMethods } from '#table/methods'
import { listPayments } from '#table/payments'
import { auditRows } from '#test/support/calls'
import { refundCall } from '../payments/refundSupport.ts'
import { shopD } from './support.ts'

const shop = await shopD()
afterAll(() => shop.stop())
const fail = (): never => {
  throw new Error('there is none')
}
const { deps, all, cancel, change, get, history, reactivate, settle, subscriber } = shop

describe('listSubscriptionHistory', () => {
  it('200 newest first, with what was paid and how; the entry that holds is the only active one', async () => {
    const account = await subscriber('h-one')
    deps.clock.advance(1_000)
    const { body } = await change(account, { priceId: 'premium-month' })
    await settle(account, body.payment)
    const { data, nextCursor } = (await history(account)).body
    expect(nextCursor).toBeNull()
    expect(data).toMatchObject([
      {
        kind: 'upgrade',
        planId: 'premium',
        previousPlanId: 'pro',
        active: true,
        endedAt: '2026-07-01T00:00:00.000Z',
        amount: body.payment?.amount,
        provider: 'stripe',
        methodLabel: 'visa •••• 4242',
      },
      {
        kind: 'new',
        planId: 'pro',
        previousPlanId: 'free',
        active: false,
        amount: 14_900,
        currency: 'INR',
        methodLabel: 'visa •••• 4242',
        startedAt: '2026-06-01T00:00:00.000Z',
        // It was replaced a second later.
        endedAt: '2026-06-01T00:00:01.000Z',
      },
    ])
    expect(data[0]?.paymentId).toBe(body.payment?.id)
    expect(data[0]?.providerPaymentId).not.toBeNull()
  })

  it('200 page by page: the one that holds is marked once, on whichever page it is', async () => {
    const account = await subscriber('h-pages')
    deps.clock.advance(1_000)
    await cancel(account, { when: 'now' })
    expect((await history(account)).body.data.map(({ kind, active }) => [kind, active])).toEqual([
      ['cancel', true],
      ['new', false],
    ])
    deps.clock.advance(1_000)
    await reactivate(account)
    const all = (await history(account)).body.data
    expect(all.map(({ kind, active, amount, endedAt }) => [kind, active, amount, endedAt?.slice(11, 19)])).toEqual([
      // Taken up again until the end of what is paid: nothing was paid for it.
      ['renewal', true, 0, '00:00:01'],
      ['cancel', false, 0, '00:00:03'],
      ['new', false, 14_900, '00:00:02'],
    ])
    const pages = []
    let cursor: string | undefined
    do {
      const query = { limit: '1', ...(cursor !== undefined && { cursor }) }
      const { data, nextCursor } = (await history(account, undefined, { query })).body
      pages.push(...data)
      cursor = nextCursor ?? undefined
      if (cursor !== undefined)
        expect(await history('h-one', undefined, { query: { cursor } })).toMatchObject({ status: 400 })
    } while (cursor !== undefined)
    expect(pages).toEqual(all)
  })

  it('200 a plan that was refunded ended there, and what holds from then on is told', async () => {
    const account = await subscriber('h-refund')
    const { payments } = await listPayments(deps.table, account, { limit: 1 })
    deps.clock.advance(1_000)
    await refundCall(deps, payments[0] ?? fail(), { body: { plan: 'now' } })
    const { data } = (await history(account)).body
    expect(data.map(({ kind, planId, active }) => [kind, planId, active])).toEqual([
      ['cancel', 'free', true],
      ['new', 'pro', false],
    ])
    expect(data[1]?.endedAt).toBe(data[0]?.startedAt)
  })

  it('200 names the card that paid after it was forgotten, and one that was never saved', async () => {
    const account = await subscriber('h-forgotten')
    const [method] = await listMethods(deps.table, account)
    await forgetMethod(deps, account, method?.id ?? '')
    expect((await history(account)).body.data).toMatchObject([{ methodLabel: 'visa •••• 4242' }])
    await shop.buying.buy('h-unsaved', { priceId: 'pro-month', saveMethod: false }, { saveMethod: false })
    expect(await listMethods(deps.table, 'h-unsaved')).toEqual([])
    expect((await history('h-unsaved')).body.data).toMatchObject([{ methodLabel: 'visa •••• 4242' }])
  })

  it('200 a plan that staff gave over one that was bought: that ended, and does not come back', async () => {
    const account = await subscriber('h-grant')
    const bought = (await get(account)).body
    deps.clock.advance(1_000)
    const gift = { priceId: 'premium-month', reason: 'a gift' }
    expect(await all.grantPlan({ account, body: gift })).toMatchObject({ status: 409, code: 'conflict' })
    expect((await get(account)).body).toMatchObject({ id: bought.id, status: 'active' })
    const headers = { 'x-request-id': 'h-grant' }
    expect((await all.grantPlan({ account, body: { ...gift, replace: true }, headers })).status).toBe(200)
    const credit = await findAccountCredit(deps.table, account, 'INR')
    expect(credit?.balanceMinor).toBeGreaterThan(14_000)
    expect(await auditRows(deps, 'h-grant')).toMatchObject([
      {
        after: {
          replaced: { subscriptionId: bought.id, planId: 'pro', credit: credit?.balanceMinor, currency: 'INR' },
        },
      },
    ])
    expect(
      (await history(account)).body.data.map(({ kind, planId, active, amount }) => [kind, planId, active, amount]),
    ).toEqual([
      ['grant', 'premium', true, 0],
      ['new', 'pro', false, 14_900],
    ])
    expect((await get(account)).body).toMatchObject({ complimentary: true, planId: 'premium' })
    expect((await cancel(account, { when: 'now' })).code).toBe('conflict')
    expect((await shop.list('', undefined, { as: 'staff', query: { status: 'canceled' } })).body.data).toContainEqual(
      expect.objectContaining({ id: bought.id, accountId: account, autoRenew: false }),
    )
  })

  it('200 a plan that staff gave after one had run out, before any job: that one expired when it did', async () => {
    const account = await subscriber('h-late-grant')
    const { id } = (await get(account)).body
    const back = deps.clock.now()
    deps.clock.set('2026-08-01T00:00:00.000Z')
    await all.grantPlan({ account, body: { priceId: 'pro-month', reason: 'a gift', until: '2026-08-02T00:00:00Z' } })
    const listed = (await shop.list('', undefined, { as: 'staff', query: { status: 'expired' } })).body.data
    expect(listed.find((row) => row.id === id)).toMatchObject({ status: 'expired', autoRenew: false })
    expect(Date.parse(listed.find((row) => row.id === id)?.endedAt ?? '')).toBeLessThan(Date.parse('2026-07-05'))
    deps.clock.set('2026-08-02T00:00:00.000Z')
    await endGrantedPlan(deps, account, { id: (await get(account)).body.id ?? '' })
    expect((await history(account)).body.data.map(({ kind, planId, active }) => [kind, planId, active])).toEqual([
      ['expire', 'free', true],
      ['grant', 'pro', false],
      ['new', 'pro', false],
    ])
    deps.clock.set(back)
  })

  it('200 empty for a login that never bought; 404 for an account that a server never made', async () => {
    expect((await history('h-login', undefined, { as: 'customer' })).body).toEqual({ data: [], nextCursor: null })
    expect(await history('h-nobody')).toMatchObject({ status: 404, code: 'not_found' })
  })
})
