import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { until } from './caller.ts'
import { type Customer, openStage, type Stage } from './stage.ts'
import { check, credits, paymentDetail, refund } from './views.ts'

// Reference product B on Stripe, in dollars: credits that are left over, bought, spent and given back.

let stage: Stage
let lin: Customer
beforeAll(async () => {
  stage = await openStage('ai-chat', '2027-03-01T00:00:00Z')
  lin = await stage.customer('lin', { name: 'Lin Wei' })
})
afterAll(() => stage?.stop())

const balance = async () => (await lin.get('/credits', credits)).balance
const take = (feature: string, quantity: number) =>
  lin.server.post('/check', { feature, quantity, consume: true }, check)
let packId = ''

describe('ai-chat', () => {
  it('gives 20 credits a month to whoever pays nothing, and refuses at 0 with an offer', async () => {
    expect(await take('image', 3)).toMatchObject({ allowed: true, credits: { cost: 15, balance: 5 } })
    expect(await take('chat', 5)).toMatchObject({ allowed: true, credits: { cost: 5, balance: 0 } })
    expect(await take('chat', 1)).toMatchObject({
      allowed: false,
      reason: 'insufficient_credits',
      credits: { cost: 1, balance: 0 },
    })
    expect(await lin.server.refused('POST', '/credits/deductions', { amount: 1, reason: 'chat' })).toMatchObject({
      status: 402,
      code: 'insufficient_credits',
      body: { balance: 0, required: 1 },
    })
  })

  it('sells the subscription on Stripe: a thousand credits at once', async () => {
    const paid = await lin.buy({ priceId: 'subscriber-month', saveMethod: true }, { saveMethod: true })
    expect(paid).toMatchObject({ provider: 'stripe', amount: 1500, currency: 'USD' })
    expect(await lin.subscription()).toMatchObject({ planId: 'subscriber', status: 'active', autoRenew: true })
    expect(await balance()).toBe(1000)
    const text = await lin.pdf(paid.id)
    expect(text).toContain('INV-2027-000001')
    expect(text).toContain('$15.00')
  })

  it('sells 500 more', async () => {
    packId = (await lin.buy({ productId: 'pack-500' })).id
    expect(await balance()).toBe(1500)
  })

  it('renews: at most 500 of what is left stay, a thousand come, and the pack is not touched', async () => {
    expect(await take('image', 40)).toMatchObject({ allowed: true, credits: { cost: 200, balance: 1300 } })
    await stage.turn('set', '2027-04-01T00:00:00Z')
    expect(await lin.subscription()).toMatchObject({ status: 'active', currentPeriodEnd: '2027-05-01T00:00:00.000Z' })
    const { grants } = await lin.get('/credits', credits)
    expect(grants.map(({ remaining }) => remaining).toSorted((a, b) => a - b)).toEqual([500, 500, 1000])
    expect(await balance()).toBe(2000)
  })

  it('refunds the pack for what is left of it, in credits', async () => {
    await take('image', 340)
    expect(await balance()).toBe(300)
    const given = await stage.staff.post(`/payments/${packId}/refund`, { reason: 'Not needed' }, refund)
    expect(given).toMatchObject({ amount: 900 })
    const detail = await until(
      () => lin.get(`/payments/${packId}`, paymentDetail),
      ({ status }) => status === 'refunded',
    )
    expect(detail).toMatchObject({ status: 'refunded', refunded: 900 })
    expect(await balance()).toBe(0)
    const note = await lin.pdf(packId, given.id)
    expect(note).toContain('CN-2027-000001')
    expect(note).toContain('$9.00')
    const { data } = await stage.staff.get(`/payments/${packId}/refunds`, z.object({ data: z.array(refund) }))
    expect(data).toMatchObject([{ id: given.id, status: 'processed', creditsTaken: 300 }])
  })

  it('refuses at 0, until next month', async () => {
    expect(await take('chat', 1)).toMatchObject({ allowed: false, reason: 'insufficient_credits' })
    await stage.turn('set', '2027-05-01T00:00:00Z')
    expect(await take('chat', 1)).toMatchObject({ allowed: true, credits: { cost: 1, balance: 999 } })
  })

  it('has books that add up', async () => {
    const { series } = await stage.books()
    expect([...series].toSorted()).toEqual([
      ['CN-2027', [1]],
      ['INV-2027', [1, 2, 3, 4]],
    ])
  })
})
