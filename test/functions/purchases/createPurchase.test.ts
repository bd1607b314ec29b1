import { afterAll, describe, expect, it } from 'vitest'
import { run as createPurchaseRun } from '#functions/purchases/createPurchase'
import { run as listPurchasesRun } from '#functions/purchases/listPurchases'
import { run as quoteDiscountRun } from '#functions/purchases/quoteDiscount'
import { createPurchase, listPurchases, quoteDiscount } from '#operations/purchases'
import { buyingOf } from '#test/support/buying'
import { callsOf } from '#test/support/calls'
import { type Invocation, invoke, testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'
import { suspend, unsuspend } from '#test/support/standing'

const deps = await testDeps({ product: 'wellbeing', now: '2026-03-10T12:00:00.000Z' })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})
const { buy, pay, verify } = buyingOf(deps, bench)
const purchase = (call: Invocation) => invoke(createPurchase, createPurchaseRun, deps, call)
const quote = (account: string, productId: string) =>
  invoke(quoteDiscount, quoteDiscountRun, deps, { account, query: { productId } })
const owned = async (account: string) =>
  (await invoke(listPurchases, listPurchasesRun, deps, { account })).body.data.map(({ productId }) => productId)
const { catalogue } = await deps.catalogue()
const items = (group: string) =>
  catalogue.products.filter((one) => one.kind === 'item' && one.group === group).map(({ id, price }) => ({ id, price }))
const [quiz] = items('quiz')
const [article] = items('article')
if (!quiz || !article) throw new Error('the reference product has no items')

describe('createPurchase', () => {
  it('201 is the account’s at once where the plan gives it free, and counts down what is left', async () => {
    const account = 'p-free'
    await buy(account, { priceId: 'premium-month' })
    const amounts = []
    for (let n = 0; n < 6; n++) {
      const { body } = await purchase({ account, body: { productId: quiz.id }, key: `p-free-${n}` })
      amounts.push([body.amount, body.payment.status])
    }
    const reduced = Math.round(quiz.price.amount * 0.8)
    expect(amounts).toEqual([
      [0, 'completed'],
      [0, 'completed'],
      [reduced, 'pending'],
      [reduced, 'pending'],
      [reduced, 'pending'],
      [quiz.price.amount, 'pending'],
    ])
    expect(await owned(account)).toEqual([quiz.id, quiz.id])
  })

  it('201 at the full price for a suspended account: its plan gives nothing', async () => {
    const account = 'p-suspended'
    await buy(account, { priceId: 'premium-month' })
    await suspend(deps, account)
    const { body } = await purchase({ account, body: { productId: quiz.id } })
    expect([body.amount, body.payment.status]).toEqual([quiz.price.amount, 'pending'])
    expect((await quote(account, quiz.id)).body.total).toBe(quiz.price.amount)
    await unsuspend(deps, account)
    expect((await purchase({ account, body: { productId: quiz.id } })).body.amount).toBe(0)
  })

  it('201 for one unit left, however many ask at once: one gets it free', async () => {
    const account = 'p-race'
    await buy(account, { priceId: 'premium-month' })
    await purchase({ account, body: { productId: quiz.id }, key: 'p-race-first' })
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => purchase({ account, body: { productId: quiz.id }, key: `p-race-${n}` })),
    )
    expect(answers.filter(({ body }) => body.amount === 0)).toHaveLength(1)
  })

  it('201 and paid: the item is the account’s after the payment is settled', async () => {
    const account = 'p-paid'
    await callsOf(deps).putAccount({ account, body: { email: 'p@example.com' } })
    const { body } = await purchase({ account, body: { productId: article.id } })
    expect(body).toMatchObject({ amount: article.price.amount, provider: 'stripe' })
    const returned = pay('stripe', body.providerOrderId ?? '')
    expect(await owned(account)).toEqual([])
    await verify(account, { paymentId: body.paymentId, ...returned })
    expect(await owned(account)).toEqual([article.id])
  })

  it('201 pays exactly what the quote said; 409 quote_expired after a quarter of an hour', async () => {
    const account = 'p-quote'
    await buy(account, { priceId: 'premium-month' })
    const quoted = (await quote(account, article.id)).body
    expect(quoted).toMatchObject({ total: 0, gross: article.price.amount })
    const bought = await purchase({ account, body: { productId: article.id, quote: quoted.quote } })
    expect(bought.body.amount).toBe(quoted.total)
    const late = (await quote(account, article.id)).body
    deps.clock.advance(15 * 60_000)
    expect(await purchase({ account, body: { productId: article.id, quote: late.quote } })).toMatchObject({
      status: 409,
      code: 'quote_expired',
    })
  })

  it('400 for a quote of another account, or a made-up one', async () => {
    await callsOf(deps).putAccount({ account: 'p-other', body: { email: 'o@example.com' } })
    const { quote: token } = (await quote('p-other', article.id)).body
    const account = 'p-thief'
    await callsOf(deps).putAccount({ account, body: { email: 't@example.com' } })
    for (const stolen of [token, 'AAAA', `${token}A`])
      expect(await purchase({ account, body: { productId: article.id, quote: stolen } })).toMatchObject({
        status: 400,
        code: 'validation_failed',
      })
  })

  it('404 for a product that is not there', async () => {
    await callsOf(deps).putAccount({ account: 'p-none', body: { email: 'n@example.com' } })
    expect((await purchase({ account: 'p-none', body: { productId: 'nothing' } })).code).toBe('not_found')
  })
})
