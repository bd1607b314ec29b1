import { type CatalogueDiscount, type DiscountUse, hasUnitsLeft, type ManualDiscount } from './discount.ts'
import { captures, isInFlight, type Payment } from './payment.ts'
import type { PaymentWrite } from './paymentWrite.ts'
import { type AccountCredit, type CreditChange, joinedCredit, noCredit, planCredit } from './settlementCredit.ts'

/**
 * Who has by now what an order gave back; read where a payment's holds were released. Absent: there is none.
 * Of one that holds its own still: the manual discount alone, which may be gone.
 */
export interface HoldsNow {
  /** Redemptions of the coupon, and its cap. */
  redeemed?: number
  couponMax?: number
  manual?: ManualDiscount
  /** Of the window that the order held units of, and what the plan gives in one. */
  used?: DiscountUse
  discount?: CatalogueDiscount
}

type Held = Pick<Payment, 'id' | 'accountId' | 'currency' | 'holds'>

/** What giving back rests on. `credit`: the account's, in the payment's currency; `manual`: the discount that it holds. */
export interface HeldRows {
  credit: AccountCredit | undefined
  manual: ManualDiscount | undefined
}

/**
 * Gives back what a checkout took from others. A manual discount goes with its account's erasure: what is gone, or another
 * order's, is left alone, or nothing else could ever be given back.
 */
export function releaseWrites(payment: Held, { credit, manual }: HeldRows, now: number): PaymentWrite[] {
  const { id, accountId, currency, holds } = payment
  const writes: PaymentWrite[] = holds.coupon ? [{ row: 'coupon', code: holds.coupon.code, by: -1 }] : []
  if (manual && manual.id === holds.manualDiscountId && manual.paymentId === id)
    writes.push({ row: 'manualDiscount', accountId, id: manual.id, paymentId: id, take: false })
  if (holds.discount) {
    const { group, windowId, free, percent } = holds.discount
    writes.push({ row: 'discountUse', accountId, group, windowId, by: { free: -free, percent: -percent } })
  }
  if (holds.creditMinor !== undefined && holds.creditMinor > 0) {
    const change = planCredit(
      credit ?? noCredit(accountId, currency),
      { cause: 'released', amountMinor: holds.creditMinor, paymentId: id, about: id },
      now,
    )
    if (change) writes.push({ row: 'credit', change })
  }
  return writes
}

/**
 * Takes again what the order had given back, for money that has its effect after all. Undefined: somebody else has it by
 * now. `about`: the provider payment, of which each is settled once; the checkout's own taking has the payment's id.
 */
export function retakeWrites(
  payment: Held,
  credit: AccountCredit | undefined,
  has: HoldsNow,
  about: string,
  now: number,
): PaymentWrite[] | undefined {
  const { id, accountId, holds } = payment
  const writes: PaymentWrite[] = []
  if (holds.coupon) {
    const { redeemed = 0, couponMax: max } = has
    if (max !== undefined && redeemed >= max) return undefined
    writes.push({ row: 'coupon', code: holds.coupon.code, by: 1, ...(max !== undefined && { max }) })
  }
  if (holds.manualDiscountId !== undefined) {
    if (!has.manual || has.manual.paymentId !== undefined) return undefined
    writes.push({ row: 'manualDiscount', accountId, id: holds.manualDiscountId, paymentId: id, take: true })
  }
  const units = unitsRetaken(payment, has)
  const taken = creditRetaken(payment, credit, about, now)
  return units && taken && [...writes, ...units, ...taken]
}

function unitsRetaken(
  { accountId, holds }: Held,
  { discount, used = { free: 0, percent: 0 } }: HoldsNow,
): PaymentWrite[] | undefined {
  if (!holds.discount) return []
  if (!hasUnitsLeft(discount, holds.discount, used)) return undefined
  const { group, windowId, free, percent } = holds.discount
  return [{ row: 'discountUse', accountId, group, windowId, by: { free, percent }, seen: used }]
}

function creditRetaken(
  { id, holds }: Held,
  credit: AccountCredit | undefined,
  about: string,
  now: number,
): PaymentWrite[] | undefined {
  if (!holds.creditMinor) return []
  const taken = { cause: 'taken' as const, amountMinor: -holds.creditMinor, paymentId: id, about }
  const change = credit && planCredit(credit, taken, now)
  return change && [{ row: 'credit', change }]
}

/** The writes with one row of account credit at most: a transaction writes an item once. Undefined: there is too little. */
export function withOneCredit(writes: PaymentWrite[]): PaymentWrite[] | undefined {
  const changes = writes.flatMap((write): CreditChange[] => (write.row === 'credit' ? [write.change] : []))
  if (changes.length < 2) return writes
  const change = joinedCredit(changes)
  return change && [...writes.filter(({ row }) => row !== 'credit'), { row: 'credit', change }]
}

/**
 * Gives back what a failed attempt holds, before its time is over: what is tried again is another payment, and may need
 * it. Money that comes in for this one later has its effect only where all of it can be taken again.
 * Undefined: it holds nothing, or money is in or on its way.
 */
export function planRelease(
  payment: Payment,
  held: HeldRows,
  now: number,
): { next: Payment; writes: PaymentWrite[] } | undefined {
  if (payment.released || payment.settled || captures(payment).length > 0 || isInFlight(payment)) return undefined
  const given = releaseWrites(payment, held, now)
  if (given.length === 0) return undefined
  const next = { ...payment, released: true, ver: payment.ver + 1, updatedAt: now }
  return { next, writes: [{ row: 'payment', next, seenVer: payment.ver }, ...given] }
}
