import * as z from 'zod/mini'
import { couponKey } from '#domain/coupon'
import type { DiscountUse, ManualDiscount } from '#domain/discount'
import { accountPk, couponCountKey, discountUseKey, manualDiscountKey, manualDiscountPrefix } from './keys.ts'
import {
  absent,
  both,
  type Condition,
  compare,
  either,
  equals,
  type Item,
  lacks,
  present,
  type Table,
  type Write,
} from './port.ts'
import { type MembersOf, read, readBody, toItem } from './stored.ts'

const count = z.object({ n: z.int() })

/** Redemptions of a coupon so far, unpaid checkouts included; read consistently, and looked at again by the write. */
export async function couponCount(table: Table, code: string): Promise<number> {
  const item = await table.get(couponCountKey(couponKey(code)), { consistent: true })
  return item ? read(count, item).n : 0
}

/** `by: 1` with a cap: only while fewer have it, so that the last one goes to one buyer. `by: -1` gives one back. */
export const countCouponWrite = (code: string, by: 1 | -1, max: number | undefined, now: number): Write => ({
  kind: 'update',
  key: couponCountKey(couponKey(code)),
  set: { entity: 'couponCount', v: 1, updatedAt: now },
  add: { n: by },
  when: by === 1 && max !== undefined ? either(lacks('n'), compare('n', '<', max)) : 'unconditional',
})

const manual = z.object({
  id: z.string(),
  accountId: z.string(),
  percentOff: z.exactOptional(z.number()),
  amountOffMinor: z.exactOptional(z.int()),
  currency: z.exactOptional(z.string()),
  planId: z.exactOptional(z.string()),
  productId: z.exactOptional(z.string()),
  group: z.exactOptional(z.string()),
  reason: z.string(),
  expiresAt: z.int(),
  paymentId: z.exactOptional(z.string()),
  ver: z.int(),
} satisfies MembersOf<ManualDiscount>)

export const readManualDiscount = (item: Item): ManualDiscount => readBody(manual, item)

/** Those of an account that no payment has, read consistently; whether one is over is the reader's question, who has the clock. */
export async function openManualDiscounts(table: Table, accountId: string): Promise<ManualDiscount[]> {
  const found: ManualDiscount[] = []
  let after: Record<string, string> | undefined
  do {
    const page = await table.query({
      pk: accountPk(accountId),
      sk: { beginsWith: manualDiscountPrefix },
      limit: 100,
      consistent: true,
      ...(after && { after }),
    })
    found.push(...page.items.map(readManualDiscount).filter(({ paymentId }) => paymentId === undefined))
    after = page.next
  } while (after)
  return found
}

/** Given by staff: only where there is none. */
export const putManualDiscountWrite = (next: ManualDiscount, now: number): Write => ({
  kind: 'put',
  item: toItem('manualDiscount', manualDiscountKey(next.accountId, next.id), {
    v: 1,
    createdAt: now,
    updatedAt: now,
    ...next,
  }),
  when: absent,
})

/** Takes one that nobody has, so that two checkouts cannot both have it; frees it only for the payment that has it. */
export function manualDiscountWrite(
  { accountId, id, paymentId, take }: { accountId: string; id: string; paymentId: string; take: boolean },
  now: number,
): Write {
  const key = manualDiscountKey(accountId, id)
  const common = { kind: 'update' as const, key, add: { ver: 1 } }
  return take
    ? { ...common, set: { paymentId, updatedAt: now }, when: both(present, lacks('paymentId')) }
    : { ...common, set: { updatedAt: now }, remove: ['paymentId'], when: equals('paymentId', paymentId) }
}

const use = z.object({ free: z.int(), percent: z.int() } satisfies MembersOf<DiscountUse>)

/** What a window has given; undefined: nothing. Read consistently: the write takes it only where it is still so. */
export async function findDiscountUse(
  table: Table,
  accountId: string,
  group: string,
  windowId: string,
): Promise<DiscountUse | undefined> {
  const item = await table.get(discountUseKey(accountId, group, windowId), { consistent: true })
  return item && readBody(use, item)
}

/** A window is a billing period at most, and a payment expires within days of its checkout. */
const useKeptSeconds = 400 * 86_400

/**
 * With `seen`: takes `by` where the window has still given what was seen, so that two checkouts cannot both have the last
 * unit. Without: gives back (`by` below zero).
 */
export function discountUseWrite(
  {
    accountId,
    group,
    windowId,
    by,
    seen,
  }: {
    accountId: string
    group: string
    windowId: string
    by: DiscountUse
    seen?: DiscountUse
  },
  at: { now: number; real: number },
): Write {
  const key = discountUseKey(accountId, group, windowId)
  if (!seen)
    return {
      kind: 'update',
      key,
      set: { updatedAt: at.now },
      add: { free: by.free, percent: by.percent },
      // What was taken is there: without it the counts would fall below nothing, and give more than the plan does.
      when: present,
    }
  return {
    kind: 'update',
    key,
    set: {
      entity: 'discountUse',
      v: 1,
      updatedAt: at.now,
      ttl: Math.ceil(at.real / 1000) + useKeptSeconds,
      free: seen.free + by.free,
      percent: seen.percent + by.percent,
    },
    when: isStill(seen),
  }
}

/** A window that has given nothing may have no row. */
function isStill({ free, percent }: DiscountUse): Condition {
  const same = both(equals('free', free), equals('percent', percent))
  return free === 0 && percent === 0 ? either(absent, same) : same
}
