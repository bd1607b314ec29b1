import { afterAll, describe, expect, it } from 'vitest'
import { maxClaimed } from '#domain/paymentClaim'
import { run as eraseAccountRun } from '#functions/accounts/eraseAccount'
import { run as exportAccountRun } from '#functions/accounts/exportAccount'
import { run as getInvoiceRun } from '#functions/payments/getInvoice'
import { run as getPaymentRun } from '#functions/payments/getPayment'
import { run as verifyPaymentRun } from '#functions/payments/verifyPayment'
import { run as authorizeVisitorRun } from '#functions/purchases/authorizeVisitor'
import { run as claimSessionRun } from '#functions/purchases/claimSession'
import { run as createPurchaseRun } from '#functions/purchases/createPurchase'
import { run as createSessionRun } from '#functions/purchases/createSession'
import { run as listPurchasesRun } from '#functions/purchases/listPurchases'
import { eraseAccount, exportAccount } from '#operations/accountData'
import { getInvoice, getPayment } from '#operations/paymentHistory'
import { verifyPayment } from '#operations/payments'
import { authorizeVisitor, claimSession, createPurchase, createSession, listPurchases } from '#operations/purchases'
import { handleAuthorizer } from '#runtime/authorizer'
import { numberSeries } from '#runtime/invoiceNumbers'
import { commit } from '#table/commit'
import type { Table, Write } from '#table/port'
import { listPurchases as listStored, putPurchaseWrite } from '#table/purchases'
import { buyingOf } from '#test/support/buying'
import { invoke, type TestDeps, testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'
import { refundCall } from '../payments/refundSupport.ts'

const deps = await testDeps({ product: 'wellbeing', now: '2026-03-10T12:00:00.000Z' })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})
const { pay, reconcile, stored } = buyingOf(deps, bench)
const article = (await deps.catalogue()).catalogue.products.find((one) => one.kind === 'item')
const productId = article?.id ?? ''
const session = async () => (await invoke(createSession, createSessionRun, deps)).body
const entered = (token: string) =>
  handleAuthorizer(authorizeVisitor, authorizeVisitorRun, deps, { headers: { authorization: `Bearer ${token}` } })
const claim = (account: string, sessionToken: string, own = deps) =>
  invoke(claimSession, claimSessionRun, own, { as: 'customer', account, body: { sessionToken } })

/** A visitor who is about to pay for one item. */
async function shopper(known?: Awaited<ReturnType<typeof session>>) {
  const visitor = known ?? (await session())
  const { body } = await invoke(createPurchase, createPurchaseRun, deps, {
    as: 'visitor',
    account: visitor.accountId,
    body: { productId },
  })
  return { visitor, paymentId: body.paymentId ?? '', providerOrderId: body.providerOrderId ?? '' }
}

/** A visitor who has bought one item. */
async function buyer() {
  const { visitor, paymentId, providerOrderId } = await shopper()
  const returned = pay('stripe', providerOrderId)
  const verified = await invoke(verifyPayment, verifyPaymentRun, deps, {
    as: 'visitor',
    account: visitor.accountId,
    body: returned,
  })
  expect(verified.body.status).toBe('completed')
  return { ...visitor, paymentId }
}
const purchasesOf = async (as: 'visitor' | 'customer', account: string) =>
  (await invoke(listPurchases, listPurchasesRun, deps, { as, account })).body.data.map((one) => one.productId)

const heldBy = async (account: string) =>
  (await listStored(deps.table, account, { limit: 10 })).purchases.map(({ revokedAt, ver }) => ({
    revoked: revokedAt !== undefined,
    ver,
  }))

/** What a call is given that another overtakes: between all that it reads and its first write of such a row. */
const overtakenBy = (other: () => Promise<unknown>, entity: string): TestDeps => {
  let isFirst = true
  const isOf = (write: Write) => write.kind === 'put' && write.item.entity === entity
  const table: Table = {
    get: (key, options) => deps.table.get(key, options),
    batchGet: (keys, options) => deps.table.batchGet(keys, options),
    query: (request) => deps.table.query(request),
    write: async (writes) => {
      if (isFirst && writes.some(isOf)) {
        isFirst = false
        await other()
      }
      return deps.table.write(writes)
    },
  }
  return { ...deps, table }
}

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

  it('the claimer has the receipt and the invoice, and nobody else', async () => {
    const { paymentId, ...visitor } = await buyer()
    await claim('reader', visitor.token)
    await numberSeries(deps, 'INV-2026')
    const read = (account: string) =>
      Promise.all([
        invoke(getPayment, getPaymentRun, deps, { as: 'customer', account, params: { paymentId } }),
        invoke(getInvoice, getInvoiceRun, deps, { as: 'customer', account, params: { paymentId } }),
      ])
    const [receipt, invoice] = await read('reader')
    expect(receipt.body).toMatchObject({ id: paymentId, status: 'completed', documents: [{ kind: 'invoice' }] })
    expect(invoice.status).toBe(200)
    expect((await read('somebody')).map(({ status }) => status)).toEqual([404, 404])
  })

  it('two accounts at once: one gets it all, the other nothing', async () => {
    const visitor = await buyer()
    const answers = await Promise.all(['twin-a', 'twin-b'].map((account) => claim(account, visitor.token)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    const both = [...(await purchasesOf('customer', 'twin-a')), ...(await purchasesOf('customer', 'twin-b'))]
    expect(both).toEqual([productId])
  })

  it('a refund after the claim revokes the claimer’s item; one that runs into the claim does, too', async () => {
    const after = await buyer()
    await claim('refunded', after.token)
    await refundCall(deps, await stored(after.accountId, after.paymentId))
    expect(await heldBy('refunded')).toEqual([{ revoked: true, ver: 2 }])
    for (let round = 0; round < 4; round++) {
      const during = await buyer()
      const account = `refunded-${round}`
      const payment = await stored(during.accountId, during.paymentId)
      await Promise.all([claim(account, during.token), refundCall(deps, payment)])
      expect(await heldBy(account)).toMatchObject([{ revoked: true }])
    }
  })

  it('200 moves more than a transaction holds', async () => {
    const visitor = await buyer()
    const [one] = (await listStored(deps.table, visitor.accountId, { limit: 1 })).purchases
    if (!one) throw new Error('nothing was bought')
    const now = deps.clock.now()
    for (let n = 0; n < maxClaimed + 2; n++) {
      const id = `pur_${String(n).padStart(26, '0')}`
      await commit(deps.table, [putPurchaseWrite({ ...one, id, ver: 1 }, 0, now)])
    }
    expect((await claim('many', visitor.token)).body.purchases).toHaveLength(maxClaimed + 3)
    expect(await purchasesOf('visitor', visitor.accountId)).toEqual([])
  })

  it('404 for a token that is none of ours', async () => {
    expect(await claim('nobody', `fgs_test_${'B'.repeat(43)}`)).toMatchObject({ status: 404, code: 'not_found' })
  })
})

describe('a purchase that is paid after its session was claimed', () => {
  it('is the claimer’s by itself, once, with receipt, export and refund; a claim again changes nothing', async () => {
    const { visitor, paymentId, providerOrderId } = await shopper()
    expect((await claim('late', visitor.token)).body.purchases).toEqual([])
    pay('stripe', providerOrderId)
    for (let times = 0; times < 2; times++) await reconcile(visitor.accountId, paymentId)
    expect(await stored(visitor.accountId, paymentId)).toMatchObject({ status: 'completed' })
    expect(await purchasesOf('customer', 'late')).toEqual([productId])
    expect(await purchasesOf('visitor', visitor.accountId)).toEqual([])
    const call = { as: 'customer', account: 'late' } as const
    const receipt = await invoke(getPayment, getPaymentRun, deps, { ...call, params: { paymentId } })
    expect(receipt.body).toMatchObject({ id: paymentId, status: 'completed' })
    const exported = await invoke(exportAccount, exportAccountRun, deps, call)
    expect(exported.body).toMatchObject({ purchases: [{ productId, paymentId }] })
    for (let times = 0; times < 2; times++)
      expect((await claim('late', visitor.token)).body.purchases.map((one) => one.productId)).toEqual([productId])
    expect(await heldBy('late')).toEqual([{ revoked: false, ver: 1 }])
    expect(await claim('too-late', visitor.token)).toMatchObject({ status: 409, code: 'conflict' })
    await refundCall(deps, await stored(visitor.accountId, paymentId))
    expect(await heldBy('late')).toEqual([{ revoked: true, ver: 2 }])
  })

  it('of a checkout that was begun after the claim, it is the claimer’s, too', async () => {
    const visitor = await session()
    await claim('early', visitor.token)
    const { paymentId, providerOrderId } = await shopper(visitor)
    pay('stripe', providerOrderId)
    await reconcile(visitor.accountId, paymentId)
    expect(await purchasesOf('customer', 'early')).toEqual([productId])
  })

  it('is held for staff where the claimer was erased, and nobody has it', async () => {
    const { visitor, paymentId, providerOrderId } = await shopper()
    await claim('erased', visitor.token)
    await invoke(eraseAccount, eraseAccountRun, deps, { as: 'customer', account: 'erased' })
    pay('stripe', providerOrderId)
    await reconcile(visitor.accountId, paymentId)
    expect(await stored(visitor.accountId, paymentId)).toMatchObject({ status: 'review', flags: ['no_account'] })
    expect([...(await heldBy('erased')), ...(await heldBy(visitor.accountId))]).toEqual([])
  })

  it('race: where the claim comes between what the settlement read and its write, it is decided anew', async () => {
    const { visitor, paymentId, providerOrderId } = await shopper()
    pay('stripe', providerOrderId)
    const overtaken = buyingOf(
      overtakenBy(() => claim('first', visitor.token), 'purchase'),
      bench,
    )
    await overtaken.reconcile(visitor.accountId, paymentId)
    expect(await purchasesOf('customer', 'first')).toEqual([productId])
    expect(await heldBy('first')).toEqual([{ revoked: false, ver: 1 }])
  })

  it('race: where the settlement comes between what the claim read and its mark, the claim finds it after all', async () => {
    const { visitor, paymentId, providerOrderId } = await shopper()
    pay('stripe', providerOrderId)
    const overtaken = overtakenBy(() => reconcile(visitor.accountId, paymentId), 'claim')
    expect((await claim('second', visitor.token, overtaken)).body.purchases).toHaveLength(1)
    expect(await purchasesOf('customer', 'second')).toEqual([productId])
  })

  it('race: claims and settlements at once, each twice: the account has it in the end, once', async () => {
    for (let round = 0; round < 6; round++) {
      const { visitor, paymentId, providerOrderId } = await shopper()
      const account = `racer-${round}`
      pay('stripe', providerOrderId)
      const settle = () => reconcile(visitor.accountId, paymentId)
      const claiming = async () => (await claim(account, visitor.token)).status === 200
      const calls = round % 2 === 0 ? [settle, claiming, settle, claiming] : [claiming, settle, claiming, settle]
      expect(await Promise.all(calls.map((call) => call()))).toEqual([true, true, true, true])
      expect(await stored(visitor.accountId, paymentId)).toMatchObject({ status: 'completed' })
      expect(await heldBy(account)).toEqual([{ revoked: false, ver: 1 }])
      expect(await purchasesOf('visitor', visitor.accountId)).toEqual([])
    }
  })
})
