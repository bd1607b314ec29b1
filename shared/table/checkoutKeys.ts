import * as z from 'zod/mini'
import type { Guard } from '#domain/guard'
import { operationKey } from './keys.ts'
import { absent, compare, type Item, type Table, type Write } from './port.ts'
import { read, stored, toItem } from './stored.ts'

/**
 * A checkout's idempotency key: it leads to the payment, for as long as that lives. `lockedUntil` is real time: until
 * then whoever made it may be asking the provider for an order, and nobody else does.
 */
export interface CheckoutKey {
  guard: Guard
  /** The caller's key as it came; absent when the server made one. */
  key?: string
  hash: string
  paymentId: string
  lockedUntil: number
}

const row = z.object({
  ...stored,
  key: z.exactOptional(z.string()),
  hash: z.string(),
  paymentId: z.string(),
  lockedUntil: z.int(),
})

export async function findCheckoutKey(table: Table, accountId: string, guard: Guard): Promise<CheckoutKey | undefined> {
  const item = await table.get(operationKey(accountId, guard), { consistent: true })
  if (!item) return undefined
  const { key, hash, paymentId, lockedUntil } = read(row, item)
  return { guard, ...(key !== undefined && { key }), hash, paymentId, lockedUntil }
}

export const putCheckoutKeyWrite = (accountId: string, { guard, ...body }: CheckoutKey, now: number): Write => ({
  kind: 'put',
  item: toItem('checkoutKey', operationKey(accountId, guard), { ...body, v: 1, createdAt: now, updatedAt: now }),
  when: absent,
})

/** Takes the right to ask the provider: only once whoever had it has had its time. */
export const lockCheckoutWrite = (accountId: string, guard: Guard, realNow: number, until: number): Write => ({
  kind: 'update',
  key: operationKey(accountId, guard),
  set: { lockedUntil: until },
  when: compare('lockedUntil', '<=', realNow),
})

/** Gives it back early, where it is still the turn that was taken: by `until` another caller has one of its own. */
export const unlockCheckoutWrite = (accountId: string, guard: Guard, until: number): Write => ({
  kind: 'update',
  key: operationKey(accountId, guard),
  set: { lockedUntil: 0 },
  when: { op: '=', attr: 'lockedUntil', value: until },
})

/** Until when the turn of a refused write is another caller's, real time. */
export const lockedUntilOf = (refused: Item | undefined): number => (refused ? read(row, refused).lockedUntil : 0)
