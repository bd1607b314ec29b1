import { afterAll, describe, expect, it } from 'vitest'
import { run as quoteDiscountRun } from '#functions/purchases/quoteDiscount'
import { quoteDiscount } from '#operations/purchases'
import { callsOf } from '#test/support/calls'
import { type Invocation, invoke, testDeps } from '#test/support/deps'

const deps = await testDeps({ product: 'wellbeing', now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const quote = (call: Invocation) => invoke(quoteDiscount, quoteDiscountRun, deps, call)
const { catalogue } = await deps.catalogue()
const quizzes = catalogue.products.filter((one) => one.kind === 'item' && one.group === 'quiz')
const [cheap] = quizzes.filter(({ price }) => price.amount <= 5000)
if (!cheap) throw new Error('the reference product has no quiz')
const account = async (id: string, priceId?: string) => {
  const { putAccount, grantPlan } = callsOf(deps)
  await putAccount({ account: id, body: { email: `${id}@example.com` } })
  if (priceId) await grantPlan({ account: id, body: { priceId, reason: 'test' }, key: id })
  return id
}

describe('quoteDiscount', () => {
  it('200 says the full price where the plan has no discount', async () => {
    const { body } = await quote({ account: await account('q-free'), query: { productId: cheap.id } })
    expect(body).toMatchObject({ gross: cheap.price.amount, discounts: [], total: cheap.price.amount, currency: 'USD' })
  })

  it('200 takes what the plan gives free, then its percentage, unit by unit', async () => {
    const id = await account('q-premium', 'premium-month')
    const { body } = await quote({ account: id, query: { productId: cheap.id, quantity: '4' } })
    const reduced = Math.round(2 * cheap.price.amount * 0.8)
    expect(body).toMatchObject({ quantity: 4, gross: 4 * cheap.price.amount, total: reduced })
    expect(Date.parse(body.expiresAt) - deps.clock.now()).toBe(15 * 60_000)
  })

  it('200 twice takes nothing: the second says the same', async () => {
    const id = await account('q-twice', 'premium-month')
    const ask = async () => (await quote({ account: id, query: { productId: cheap.id } })).body.total
    expect([await ask(), await ask()]).toEqual([0, 0])
  })

  it('200 for a visitor: the full price', async () => {
    const { body } = await quote({
      as: 'visitor',
      account: 'anon_01KBQ7M8G0S000000000000000',
      query: { productId: cheap.id },
    })
    expect(body.total).toBe(cheap.price.amount)
  })

  it('400 coupon_invalid for a coupon that does not exist, 404 for a product that does not', async () => {
    const id = await account('q-wrong')
    expect((await quote({ account: id, query: { productId: cheap.id, couponCode: 'NOTHING' } })).code).toBe(
      'coupon_invalid',
    )
    expect((await quote({ account: id, query: { productId: 'nothing' } })).code).toBe('not_found')
  })
})
