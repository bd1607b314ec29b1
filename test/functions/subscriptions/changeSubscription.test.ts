import { afterAll, describe, expect, it } from 'vitest'
import { run as createDiscountRun } from '#functions/payments/createDiscount'
import { createDiscount } from '#operations/adminPayments'
import { findAccountCredit } from '#table/accountCredit'
import { couponCount } from '#table/discounts'
import { auditRows } from '#test/support/calls'
import { invoke } from '#test/support/deps'
import { suspend } from '#test/support/standing'
import { shopD } from './support.ts'

const shop = await shopD()
afterAll(() => shop.stop())
const { bench, buying, deps, change, get, preview, settle, subscriber, unschedule } = shop
const start = deps.clock.now()
const half = Date.parse('2026-06-16T00:00:00.000Z')
const midway = async (account: string, priceId = 'pro-month') => {
  deps.clock.set(start)
  await subscriber(account, priceId)
  deps.clock.set(half)
  return account
}
const methodOf = async (account: string) => (await get(account)).body.paymentMethodId ?? ''
const credit = async (account: string) => (await findAccountCredit(deps.table, account, 'INR'))?.balanceMinor ?? 0

describe('changeSubscription', () => {
  it('200 payment_required: the plan changes when the difference is paid; the same key is the same payment', async () => {
    const account = await midway('c-pay')
    const call = { key: 'c-pay' }
    const first = await change(account, { priceId: 'premium-month' }, call)
    expect(first.body).toMatchObject({
      status: 'payment_required',
      payment: { type: 'plan_change', amount: 5000, status: 'pending' },
      subscription: { planId: 'pro' },
    })
    expect(first.body.checkout).not.toBeNull()
    expect(await change(account, { priceId: 'premium-month' }, call)).toMatchObject({
      replayed: true,
      body: first.body,
    })
    expect((await change(account, { priceId: 'pro-year' }, call)).code).toBe('idempotency_key_reused')
    await settle(account, first.body.payment)
    const after = await change(account, { priceId: 'premium-month' }, call)
    expect(after.body).toMatchObject({ status: 'changed', checkout: null, subscription: { planId: 'premium' } })
  })

  it('200 changed at once with the saved card; staff may do so, and it is in the audit log', async () => {
    const account = await midway('c-card')
    const body = { priceId: 'premium-month', paymentMethodId: await methodOf(account) }
    const headers = { 'x-request-id': 'c-card-staff' }
    const answer = await change(account, body, { as: 'staff', headers })
    expect(answer.body).toMatchObject({
      status: 'changed',
      checkout: null,
      payment: { status: 'completed', amount: 5000 },
      subscription: { planId: 'premium', currentPeriodEnd: '2026-07-01T00:00:00.000Z' },
    })
    expect(await auditRows(deps, 'c-card-staff')).toMatchObject([
      {
        action: 'changeSubscription',
        entityId: account,
        actor: { role: 'ADMIN' },
        after: { priceId: 'premium-month' },
      },
    ])
  })

  it('200 scheduled for a downgrade, once; the same key after it was dropped does not bring it back', async () => {
    const account = await midway('c-down', 'premium-year')
    const call = { key: 'c-down' }
    const first = await change(account, { priceId: 'pro-month' }, call)
    expect(first.body).toMatchObject({
      status: 'scheduled',
      checkout: null,
      payment: null,
      subscription: {
        planId: 'premium',
        scheduledChange: { planId: 'pro', priceId: 'pro-month', effectiveAt: '2027-06-01T00:00:00.000Z' },
      },
    })
    await unschedule(account)
    expect(await change(account, { priceId: 'pro-month' }, call)).toMatchObject({ replayed: true, body: first.body })
    expect((await get(account)).body.scheduledChange).toBeNull()
  })

  it('200 scheduled as a preview promised', async () => {
    const account = await midway('c-down-token', 'premium-year')
    const { token } = (await preview(account, { priceId: 'pro-year' })).body
    expect((await change(account, { priceId: 'pro-year', token })).body).toMatchObject({
      status: 'scheduled',
      subscription: { scheduledChange: { priceId: 'pro-year' } },
    })
  })

  it('200 changed with nothing to pay: what is over is kept as account credit, and pays the next change', async () => {
    const account = await midway('c-surplus')
    const body = { priceId: 'premium-month', couponCode: 'HALF' }
    const answer = await change(account, body)
    expect(answer.body).toMatchObject({
      status: 'changed',
      payment: { amount: 0, status: 'completed', provider: null },
    })
    expect(await credit(account)).toBe(1225)
    expect(await couponCount(deps.table, 'HALF')).toBe(1)
    const next = await preview(account, { priceId: 'premium-year' })
    expect(next.body.lines.at(-1)).toEqual({ kind: 'account_credit', description: 'Account credit', amount: -1225 })
    const asked = await change(account, { priceId: 'premium-year' })
    expect(asked.body.payment?.amount).toBe(next.body.total)
    expect(await credit(account)).toBe(0)
    await settle(account, asked.body.payment)
    expect((await get(account)).body.priceId).toBe('premium-year')
  })

  it('A → B → A at one instant nets to zero: going back takes nothing, and all that B cost is its credit', async () => {
    const account = await midway('c-aba')
    const up = (await change(account, { priceId: 'premium-month', paymentMethodId: await methodOf(account) })).body
    expect(up).toMatchObject({ status: 'changed', payment: { amount: 5000 } })
    // Back is a downgrade: nothing is paid or given back, and nothing is lost by undoing it at once.
    expect((await change(account, { priceId: 'pro-month' })).body.status).toBe('scheduled')
    expect((await get(account)).body.scheduledChange?.priceId).toBe('pro-month')
    await unschedule(account)
    const year = (await change(account, { priceId: 'premium-year' })).body
    await settle(account, year.payment)
    // 12,450 was paid for the rest of the period, and all of it is credited.
    expect(year.payment?.amount).toBe(249_000 - 12_450)
    const same = (await preview(account, { priceId: 'lifetime' })).body
    expect(same.lines).toContainEqual(expect.objectContaining({ kind: 'credit', amount: -249_000 }))
    expect(same.lines).toContainEqual(expect.objectContaining({ kind: 'account_credit', amount: 249_000 - 49_900 }))
  })

  it('race: 20 changes at once with nothing to pay, each under its own key: one happens', async () => {
    const account = await midway('c-race')
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => change(account, { priceId: 'premium-month', couponCode: 'HALF' })),
    )
    expect(answers.filter(({ status }) => status === 200).map(({ body }) => body.status)).toEqual(['changed'])
    const lost = answers.filter(({ status }) => status !== 200).map(({ code }) => code)
    expect(lost).toHaveLength(19)
    expect(lost.every((code) => code === 'conflict' || code === 'contended')).toBe(true)
    expect(await credit(account)).toBe(1225)
  })

  it('race: two changes paid at once: one plan, and the other’s money is kept for staff to look at', async () => {
    const account = await midway('c-two')
    const [a, b] = await Promise.all([
      change(account, { priceId: 'premium-month' }),
      change(account, { priceId: 'premium-year' }),
    ])
    const paid = await Promise.all([settle(account, a.body.payment), settle(account, b.body.payment)])
    expect(paid.map(({ status }) => status).sort()).toEqual(['completed', 'review'])
    const lost = paid.find(({ status }) => status === 'review')
    expect(lost?.flags).toEqual(['overtaken'])
    expect(await credit(account)).toBe(lost?.amount)
    expect((await get(account)).body.planId).toBe('premium')
  })

  it('a discount that staff gave comes off once: of two changes at once one has it, and a preview of it no longer holds', async () => {
    const account = await midway('c-manual')
    const body = { percentOff: 20, planId: 'premium', expiresAt: '2027-01-01T00:00:00Z', reason: 'Sorry' }
    await invoke(createDiscount, createDiscountRun, deps, { account, body })
    const { token, total } = (await preview(account, { priceId: 'premium-month' })).body
    expect(total).toBe(12_450 - 2490 - 7450)
    const answers = await Promise.all([1, 2].map(() => change(account, { priceId: 'premium-month' })))
    expect(answers.map((answer) => answer.body.payment?.amount).sort()).toEqual([total, 5000])
    expect((await change(account, { priceId: 'premium-month', token })).code).toBe('quote_expired')
  })

  it('the preview is the charge, to the last unit: with tax on top or in the price, coupon and surplus, at any instant', async () => {
    const settings = await deps.settings()
    const rules = [
      { name: 'GST', rate: '18', inclusive: false },
      { name: 'VAT', rate: '7.5', inclusive: true },
    ]
    const instants = ['2026-06-01T00:00:00.001Z', '2026-06-11T07:13:17.451Z', '2026-06-30T23:59:59.999Z']
    for (const [index, rule] of rules.entries()) {
      deps.settings = async () => ({ ...settings, tax: { default: rule } })
      for (const [position, instant] of instants.entries()) {
        const account = await midway(`c-tax-${index}-${position}`)
        deps.clock.set(instant)
        const body = {
          priceId: position === 1 ? 'premium-year' : 'premium-month',
          ...(position === 1 && { couponCode: 'HALF' }),
        }
        const shown = (await preview(account, body)).body
        expect(shown.lines.reduce((sum, { amount }) => sum + amount, 0)).toBe(shown.total)
        const { payment } = (await change(account, { ...body, token: shown.token })).body
        expect(payment?.amount).toBe(shown.total)
        expect((await buying.stored(account, payment?.id ?? '')).order.dueMinor).toBe(shown.total)
      }
    }
    deps.settings = async () => settings
  })

  it('400 coupon_invalid once it was redeemed as often as it may be', async () => {
    const bodies = []
    for (const name of ['c-cap-1', 'c-cap-2', 'c-cap-3'])
      bodies.push(await change(await midway(name), { priceId: 'premium-month', couponCode: 'ONCE' }))
    expect(bodies.map(({ code }) => code)).toEqual([undefined, undefined, 'coupon_invalid'])
  })

  it('200 with a token alone: its coupon is held, counted and capped as if it had been sent', async () => {
    const quoted = async (name: string) => {
      const account = await midway(name)
      const { token, total } = (await preview(account, { priceId: 'premium-month', couponCode: 'twice' })).body
      return { account, token, total }
    }
    const [sent, unsent, late] = [await quoted('c-code-1'), await quoted('c-code-2'), await quoted('c-code-3')]
    const body = { priceId: 'premium-month' }
    const first = await change(sent.account, { ...body, token: sent.token, couponCode: 'TWICE' })
    const second = await change(unsent.account, { ...body, token: unsent.token })
    for (const [{ account, total }, { payment }] of [
      [sent, first.body],
      [unsent, second.body],
    ] as const) {
      const stored = await buying.stored(account, payment?.id ?? '')
      expect(stored).toMatchObject({ amountMinor: total, holds: { coupon: { code: 'TWICE' } } })
    }
    expect(await couponCount(deps.table, 'TWICE')).toBe(2)
    expect((await change(late.account, { ...body, token: late.token })).code).toBe('coupon_invalid')
    expect(await couponCount(deps.table, 'TWICE')).toBe(2)
  })

  it('400 for a token with another price or coupon than it holds: which, is said', async () => {
    const account = await midway('c-other')
    const plain = (await preview(account, { priceId: 'premium-month' })).body.token
    const half = (await preview(account, { priceId: 'premium-month', couponCode: 'HALF' })).body.token
    const of = (what: string) => ({
      status: 400,
      code: 'validation_failed',
      body: { detail: `token: is of another ${what}` },
    })
    const body = { priceId: 'premium-month' }
    expect(await change(account, { priceId: 'premium-year', token: half })).toMatchObject(of('price'))
    expect(await change(account, { ...body, couponCode: 'TWICE', token: half })).toMatchObject(of('coupon'))
    expect(await change(account, { ...body, couponCode: 'HALF', token: plain })).toMatchObject(of('coupon'))
  })

  it('200 of a period that was paid ahead and that no job has begun: what is left of that one', async () => {
    const account = await midway('c-ahead')
    const { payment } = (await shop.renew(account, {})).body
    await settle(account, payment)
    deps.clock.set('2026-07-16T12:00:00.000Z')
    const { body } = await preview(account, { priceId: 'premium-month' })
    expect(body.lines.map(({ kind, amount }) => [kind, amount])).toEqual([
      ['credit', -7450],
      ['charge', 12_450],
    ])
    const answer = await change(account, { priceId: 'premium-month', token: body.token })
    await settle(account, answer.body.payment)
    expect((await get(account)).body).toMatchObject({
      status: 'active',
      planId: 'premium',
      activePlanId: 'premium',
      currentPeriodStart: '2026-07-01T00:00:00.000Z',
      currentPeriodEnd: '2026-08-01T00:00:00.000Z',
    })
  })

  it('409 conflict for a change that is paid when its period is over, and the next one has begun', async () => {
    const account = await midway('c-begun')
    await settle(account, (await shop.renew(account, {})).body.payment)
    deps.clock.set('2026-06-30T23:00:00.000Z')
    const { payment } = (await change(account, { priceId: 'premium-year' }, { key: 'c-begun' })).body
    deps.clock.set('2026-07-01T00:00:00.000Z')
    const paid = await settle(account, payment)
    expect(paid).toMatchObject({ status: 'review', flags: ['overtaken'] })
    expect((await get(account)).body).toMatchObject({ status: 'active', planId: 'pro', activePlanId: 'pro' })
    expect((await change(account, { priceId: 'premium-year' }, { key: 'c-begun' })).code).toBe('conflict')
  })

  it('400 for a token of another account or another price; 409 quote_expired when its time is over', async () => {
    const [one, other] = [await midway('c-token'), await midway('c-token-2')]
    const { token } = (await preview(one, { priceId: 'premium-month' })).body
    expect((await change(other, { priceId: 'premium-month', token })).code).toBe('validation_failed')
    expect((await change(one, { priceId: 'premium-year', token })).code).toBe('validation_failed')
    deps.clock.advance(15 * 60_000)
    expect((await change(one, { priceId: 'premium-month', token })).code).toBe('quote_expired')
  })

  it('409 quote_expired when the subscription has moved on since the preview', async () => {
    const account = await midway('c-moved')
    const { token } = (await preview(account, { priceId: 'premium-year' })).body
    await settle(account, (await change(account, { priceId: 'premium-month' })).body.payment)
    expect((await change(account, { priceId: 'premium-year', token })).code).toBe('quote_expired')
  })

  it('409 while it is overdue, and for the same price', async () => {
    const account = await midway('c-late')
    expect((await change(account, { priceId: 'pro-month' })).code).toBe('conflict')
    deps.clock.set('2026-07-01T00:00:00.000Z')
    expect((await change(account, { priceId: 'premium-month' })).code).toBe('conflict')
  })

  it('404 for another account’s method, an unknown price and an unknown account; nothing was begun', async () => {
    const [one, other] = [await midway('c-mine'), await midway('c-theirs')]
    const paymentMethodId = await methodOf(other)
    expect((await change(one, { priceId: 'premium-month', paymentMethodId })).code).toBe('not_found')
    expect((await change(one, { priceId: 'nothing' })).code).toBe('not_found')
    expect((await change('c-nobody', { priceId: 'premium-month' })).code).toBe('not_found')
    expect((await get(one)).body.planId).toBe('pro')
  })

  it('403 account_suspended', async () => {
    const account = await midway('c-suspended')
    await suspend(deps, account)
    expect(await change(account, { priceId: 'premium-month' })).toMatchObject({
      status: 403,
      code: 'account_suspended',
    })
  })

  it('503 provider_unavailable: the same key goes on with what was begun', async () => {
    const account = await midway('c-down-provider')
    bench.fakes.stripe.behave({ requests: [{ route: '*', fault: 'server_error', times: 20 }] })
    const call = { key: 'c-503' }
    expect(await change(account, { priceId: 'premium-month' }, call)).toMatchObject({ code: 'provider_unavailable' })
    bench.fakes.stripe.behave({ reset: true })
    deps.clock.passReal(36_000)
    const { body } = await change(account, { priceId: 'premium-month' }, call)
    expect(body.status).toBe('payment_required')
    expect((await buying.stored(account, body.payment?.id ?? '')).providerOrderId).toBeDefined()
  })

  it('409 idempotency_in_progress while another call with the key asks the provider', async () => {
    const account = await midway('c-busy')
    bench.fakes.stripe.behave({ requests: [{ route: '*', delayMs: 1_000, times: 20 }] })
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => change(account, { priceId: 'premium-month' }, { key: 'c-busy' })),
    )
    bench.fakes.stripe.behave({ reset: true })
    const done = answers.filter(({ status }) => status === 200)
    expect(new Set(done.map(({ body }) => body.payment?.id)).size).toBe(1)
    const waiting = answers.filter(({ status }) => status !== 200)
    expect(waiting.length).toBeGreaterThan(0)
    expect(new Set(waiting.map(({ code }) => code))).toEqual(new Set(['idempotency_in_progress']))
  })
})
