import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { Customer, openStage, type Stage } from './stage.ts'
import { checkout, claimed, purchases, quote, session } from './views.ts'

// Reference product E on Stripe: what a plan gives free or cheaper, quotes, visitors, and a discount by staff.

let stage: Stage
let mia: Customer
beforeAll(async () => {
  stage = await openStage('wellbeing', '2027-05-01T00:00:00Z')
  mia = await stage.customer('mia', { name: 'Mia Berg' })
})
afterAll(() => stage?.stop())

const quoteFor = (productId: string) => mia.get(`/discounts/quote?productId=${productId}`, quote)
/** What a product costs now; it is bought, and paid where there is something to pay. */
const get = async (productId: string, more: object = {}) => {
  const order = await mia.post('/purchases', { productId, ...more }, checkout)
  if (order.provider !== null) await mia.pay(order)
  return order.amount
}

describe('wellbeing', () => {
  it('sells to visitors without an account', async () => {
    const answer = await fetch(`${stage.stack.apiUrl}/v1/sessions`, { method: 'POST' })
    const { token, accountId } = z.parse(session, await answer.json())
    expect(accountId).toMatch(/^anon_/)
    const visitor = new Customer(stage, accountId, token, '/v1/visitor')
    const paid = await visitor.buy({ productId: 'sleep-article' })
    expect(paid).toMatchObject({ provider: 'stripe', amount: 700, currency: 'USD', type: 'item' })
    expect((await visitor.get('/purchases', purchases)).data).toMatchObject([
      { productId: 'sleep-article', amount: 700 },
    ])

    // The visitor logs in, and takes along what was bought; once.
    expect((await mia.post('/claim', { sessionToken: token }, claimed)).purchases).toMatchObject([
      { productId: 'sleep-article', amount: 700 },
    ])
    expect((await mia.get('/purchases', purchases)).data).toMatchObject([{ productId: 'sleep-article', amount: 700 }])
    const other = await stage.customer('other')
    expect(await other.refused('POST', '/claim', { sessionToken: token })).toMatchObject({ status: 409 })
  })

  it('sells at the full price to whoever has no plan', async () => {
    expect(await quoteFor('stress-quiz')).toMatchObject({ gross: 2500, discounts: [], total: 2500 })
  })

  it('sells Premium', async () => {
    const paid = await mia.buy({ priceId: 'premium-month', saveMethod: true }, { saveMethod: true })
    const text = await mia.pdf(paid.id)
    expect(text).toContain('Mia Berg')
    expect(text).toContain('$32.00')
  })

  it('gives two quizzes worth at most 50.00 free, dearer ones and three more at 20 % off', async () => {
    // 80.00 is dearer than what comes free.
    expect(await get('personality-quiz')).toBe(6400)
    expect(await get('burnout-quiz')).toBe(0)
    expect(await get('stress-quiz')).toBe(0)
    expect(await get('stress-quiz')).toBe(2000)
    expect(await get('burnout-quiz')).toBe(4000)
    expect(await get('stress-quiz'), 'three were cheaper').toBe(2500)
  })

  it('gives three articles free, and 30 % off all others', async () => {
    expect(await get('focus-article')).toBe(0)
    expect(await get('sleep-article')).toBe(0)
    expect(await get('focus-article')).toBe(0)
    expect(await get('focus-article')).toBe(630)
    expect(await get('sleep-article')).toBe(490)
  })

  it('lets a discount by staff be used once, and honours the quote that showed it', async () => {
    await stage.staff.post(
      '/accounts/mia/discounts',
      { percentOff: 50, group: 'article', expiresAt: '2027-06-15T00:00:00Z', reason: 'Sorry for the outage' },
      z.unknown(),
    )
    const shown = await quoteFor('focus-article')
    // 9.00, less 30 %, less half of that.
    expect(shown.total).toBe(315)
    expect(shown.discounts.map(({ kind, amount }) => [kind, Math.abs(amount)])).toEqual([
      ['plan', 270],
      ['manual', 315],
    ])
    expect(await get('focus-article', { quote: shown.quote })).toBe(315)
    expect(await get('focus-article')).toBe(630)
  })

  it('honours a quote that is ten minutes old', async () => {
    const shown = await quoteFor('sleep-article')
    expect(shown.total).toBe(490)
    await stage.turn('advance', 'PT10M')
    expect(await get('sleep-article', { quote: shown.quote })).toBe(490)
  })

  it('gives the same anew with the next month', async () => {
    await stage.turn('set', '2027-06-01T00:00:00Z')
    expect(await mia.subscription()).toMatchObject({ status: 'active', currentPeriodEnd: '2027-07-01T00:00:00.000Z' })
    expect(await get('burnout-quiz')).toBe(0)
    expect(await get('stress-quiz')).toBe(0)
    expect(await get('stress-quiz')).toBe(2000)
    expect(await get('focus-article')).toBe(0)
  })

  it('has books that add up', async () => {
    const { series } = await stage.books()
    expect([...series.keys()]).toEqual(['INV-2027'])
  })
})
