import { afterAll, describe, expect, it } from 'vitest'
import type { Payment, Resolution } from '#domain/payment'
import { run as createCheckoutRun } from '#functions/payments/createCheckout'
import { run as reviewPaymentRun } from '#functions/payments/reviewPayment'
import type { ProviderPayment } from '#gateways/gateway'
import { reviewPayment } from '#operations/adminPayments'
import { createCheckout } from '#operations/payments'
import { hear } from '#runtime/chargePayment'
import { eraseStored } from '#runtime/erasure'
import { releaseHolds } from '#runtime/releaseHolds'
import { savedMethods } from '#runtime/savedMethod'
import { settleOne } from '#runtime/settlePayment'
import { findAccountCredit } from '#table/accountCredit'
import { couponCount } from '#table/discounts'
import { accountKey } from '#table/keys'
import { listPayments } from '#table/payments'
import type { Table } from '#table/port'
import { listPurchases } from '#table/purchases'
import { withCredit } from '#test/support/accountCredit'
import { buyingOf } from '#test/support/buying'
import { callsOf } from '#test/support/calls'
import { invoke, type TestDeps, testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'
import { discountCalls } from './discountSupport.ts'
import { card } from './methodSupport.ts'
import { call, captured, pending } from './refundSupport.ts'

const deps = await testDeps({ product: 'example', now: '2026-03-10T12:00:00.000Z' })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})
const { begin, pay, verify, stored, reconcile } = buyingOf(deps, bench)
const { putAccount, updateAccount } = callsOf(deps)

const creditOf = async (account: string) => (await findAccountCredit(deps.table, account, 'USD'))?.balanceMinor ?? 0
const purchases = async (account: string) => (await listPurchases(deps.table, account, { limit: 10 })).purchases.length

async function credited(account: string, balanceMinor: number): Promise<void> {
  await putAccount({ account, body: { email: `${account}@example.com` } })
  await withCredit(deps, account, 'USD', balanceMinor)
}

/** A guide of 700 with a credit of 500 on it: 200 are left to pay. */
async function guide(account: string) {
  await credited(account, 500)
  const begun = await begin(account, { productId: 'guide' })
  expect([begun.amount, await creditOf(account)]).toEqual([200, 0])
  return begun
}

/** Told by the provider, paid with the other mode's keys: right in everything that an invoice states. */
async function otherMode(payment: Payment): Promise<Payment> {
  const at = { accountId: payment.accountId, paymentId: payment.id }
  await settleOne(deps, at, { ...captured(payment), mode: 'live' }, call)
  return stored(payment.accountId, payment.id)
}

const review = ({ id, providerPaymentId }: Payment, as: Resolution) =>
  invoke(reviewPayment, reviewPaymentRun, deps, {
    params: { paymentId: id },
    body: { providerPaymentId: providerPaymentId ?? '', as },
  })

describe('account credit on an order', () => {
  it('is there again while the money is held, and leaves again when staff settle it', async () => {
    const { paymentId } = await guide('h-held')
    const held = await otherMode(await stored('h-held', paymentId))
    expect([held.status, held.released, await creditOf('h-held')]).toEqual(['review', true, 500])
    expect((await review(held, 'settled')).body).toMatchObject({ status: 'completed' })
    expect([await creditOf('h-held'), await purchases('h-held')]).toEqual([0, 1])
    expect(await stored('h-held', paymentId)).toMatchObject({ released: false })
  })

  it('409 when it was spent meanwhile: nothing is granted, and nothing taken', async () => {
    const { paymentId } = await guide('h-spent')
    const held = await otherMode(await stored('h-spent', paymentId))
    await begin('h-spent', { productId: 'guide' })
    expect(await review(held, 'settled')).toMatchObject({ status: 409, code: 'conflict' })
    expect([await creditOf('h-spent'), await purchases('h-spent')]).toEqual([0, 0])
  })

  it('of an order that was paid after it had expired is spent once: beside the money, or for the goods', async () => {
    const begun = await guide('h-late')
    deps.clock.advance(24 * 3_600_000)
    expect(await reconcile('h-late', begun.paymentId)).toBe(true)
    expect([(await stored('h-late', begun.paymentId)).status, await creditOf('h-late')]).toEqual(['expired', 500])
    const returned = pay(begun.provider ?? 'stripe', begun.providerOrderId ?? '')
    await verify('h-late', { paymentId: begun.paymentId, ...returned })
    const late = await stored('h-late', begun.paymentId)
    expect([late.flags, await creditOf('h-late')]).toEqual([['order_expired'], 700])
    expect((await review(late, 'settled')).status).toBe(200)
    expect([await creditOf('h-late'), await purchases('h-late')]).toEqual([0, 1])
  })
})

describe('a coupon on an order', () => {
  it('is free again when the money becomes credit', async () => {
    const account = 'h-coupon'
    const [first, second] = [
      await begin(account, { priceId: 'team-month', couponCode: 'WELCOME' }),
      await begin(account, { priceId: 'team-month' }),
    ]
    expect(await couponCount(deps.table, 'WELCOME')).toBe(1)
    for (const begun of [second, first]) {
      const returned = pay(begun.provider ?? 'stripe', begun.providerOrderId ?? '')
      await verify(account, { paymentId: begun.paymentId, ...returned })
    }
    expect(await stored(account, first.paymentId)).toMatchObject({ flags: ['already_subscribed'], released: true })
    expect([await creditOf(account), await couponCount(deps.table, 'WELCOME')]).toEqual([1710, 0])
  })
})

describe('an order whose discount went with its account', () => {
  const { create } = discountCalls(deps)
  const couponsTaken = () => couponCount(deps.table, 'WELCOME')
  /** Declined: the order keeps what it holds to its end, in case the customer tries again. */
  async function declined(account: string) {
    await putAccount({ account, body: { email: `${account}@example.com` } })
    await create({}, { params: { accountId: account } })
    const before = await couponsTaken()
    const begun = await begin(account, { priceId: 'team-month', couponCode: 'WELCOME' })
    const at = { accountId: account, paymentId: begun.paymentId }
    await hear(deps, at, { kind: 'failed', at: deps.clock.now(), code: 'card_declined' }, call)
    const payment = await stored(account, begun.paymentId)
    expect(payment).toMatchObject({
      status: 'failed',
      released: false,
      holds: { manualDiscountId: expect.any(String) },
    })
    expect(await couponsTaken()).toBe(before + 1)
    return { payment, before }
  }
  const erase = (account: string) => eraseStored(deps, account, { hash: '', ...call })

  it('erased between decline and expiry: it expires, and the coupon is free again', async () => {
    const { payment, before } = await declined('h-erased')
    await erase('h-erased')
    deps.clock.advance(24 * 3_600_000)
    expect(await reconcile('h-erased', payment.id)).toBe(true)
    expect(await stored('h-erased', payment.id)).toMatchObject({ progress: 'expired', released: true })
    expect(await couponsTaken()).toBe(before)
  })

  it('erased after a decline: what it holds can be released at once', async () => {
    const { payment, before } = await declined('h-released')
    await erase('h-released')
    await releaseHolds(deps, { accountId: 'h-released', paymentId: payment.id }, call)
    expect([(await stored('h-released', payment.id)).released, await couponsTaken()]).toEqual([true, before])
  })

  it.each([false, true])(
    'erased, and paid late: held with the coupon free; the login came back: %s',
    async (isBack) => {
      const account = `h-late-${isBack}`
      const { payment, before } = await declined(account)
      await erase(account)
      // Its first write: an account of its own on the same id, without the discount.
      if (isBack) expect((await updateAccount({ account, body: {} })).status).toBe(200)
      const seen = { ...captured(payment), amountMinor: 1 }
      await settleOne(deps, { accountId: account, paymentId: payment.id }, seen, call)
      expect(await stored(account, payment.id)).toMatchObject({ status: 'review', released: true })
      expect(await couponsTaken()).toBe(before)
    },
  )
})

describe('the method of a payment', () => {
  const settle = async (payment: Payment, over: Partial<ProviderPayment> = {}) => {
    const seen = { ...captured(payment), method: card(`pm_${payment.id}`), ...over }
    await settleOne(deps, { accountId: payment.accountId, paymentId: payment.id }, seen, call)
    return (await savedMethods(deps, payment.accountId)).length
  }
  const setAccount = (account: string, set: Record<string, string | number | boolean>) =>
    deps.table.write([{ kind: 'update', key: accountKey(account), set, when: 'unconditional' }])

  it('is kept with money that has its effect, and not with money that is held or becomes credit', async () => {
    expect(await settle(await pending(deps, 'item'))).toBe(1)
    expect(await settle(await pending(deps, 'item'), { amountMinor: 1 })).toBe(0)
    expect(await settle(await pending(deps, 'item'), { reference: 'fpay_other' })).toBe(0)
    const first = await pending(deps, 'plan')
    const second = await pending(deps, 'plan', { account: first.accountId })
    expect(await settle(first)).toBe(1)
    expect(await settle(second)).toBe(1)
    expect((await stored(second.accountId, second.id)).flags).toEqual(['already_subscribed'])
  })

  it('is kept with a payment that was settled without it', async () => {
    const payment = await pending(deps, 'item')
    const seen = captured(payment)
    await settleOne(deps, { accountId: payment.accountId, paymentId: payment.id }, seen, call)
    expect(await savedMethods(deps, payment.accountId)).toEqual([])
    expect(await settle(payment)).toBe(1)
  })

  it('is not kept for an account that is being erased, and is for one that is suspended', async () => {
    const [erasing, suspended] = [await pending(deps, 'item'), await pending(deps, 'item')]
    await setAccount(erasing.accountId, { suspended: true, erasingAt: deps.clock.now() })
    await setAccount(suspended.accountId, { suspended: true })
    expect([await settle(erasing), await settle(suspended)]).toEqual([0, 1])
    expect(await stored(erasing.accountId, erasing.id)).toMatchObject({ status: 'review', flags: ['no_account'] })
  })
})

describe('an account whose erasure begins between the look and the write', () => {
  const racing = (account: string, seen: { writes: number }): TestDeps => {
    const table: Table = {
      get: (key, options) => deps.table.get(key, options),
      batchGet: (keys, options) => deps.table.batchGet(keys, options),
      query: (request) => deps.table.query(request),
      write: async (writes) => {
        if (seen.writes++ === 0)
          await deps.table.write([
            {
              kind: 'update',
              key: accountKey(account),
              set: { suspended: true, erasingAt: 1 },
              add: { ver: 1 },
              when: 'unconditional',
            },
          ])
        return deps.table.write(writes)
      },
    }
    return { ...deps, table }
  }

  it.each([
    ['h-race-item', { productId: 'guide' }],
    ['h-race-free', { productId: 'guide' }],
  ])('409 conflict, and no payment begins: %s', async (account, body) => {
    await credited(account, account === 'h-race-free' ? 700 : 1)
    const seen = { writes: 0 }
    const answer = await invoke(createCheckout, createCheckoutRun, racing(account, seen), { account, body })
    expect(answer).toMatchObject({ status: 409, code: 'conflict' })
    expect(seen.writes).toBe(1)
    expect((await listPayments(deps.table, account, { limit: 5 })).payments).toEqual([])
    expect(await creditOf(account)).toBe(account === 'h-race-free' ? 700 : 1)
  })
})
