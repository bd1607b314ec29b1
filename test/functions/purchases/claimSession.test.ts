import { afterAll, describe, expect, it } from 'vitest'
import { run as verifyPaymentRun } from '#functions/payments/verifyPayment'
import { run as authorizeVisitorRun } from '#functions/purchases/authorizeVisitor'
import { run as claimSessionRun } from '#functions/purchases/claimSession'
import { run as createPurchaseRun } from '#functions/purchases/createPurchase'
import { run as createSessionRun } from '#functions/purchases/createSession'
import { run as listPurchasesRun } from '#functions/purchases/listPurchases'
import { verifyPayment } from '#operations/payments'
import { authorizeVisitor, claimSession, createPurchase, createSession, listPurchases } from '#operations/purchases'
import { handleAuthorizer } from '#runtime/authorizer'
import { buyingOf } from '#test/support/buying'
import { invoke, testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'

const deps = await testDeps({ product: 'wellbeing', now: '2026-03-10T12:00:00.000Z' })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})
const { pay } = buyingOf(deps, bench)
const article = (await deps.catalogue()).catalogue.products.find((one) => one.kind === 'item')
const productId = article?.id ?? ''
const session = async () => (await invoke(createSession, createSessionRun, deps)).body
const entered = (token: string) =>
  handleAuthorizer(authorizeVisitor, authorizeVisitorRun, deps, { headers: { authorization: `Bearer ${token}` } })
const claim = (account: string, sessionToken: string) =>
  invoke(claimSession, claimSessionRun, deps, { as: 'customer', account, body: { sessionToken } })

/** A visitor who has bought one item. */
async function buyer() {
  const visitor = await session()
  const { body } = await invoke(createPurchase, createPurchaseRun, deps, {
    as: 'visitor',
    account: visitor.accountId,
    body: { productId },
  })
  const returned = pay('stripe', body.providerOrderId ?? '')
  const verified = await invoke(verifyPayment, verifyPaymentRun, deps, {
    as: 'visitor',
    account: visitor.accountId,
    body: returned,
  })
  expect(verified.body.status).toBe('completed')
  return visitor
}
const purchasesOf = async (as: 'visitor' | 'customer', account: string) =>
  (await invoke(listPurchases, listPurchasesRun, deps, { as, account })).body.data.map((one) => one.productId)

describe('claimSession', () => {
  it('200 moves what the visitor bought; the same account may ask again, another gets 409', async () => {
    const visitor = await buyer()
    expect(await purchasesOf('visitor', visitor.accountId)).toEqual([productId])
    expect((await claim('claimer', visitor.token)).body.purchases.map((one) => one.productId)).toEqual([productId])
    expect(await purchasesOf('customer', 'claimer')).toEqual([productId])
    expect(await purchasesOf('visitor', visitor.accountId)).toEqual([])
    expect((await claim('claimer', visitor.token)).body.purchases).toHaveLength(1)
    expect(await claim('other-claimer', visitor.token)).toMatchObject({ status: 409, code: 'conflict' })
    expect((await entered(visitor.token)).isAuthorized).toBe(false)
  })

  it('two accounts at once: one gets it all, the other nothing', async () => {
    const visitor = await buyer()
    const answers = await Promise.all(['twin-a', 'twin-b'].map((account) => claim(account, visitor.token)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    const both = [...(await purchasesOf('customer', 'twin-a')), ...(await purchasesOf('customer', 'twin-b'))]
    expect(both).toEqual([productId])
  })

  it('404 for a token that is none of ours', async () => {
    expect(await claim('nobody', `fgs_test_${'B'.repeat(43)}`)).toMatchObject({ status: 404, code: 'not_found' })
  })
})
