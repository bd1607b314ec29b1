import * as z from 'zod/mini'
import type { Purchase } from '#domain/paymentWrite'
import { accountPk, purchaseKey, purchasePrefix } from './keys.ts'
import { absent, equals, type Item, type Table, type Write } from './port.ts'
import { type MembersOf, readBody, toItem } from './stored.ts'

const purchase = z.object({
  id: z.string(),
  accountId: z.string(),
  paymentId: z.string(),
  productId: z.string(),
  name: z.string(),
  group: z.string(),
  quantity: z.int(),
  amountMinor: z.int(),
  currency: z.string(),
  createdAt: z.int(),
  revokedAt: z.exactOptional(z.int()),
  claimedBy: z.exactOptional(z.string()),
  ver: z.int(),
} satisfies MembersOf<Purchase>)

export const readPurchase = (item: Item): Purchase => readBody(purchase, item)

/** Where it lies now: a visitor's leads to the account that claimed it. Consistent: refunds decide on it. */
export async function findPurchase(table: Table, accountId: string, id: string): Promise<Purchase | undefined> {
  const item = await table.get(purchaseKey(accountId, id), { consistent: true })
  const found = item && readPurchase(item)
  return found?.claimedBy === undefined ? found : findPurchase(table, found.claimedBy, id)
}

/** Newest first, from before the id given; a visitor's that were claimed are among them. */
export async function listPurchases(
  table: Table,
  accountId: string,
  { limit, before, consistent = false }: { limit: number; before?: string; consistent?: boolean },
): Promise<{ purchases: Purchase[]; more: boolean }> {
  const { items, next } = await table.query({
    pk: accountPk(accountId),
    sk: { beginsWith: purchasePrefix },
    descending: true,
    limit,
    consistent,
    ...(before !== undefined && { after: { ...purchaseKey(accountId, before) } }),
  })
  return { purchases: items.map(readPurchase), more: next !== undefined }
}

/** The next state on the version that was seen; `seenVer` 0: nothing is stored yet. */
export const putPurchaseWrite = (next: Purchase, seenVer: number, now: number): Write => ({
  kind: 'put',
  item: toItem('purchase', purchaseKey(next.accountId, next.id), { ...next, v: 1, updatedAt: now }),
  when: seenVer === 0 ? absent : equals('ver', seenVer),
})
