import { describe, expect, it } from 'vitest'
import type { Account } from '#domain/account'
import type { ManualDiscount } from '#domain/discount'
import type { Payment } from '#domain/payment'
import { planExpiry } from '#domain/paymentExpiry'
import { type HeldRows, type HoldsNow, planRelease, withOneCredit } from '#domain/paymentHolds'
import type { PaymentWrite } from '#domain/paymentWrite'
import type { SettlementInput } from '#domain/settlement'
import { type AccountCredit, joinedCredit, noCredit, planCredit } from '#domain/settlementCredit'
import { planReview } from '#domain/settlementReview'
import {
  accountOf,
  at,
  catalogueOf,
  payId,
  paymentOf,
  provided,
  rowOf,
  rowsOf,
  seenOf,
  settle,
  settlementInput,
} from './paymentSupport.ts'

const catalogue = catalogueOf('example')
const now = at + 60_000
const holds = {
  coupon: { code: 'SPRING' },
  manualDiscountId: 'disc_1',
  discount: { group: 'things', windowId: 'w1', free: 1, percent: 2 },
  creditMinor: 300,
}
const held = (over: Partial<Payment> = {}): Payment => ({ ...paymentOf({ holds }), ...over })
const creditOf = (balanceMinor: number): AccountCredit => ({
  ...noCredit('acc_1', 'INR'),
  balanceMinor,
  ver: 4,
})
const manual: ManualDiscount = { id: 'disc_1', accountId: 'acc_1', percentOff: 10, reason: 'x', expiresAt: at, ver: 1 }
/** Nobody has taken what was given back. */
const free: HoldsNow = {
  redeemed: 4,
  couponMax: 5,
  manual,
  used: { free: 0, percent: 3 },
  discount: { planId: 'free', group: 'things', freePerPeriod: 1, percentOff: 10, upTo: 5 },
}
/** The order has its discount still. */
const taken: ManualDiscount = { ...manual, paymentId: payId }
const rowsHeld = (balanceMinor: number): HeldRows => ({ credit: creditOf(balanceMinor), manual: taken })
const inputOf = (payment: Payment, over: Partial<SettlementInput> = {}): SettlementInput =>
  settlementInput(catalogue, payment, { credit: creditOf(0), holds: { manual: taken }, ...over })

/** What a plan moves of what others may want. */
const moved = (writes: readonly PaymentWrite[]): unknown[] =>
  writes.flatMap((write): unknown[] => {
    if (write.row === 'coupon') return [['coupon', write.by]]
    if (write.row === 'manualDiscount') return [['manual', write.take]]
    if (write.row === 'discountUse') return [['units', write.by.free, write.by.percent]]
    if (write.row !== 'credit') return []
    const { before = [], entry } = write.change
    return [...before, entry].map(({ cause, amountMinor }) => [cause, amountMinor])
  })
const back = [
  ['coupon', -1],
  ['manual', false],
  ['units', -1, -2],
  ['released', 300],
]
const again = [
  ['coupon', 1],
  ['manual', true],
  ['units', 1, 2],
  ['taken', -300],
]

const other: Partial<Account> = { currency: 'USD' }
const lateReasons: [string, Partial<SettlementInput>, string][] = [
  ['another currency', { account: accountOf(catalogue, other) }, 'account_credit'],
  ['an effect that is overtaken', { other: { kind: 'unlawful', reason: 'overtaken' } }, 'account_credit'],
  ['another amount', { seen: seenOf(held(), { amountMinor: 1 }) }, 'held'],
  ['money that went back before', { seen: seenOf(held(), { status: 'refunded', refundedMinor: 5 }) }, 'held'],
]

describe('what an order holds, when its money has no effect', () => {
  it.each(lateReasons)('goes back with %s', (_, over, as) => {
    const plan = settle(inputOf(held(), over))
    expect(plan.as).toBe(as)
    expect(plan.next.released).toBe(true)
    const paidIn = as === 'account_credit' ? [['paid_in', 100_000]] : []
    expect(moved(plan.writes)).toEqual([...back.slice(0, 3), ...paidIn, ['released', 300]])
    const credits = plan.writes.filter(({ row }) => row === 'credit')
    expect(credits).toHaveLength(1)
    const balanceMinor = as === 'held' ? 300 : 100_300
    expect(rowOf(plan.writes, 'credit').change.next).toMatchObject({ balanceMinor, ver: 5 })
    expect(rowOf(plan.writes, 'credit').change.entry.balanceAfterMinor).toBe(balanceMinor)
  })

  it('goes back once: not after it expired, and not with a second payment', () => {
    const expired = planExpiry(held({ expiresAt: now }), rowsHeld(0), now)
    if (expired.kind !== 'expire') throw new Error(expired.kind)
    expect(moved(expired.writes)).toEqual(back)
    const late = settle(inputOf(expired.next, { credit: creditOf(300) }))
    expect(late.next.flags).toEqual(['order_expired'])
    expect(moved(late.writes)).toEqual([['paid_in', 100_000]])
    const second = settle(inputOf(late.next, { seen: seenOf(held(), { providerPaymentId: 'pay_2' }) }))
    expect(moved(second.writes)).toEqual([['paid_in', 100_000]])
  })

  it('stays with an order that had its effect, whatever comes after', () => {
    const granted = settle(inputOf(held()))
    expect([granted.as, granted.next.released, moved(granted.writes)]).toEqual(['granted', false, []])
    for (const amountMinor of [100_000, 7]) {
      const seen = seenOf(held(), { providerPaymentId: 'pay_2', amountMinor })
      const second = settle(inputOf(granted.next, { seen }))
      expect(second.next.released).toBe(false)
      expect(moved(second.writes).filter((one) => !String(one).startsWith('paid_in'))).toEqual([])
    }
  })

  const { holds: _held, ...erased } = inputOf(held(), { account: undefined })
  const another: ManualDiscount = { ...manual, paymentId: 'fpay_2' }
  it.each<[string, SettlementInput]>([
    ['went with the account', erased],
    [
      'went with the account, whose login came back',
      { ...erased, ...inputOf(held({ progress: 'expired' })), holds: {} },
    ],
    ['is another order’s', inputOf(held(), { seen: seenOf(held(), { amountMinor: 1 }), holds: { manual: another } })],
  ])('goes back but for a discount that %s', (_, input) => {
    const given = moved(settle(input).writes).filter((one) => !String(one).startsWith('paid_in'))
    expect(given).toEqual(back.filter(([what]) => what !== 'manual'))
  })

  it('is taken again by the right payment after a wrong one', () => {
    const wrong = settle(inputOf(held(), { seen: seenOf(held(), { providerPaymentId: 'pay_0', amountMinor: 1 }) }))
    const right = settle(inputOf(wrong.next, { credit: creditOf(300), holds: free }))
    expect([right.as, right.next.released]).toEqual(['granted', false])
    expect(moved(right.writes)).toEqual(again)
    expect(rowOf(right.writes, 'credit').change.entry.id).toBe(`taken:${provided}`)
    const gone = settle(inputOf(wrong.next, { credit: creditOf(299), holds: free }))
    expect([gone.as, gone.next.flags]).toEqual(['account_credit', ['amount', 'order_expired', 'second_charge']])
    expect(moved(gone.writes)).toEqual([['paid_in', 100_000]])
  })
})

describe('an order that staff settle after it gave back what it held', () => {
  const expired = planExpiry(held({ expiresAt: now }), rowsHeld(0), now)
  if (expired.kind !== 'expire') throw new Error(expired.kind)
  const late = settle(inputOf(expired.next, { credit: creditOf(300) }))
  const decide = (balanceMinor: number, has: HoldsNow = free) =>
    planReview(
      inputOf(late.next, { credit: creditOf(balanceMinor), holds: has }),
      { providerPaymentId: provided, as: 'settled' },
      now,
    )

  it('takes it again, beside the money that had become credit', () => {
    const plan = decide(100_300)
    if (plan.kind !== 'settle') throw new Error(plan.kind)
    expect(plan.next).toMatchObject({ released: false, settled: { as: 'granted' } })
    expect(moved(plan.writes)).toEqual([...again.slice(0, 3), ['withdrawn', -100_000], ['taken', -300]])
    expect(rowsOf(plan.writes).filter((row) => row === 'credit')).toHaveLength(1)
    expect(rowOf(plan.writes, 'credit').change.next.balanceMinor).toBe(0)
    expect(rowOf(plan.writes, 'coupon')).toMatchObject({ max: 5 })
    expect(rowOf(plan.writes, 'discountUse').seen).toEqual({ free: 0, percent: 3 })
  })

  const { manual: _manual, ...noManual } = free
  const { discount: _discount, ...noDiscount } = free
  it.each<[string, number, HoldsNow]>([
    ['a minor unit of the credit is spent', 100_299, free],
    ['all of the credit is spent', 99_999, free],
    ['the coupon went to somebody else', 100_300, { ...free, redeemed: 5 }],
    ['the discount was taken by another order', 100_300, { ...free, manual: { ...manual, paymentId: 'fpay_2' } }],
    ['the discount was taken back', 100_300, noManual],
    ['the free unit is used', 100_300, { ...free, used: { free: 1, percent: 0 } }],
    ['a reduced unit is used', 100_300, { ...free, used: { free: 0, percent: 4 } }],
    ['the plan gives none any more', 100_300, noDiscount],
  ])('is refused when %s', (_, balance, has) =>
    expect(decide(balance, has)).toMatchObject({ kind: 'refused', code: 'conflict' }),
  )

  it('keeps the credit of the money when it is kept, and takes nothing', () => {
    const decision = { providerPaymentId: provided, as: 'kept' as const }
    const plan = planReview(inputOf(late.next, { credit: creditOf(300) }), decision, now)
    if (plan.kind !== 'settle') throw new Error(plan.kind)
    expect([plan.next.released, moved(plan.writes)]).toEqual([true, []])
  })
})

describe('a failed attempt', () => {
  const failed = held({ progress: 'failed', status: 'failed', attempt: { state: 'failed', at: now } })
  const release = planRelease(failed, rowsHeld(0), now)

  it('gives back what it holds before its time is over, once', () => {
    if (!release) throw new Error('nothing was released')
    expect(release.next).toMatchObject({ released: true, status: 'failed', ver: failed.ver + 1 })
    expect(moved(release.writes)).toEqual(back)
    expect(planRelease(release.next, rowsHeld(300), now)).toBeUndefined()
    const ended = planExpiry({ ...release.next, expiresAt: now }, rowsHeld(300), now)
    if (ended.kind !== 'expire') throw new Error(ended.kind)
    expect(moved(ended.writes)).toEqual([])
  })

  it('that is paid late has its effect where all of it can be taken again, and else becomes credit', () => {
    if (!release) throw new Error('nothing was released')
    expect(moved(settle(inputOf(release.next, { credit: creditOf(300), holds: free })).writes)).toEqual(again)
    const late = settle(inputOf(release.next, { credit: creditOf(0), holds: free }))
    expect([late.as, late.next.flags]).toEqual(['account_credit', ['order_expired']])
  })

  it.each<[string, Payment]>([
    ['holds nothing', paymentOf()],
    ['is on its way', held({ attempt: { state: 'processing', at: now } })],
    ['was settled', settle(inputOf(held())).next],
  ])('gives nothing back when it %s', (_, payment) => expect(planRelease(payment, rowsHeld(0), now)).toBeUndefined())
})

describe('movements of credit in one transaction', () => {
  const credit = creditOf(100)
  const change = (amountMinor: number) => {
    const cause = amountMinor > 0 ? ('surplus' as const) : ('taken' as const)
    const planned = planCredit(credit, { cause, amountMinor, paymentId: 'fpay_1', about: String(amountMinor) }, now)
    if (!planned) throw new Error('no change')
    return planned
  }

  it('are one write of the balance: what comes in first, each entry with the balance after it', () => {
    const joined = joinedCredit([change(-60), change(-70), change(40)])
    expect(joined?.next).toMatchObject({ balanceMinor: 10, ver: credit.ver + 1 })
    const entries = [...(joined?.before ?? []), joined?.entry]
    expect(entries.map((one) => [one?.amountMinor, one?.balanceAfterMinor])).toEqual([
      [40, 140],
      [-60, 80],
      [-70, 10],
    ])
  })

  it('are none when they take more than there is', () => {
    expect(joinedCredit([change(-60), change(-41)])).toBeUndefined()
    const writes = [change(-60), change(-41)].map((one): PaymentWrite => ({ row: 'credit', change: one }))
    expect(withOneCredit(writes)).toBeUndefined()
    expect(withOneCredit(writes.slice(0, 1))).toEqual(writes.slice(0, 1))
  })
})
