import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { guardOf } from '#domain/guard'
import type { PaymentWrite, Purchase } from '#domain/paymentWrite'
import { noCredit, planCredit } from '#domain/settlementCredit'
import { isBought } from '#domain/subscriptionState'
import { findAccountCredit } from '#table/accountCredit'
import { findAccount } from '#table/accounts'
import { findCharge } from '#table/charges'
import { couponCount, findDiscountUse, openManualDiscounts, putManualDiscountWrite } from '#table/discounts'
import { dynamoTable } from '#table/dynamo'
import { listHistory } from '#table/history'
import { accountPk, creditEntryKey, priceCountKey, walletKey } from '#table/keys'
import { findOrder, putOrderWrite } from '#table/orders'
import { messagesOf, outboxPartitions } from '#table/outbox'
import { Contention, type Table } from '#table/port'
import { findPurchase, listPurchases } from '#table/purchases'
import { findSubscription } from '#table/subscriptions'
import { readWallet } from '#table/wallets'
import { accountOf, catalogueOf, checkedOut, checkoutInput, settle, settlementInput } from '#test/domain/paymentSupport'
import { type Engine, startEngine } from '#test/support/engine'
import { at, idAt, invoice, minuteMs, nextOf, payment, spoil, write } from './paymentSupport.ts'

let engine: Engine
let table: Table
beforeAll(async () => {
  engine = await startEngine()
  table = dynamoTable({ client: engine.client, tableName: await engine.createTable() })
})
afterAll(async () => engine?.stop())

/** Tries again what met another transaction, as `contend` does. */
async function insist(writes: PaymentWrite[]): Promise<PaymentWrite['row'][] | undefined> {
  for (;;) {
    try {
      return await write(table, writes)
    } catch (error) {
      if (!(error instanceof Contention)) throw error
    }
  }
}

const purchaseOf = (over: Partial<Purchase> = {}): Purchase => ({
  id: idAt('pur'),
  accountId: 'acc_buys',
  paymentId: 'fpay_1',
  productId: 'thing',
  name: 'Thing',
  group: 'things',
  quantity: 1,
  amountMinor: 100,
  currency: 'INR',
  createdAt: at,
  ver: 1,
  ...over,
})

describe('a charge', () => {
  const guard = (over: object = {}) => ({
    row: 'charge' as const,
    provider: 'razorpay' as const,
    providerPaymentId: 'pay_guard',
    paymentId: 'fpay_1',
    accountId: 'acc_1',
    as: 'granted' as const,
    ...over,
  })

  it('has its effect once, and its guard says whose it is; another provider’s same id is another', async () => {
    const purchase = purchaseOf()
    const effect = (one: Purchase): PaymentWrite[] => [guard(), { row: 'purchase', next: one, seenVer: 0 }]
    expect(await write(table, effect(purchase))).toBeUndefined()
    const second = purchaseOf()
    expect(await write(table, [guard({ paymentId: 'fpay_2' }), { row: 'purchase', next: second, seenVer: 0 }])).toEqual(
      ['charge'],
    )
    expect(await findPurchase(table, second.accountId, second.id)).toBeUndefined()
    expect(await findCharge(table, 'razorpay', 'pay_guard')).toEqual({
      provider: 'razorpay',
      providerPaymentId: 'pay_guard',
      paymentId: 'fpay_1',
      accountId: 'acc_1',
      as: 'granted',
    })
    expect(await findCharge(table, 'stripe', 'pay_guard')).toBeUndefined()
    expect(await write(table, [guard({ provider: 'stripe' })])).toBeUndefined()
  })

  it('settled by twenty at once is granted by one', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        insist([
          guard({ providerPaymentId: 'pay_race' }),
          { row: 'purchase', next: purchaseOf({ accountId: 'acc_race' }), seenVer: 0 },
        ]),
      ),
    )
    expect(answers.filter((refused) => refused === undefined)).toHaveLength(1)
    expect(answers.filter((refused) => refused !== undefined).every((refused) => refused.join() === 'charge')).toBe(
      true,
    )
    expect((await listPurchases(table, 'acc_race', { limit: 50 })).purchases).toHaveLength(1)
  })
})

describe('a settlement', () => {
  it('of a plan is one transaction: account, wallet, subscription, count, history, invoice, notices', async () => {
    const catalogue = catalogueOf('example')
    const price = catalogue.catalogue.plans.flatMap(({ prices }) => prices).find(({ amount }) => amount > 0)
    const { payment: made, writes } = checkedOut(
      checkoutInput(catalogue, { request: { priceId: price?.id ?? '' }, provider: 'stripe' }),
    )
    const pending = { ...made, providerOrderId: 'cs_1' }
    const input = settlementInput(catalogue, pending)
    const seller = { ...input.invoice, id: idAt('inv') }
    const plan = settle({
      ...input,
      invoice: seller,
      ids: { subscription: idAt('sub'), purchase: 'x', history: idAt('his') },
    })
    const account = accountOf(catalogue)
    const walletChange = { wallet: { ...(input.wallet ?? fail()), version: 1 }, entries: [] }
    expect(
      await write(table, [
        ...writes.map((one) => (one.row === 'payment' ? { ...one, next: pending } : one)),
        { row: 'account', next: account, seenVer: 0 },
        { row: 'wallet', accountId: account.id, change: walletChange, seenVersion: 0 },
      ]),
    ).toBeUndefined()

    const before = await table.get(walletKey(account.id), { consistent: true })
    const createdAt = before ? readWallet(before).createdAt : fail()
    expect(createdAt).toBe(at)
    const later = { at: { now: at + minuteMs, real: at + minuteMs } }
    await expect(write(table, plan.writes, later)).rejects.toThrow('createdAt')
    expect(await write(table, plan.writes, { ...later, walletCreatedAt: createdAt })).toBeUndefined()
    const settled = await findAccount(table, account.id, { consistent: true })
    const id = settled?.subscriptionId ?? fail()
    const bought = await findSubscription(table, account.id, id)
    expect(bought && isBought(bought) && bought.paymentId).toBe(pending.id)
    expect(plan.writes).toContainEqual({ row: 'subscription', accountId: account.id, next: bought, seenVer: 0 })
    expect(await table.get(priceCountKey(price?.id ?? ''), { consistent: true })).toMatchObject({ live: 1 })
    expect((await listHistory(table, account.id, { limit: 5 })).entries).toEqual([
      expect.objectContaining({ kind: 'new', paymentId: pending.id, startedAt: at + minuteMs }),
    ])
    const after = await table.get(walletKey(account.id), { consistent: true })
    expect(after).toMatchObject({ createdAt, updatedAt: at + minuteMs })

    // Again, as whoever comes second sends it: everything that guards says no, and nothing is doubled.
    expect(await write(table, plan.writes, { ...later, walletCreatedAt: createdAt })).toEqual(
      expect.arrayContaining(['payment', 'charge', 'account', 'wallet', 'subscription', 'history', 'invoice']),
    )
    expect(await table.get(priceCountKey(price?.id ?? ''), { consistent: true })).toMatchObject({ live: 1 })
    expect(await table.get(walletKey(account.id), { consistent: true })).toEqual(after)
  })

  it('leaves its notice in the outbox with the call for a number, each for its queue', async () => {
    const real = Date.parse('2026-03-01T00:30:00.000Z')
    const one = invoice(payment({ accountId: 'acc_told' }))
    const data = { paymentId: one.paymentId, amountMinor: 5, periodEnd: null }
    const told: PaymentWrite = { row: 'notice', accountId: 'acc_told', kind: 'payment.completed', data }
    expect(await write(table, [{ row: 'invoice', next: one }, told], { at: { now: at, real } })).toBeUndefined()
    const pages = await Promise.all(outboxPartitions(real, 1).map((pk) => table.query({ pk, limit: 10 })))
    const rows = pages.flatMap(({ items }) => items)
    expect(rows).toHaveLength(1)
    const messages = rows.flatMap(messagesOf)
    expect(messages).toHaveLength(2)
    expect(messages).toContainEqual({ queue: 'number', message: { series: 'INV-2026', requestId: 'req-1' } })
    expect(messages).toContainEqual({
      queue: 'outbox',
      message: {
        id: expect.stringMatching(/^out_/),
        kind: 'payment.completed',
        accountId: 'acc_told',
        data,
        requestId: 'req-1',
        createdAt: at,
      },
    })
  })

  it('calls for a number by a row of its own where nobody is told of anything, and for each series that waits', async () => {
    const real = Date.parse('2026-03-02T00:30:00.000Z')
    const one = invoice(payment({ accountId: 'acc_untold' }))
    const other = { ...invoice(payment({ accountId: 'acc_untold' })), series: 'CN-2026' }
    const told: PaymentWrite = { row: 'notice', accountId: 'acc_untold', kind: 'refund.completed', data: {} }
    const sent = async (hour: string, writes: PaymentWrite[]) => {
      const at = Date.parse(hour)
      expect(await write(table, writes, { at: { now: at, real: at } })).toBeUndefined()
      const pages = await Promise.all(outboxPartitions(at, 1).map((pk) => table.query({ pk, limit: 10 })))
      return pages.flatMap(({ items }) => items).map((row) => messagesOf(row).map(({ queue }) => queue))
    }
    expect(await sent(new Date(real).toISOString(), [{ row: 'invoice', next: one }])).toEqual([['number']])
    const second = { ...one, id: idAt('inv'), series: 'INV-2027' }
    const three: PaymentWrite[] = [{ row: 'invoice', next: second }, told, { row: 'invoice', next: other }]
    const queues = await sent('2026-03-03T00:30:00.000Z', three)
    expect(queues.toSorted((a, b) => b.length - a.length)).toEqual([['outbox', 'number'], ['number']])
  })

  it('a row of the outbox from before there were queues goes to the notices', () => {
    const row = { pk: 'OUT#x#0', sk: 'out_1', entity: 'outbox', v: 1, id: 'out_1', kind: 'usage_limit' }
    expect(messagesOf(row)).toEqual([{ queue: 'outbox', message: { id: 'out_1', kind: 'usage_limit' } }])
    expect(() => messagesOf({ ...row, queue: 'audit' })).toThrow('its own shape')
  })
})

function fail(): never {
  throw new Error('it is not there')
}

describe('a coupon', () => {
  it('at its cap goes to as many as may have it, whoever asks at once; what is given back goes to the next', async () => {
    const take: PaymentWrite = { row: 'coupon', code: 'Last5', by: 1, max: 5 }
    const answers = await Promise.all(Array.from({ length: 20 }, () => insist([take])))
    expect(answers.filter((refused) => refused === undefined)).toHaveLength(5)
    expect(await couponCount(table, 'LAST5')).toBe(5)
    expect(await insist([{ row: 'coupon', code: 'last5', by: -1 }])).toBeUndefined()
    expect(await insist([take])).toBeUndefined()
    expect(await insist([take])).toEqual(['coupon'])
    expect(await couponCount(table, 'last5')).toBe(5)
  })

  it('without a cap just counts; one that nobody used is at 0', async () => {
    expect(await couponCount(table, 'OPEN')).toBe(0)
    for (let n = 0; n < 3; n++) await write(table, [{ row: 'coupon', code: 'OPEN', by: 1 }])
    expect(await couponCount(table, 'open')).toBe(3)
  })
})

describe('a manual discount', () => {
  const given = (id: string) => ({
    id,
    accountId: 'acc_given',
    amountOffMinor: 100,
    currency: 'INR',
    productId: 'thing',
    reason: 'Sorry',
    expiresAt: at + 1,
    ver: 1,
  })
  const move = (id: string, paymentId: string, take: boolean): PaymentWrite[] => [
    { row: 'manualDiscount', accountId: 'acc_given', id, paymentId, take },
  ]

  it('is taken by one of ten, freed by that one only, and open again then', async () => {
    const one = given(idAt('dsc'))
    await table.write([putManualDiscountWrite(one, at)])
    expect(await table.write([putManualDiscountWrite(one, at)])).toMatchObject({ committed: false })
    expect(await openManualDiscounts(table, 'acc_given')).toEqual([one])
    const takers = Array.from({ length: 10 }, (_, index) => `fpay_${index}`)
    const answers = await Promise.all(takers.map((payer) => insist(move(one.id, payer, true))))
    const [winner] = takers.filter((_payer, index) => answers[index] === undefined)
    expect(answers.filter((refused) => refused === undefined)).toHaveLength(1)
    expect(await openManualDiscounts(table, 'acc_given')).toEqual([])
    expect(await write(table, move(one.id, 'fpay_other', false))).toEqual(['manualDiscount'])
    expect(await write(table, move(one.id, winner ?? '', false))).toBeUndefined()
    expect(await write(table, move(one.id, winner ?? '', false))).toEqual(['manualDiscount'])
    expect(await openManualDiscounts(table, 'acc_given')).toEqual([{ ...one, ver: 3 }])
  })

  it('that nobody gave is refused, and none is made', async () => {
    expect(await write(table, move('dsc_none', 'fpay_1', true))).toEqual(['manualDiscount'])
    expect((await openManualDiscounts(table, 'acc_given')).map(({ id }) => id)).not.toContain('dsc_none')
  })
})

describe('what a window has given', () => {
  const use = { row: 'discountUse' as const, accountId: 'acc_use', group: 'things', windowId: 'month#2026-01' }
  const used = () => findDiscountUse(table, 'acc_use', 'things', 'month#2026-01')

  it('is taken where it is still what was seen, and given back by what was taken', async () => {
    const none = { free: 0, percent: 0 }
    const first: PaymentWrite = { ...use, by: { free: 1, percent: 2 }, seen: none }
    expect(await used()).toBeUndefined()
    expect(await write(table, [{ ...use, by: { free: -1, percent: 0 } }])).toEqual(['discountUse'])
    const answers = await Promise.all([insist([first]), insist([first]), insist([first])])
    expect(answers.filter((refused) => refused === undefined)).toHaveLength(1)
    expect(await used()).toEqual({ free: 1, percent: 2 })
    expect(await write(table, [{ ...use, by: { free: 1, percent: 0 }, seen: { free: 1, percent: 1 } }])).toEqual([
      'discountUse',
    ])
    expect(await write(table, [{ ...use, by: { free: 1, percent: 0 }, seen: { free: 1, percent: 2 } }])).toBeUndefined()
    expect(await write(table, [{ ...use, by: { free: -1, percent: -2 } }])).toBeUndefined()
    expect(await used()).toEqual({ free: 1, percent: 0 })
    expect(await write(table, [{ ...use, by: { free: -1, percent: 0 } }])).toBeUndefined()
    expect(await write(table, [first])).toBeUndefined()
    expect(await used()).toEqual({ free: 1, percent: 2 })
  })
})

describe('account credit', () => {
  const change = (credit: Parameters<typeof planCredit>[0], amountMinor: number, about: string) =>
    planCredit(credit, { cause: 'paid_in', amountMinor, paymentId: 'fpay_1', about }, at) ?? fail()

  it('moves on the version that was seen, each cause once; its first instant stays', async () => {
    const first = change(noCredit('acc_money', 'INR'), 100, 'pay_1')
    expect(await write(table, [{ row: 'credit', change: first }])).toBeUndefined()
    expect(await write(table, [{ row: 'credit', change: first }])).toEqual(['credit', 'credit'])
    // The same cause on the balance as it is by now: only the entry stands against it.
    expect(await write(table, [{ row: 'credit', change: change(first.next, 100, 'pay_1') }])).toEqual(['credit'])
    expect(await findAccountCredit(table, 'acc_money', 'INR')).toEqual(first.next)
    const second = change(first.next, 50, 'pay_2')
    const answers = await Promise.all(
      ['pay_2', 'pay_3', 'pay_4'].map((about) => insist([{ row: 'credit', change: change(first.next, 50, about) }])),
    )
    expect(answers.filter((refused) => refused === undefined)).toHaveLength(1)
    expect(await findAccountCredit(table, 'acc_money', 'INR')).toEqual({ ...second.next, balanceMinor: 150, ver: 2 })
    const entry = creditEntryKey('acc_money', 'INR', guardOf('i', 'accountCredit', first.entry.id))
    expect(await table.get(entry)).toMatchObject({ ...first.entry })
    expect(await findAccountCredit(table, 'acc_money', 'USD')).toBeUndefined()
  })
})

describe('purchases', () => {
  it('are put once, revoked on their version, and listed newest first', async () => {
    const made = [1, 2, 3].map((minute) =>
      purchaseOf({ id: idAt('pur', at + minute * minuteMs), accountId: 'acc_list_buys' }),
    )
    for (const next of made) await write(table, [{ row: 'purchase', next, seenVer: 0 }])
    const [oldest] = made
    if (!oldest) return fail()
    const revoked = { ...oldest, revokedAt: at, ver: 2 }
    expect(await write(table, [{ row: 'purchase', next: revoked, seenVer: 0 }])).toEqual(['purchase'])
    expect(await write(table, [{ row: 'purchase', next: revoked, seenVer: 1 }])).toBeUndefined()
    expect(await write(table, [{ row: 'purchase', next: revoked, seenVer: 1 }])).toEqual(['purchase'])
    const first = await listPurchases(table, 'acc_list_buys', { limit: 2 })
    expect(first).toEqual({ purchases: [made[2], made[1]], more: true })
    const rest = await listPurchases(table, 'acc_list_buys', { limit: 2, before: first.purchases[1]?.id ?? '' })
    expect(rest).toEqual({ purchases: [revoked], more: false })
  })
})

describe('a provider’s order', () => {
  it('leads to its payment, with what the browser needs, also when written twice', async () => {
    const checkout = { key: 'rzp_test', nested: { empty: '', list: [1, null, 'x'] }, amount: 1.5 }
    const pointer = {
      provider: 'razorpay' as const,
      providerOrderId: 'order_1',
      paymentId: 'fpay_1',
      accountId: 'acc_1',
    }
    for (const _time of [1, 2])
      expect(await table.write([putOrderWrite({ ...pointer, checkout }, { now: at, real: at })])).toEqual({
        committed: true,
      })
    expect(await findOrder(table, 'razorpay', 'order_1')).toEqual({ paymentId: 'fpay_1', accountId: 'acc_1', checkout })
    expect(await findOrder(table, 'paystack', 'order_1')).toBeUndefined()
    const item = await table.get({ pk: 'ORDER#razorpay#order_1', sk: 'ORDER' }, { consistent: true })
    expect(item?.ttl).toBe(at / 1000 + 400 * 86_400)
    await spoil(table, item ?? fail(), { checkout: '[1]' })
    await expect(findOrder(table, 'razorpay', 'order_1')).rejects.toThrow()
  })
})

it('a plan is all or nothing: one refused row leaves no trace of the others', async () => {
  const one = payment({ accountId: 'acc_all' })
  const writes: PaymentWrite[] = [
    { row: 'payment', next: one, seenVer: 0 },
    { row: 'purchase', next: purchaseOf({ accountId: 'acc_all' }), seenVer: 0 },
    { row: 'invoice', next: invoice(one) },
    { row: 'manualDiscount', accountId: 'acc_all', id: 'dsc_none', paymentId: one.id, take: true },
  ]
  expect(await write(table, writes)).toEqual(['manualDiscount'])
  expect((await table.query({ pk: accountPk('acc_all'), limit: 10, consistent: true })).items).toEqual([])
  expect(await write(table, writes.slice(0, 3))).toBeUndefined()
  expect(await write(table, [{ row: 'payment', next: nextOf(one), seenVer: 1 }])).toBeUndefined()
})
