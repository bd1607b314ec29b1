import * as z from 'zod/mini'
import type { HistoryEntry } from '#domain/paymentWrite'
import { accountPk, historyEntryKey, historyEntryPrefix } from './keys.ts'
import { absent, type Item, type Table, type Write } from './port.ts'
import { type MembersOf, readBody, toItem } from './stored.ts'

const entry = z.object({
  id: z.string(),
  planId: z.string(),
  previousPlanId: z.nullable(z.string()),
  priceId: z.string(),
  kind: z.enum(['new', 'renewal', 'upgrade', 'downgrade', 'cancel', 'expire', 'grant']),
  startedAt: z.int(),
  endedAt: z.nullable(z.int()),
  amountMinor: z.int(),
  currency: z.string(),
  paymentId: z.nullable(z.string()),
  providerPaymentId: z.nullable(z.string()),
  methodId: z.exactOptional(z.string()),
} satisfies MembersOf<HistoryEntry>)

export const readHistoryEntry = (item: Item): HistoryEntry => readBody(entry, item)

/** What became of an account's subscriptions, newest first, from before the id given. */
export async function listHistory(
  table: Table,
  accountId: string,
  { limit, before, consistent = false }: { limit: number; before?: string; consistent?: boolean },
): Promise<{ entries: HistoryEntry[]; more: boolean }> {
  const { items, next } = await table.query({
    pk: accountPk(accountId),
    sk: { beginsWith: historyEntryPrefix },
    descending: true,
    limit,
    consistent,
    ...(before !== undefined && { after: { ...historyEntryKey(accountId, before) } }),
  })
  return { entries: items.map(readHistoryEntry), more: next !== undefined }
}

/** It can only be put. */
export const putHistoryWrite = (accountId: string, next: HistoryEntry, now: number): Write => ({
  kind: 'put',
  item: toItem('subscriptionHistory', historyEntryKey(accountId, next.id), {
    v: 1,
    createdAt: now,
    updatedAt: now,
    ...next,
  }),
  when: absent,
})
