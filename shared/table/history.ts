import * as z from 'zod/mini'
import { paymentProviders } from '#domain/moneyCharge'
import type { HistoryEntry } from '#domain/paymentWrite'
import { accountPk, historyEntryKey, historyEntryPrefix } from './keys.ts'
import { absent, type Item, type Table, type Write } from './port.ts'
import { type MembersOf, readBody, toItem } from './stored.ts'

const entry = z.object({
  id: z.string(),
  planId: z.string(),
  previousPlanId: z.nullable(z.string()),
  priceId: z.string(),
  kind: z.enum(['new', 'renewal', 'upgrade', 'downgrade', 'cancel', 'expire', 'grant', 'import']),
  startedAt: z.int(),
  endedAt: z.nullable(z.int()),
  amountMinor: z.int(),
  currency: z.string(),
  paymentId: z.nullable(z.string()),
  providerPaymentId: z.nullable(z.string()),
  provider: z.exactOptional(z.enum(paymentProviders)),
  methodId: z.exactOptional(z.string()),
  methodLabel: z.exactOptional(z.string()),
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

/** The lines after one and that one itself, the oldest first: what they replace is told by whoever shows older ones. */
export async function laterHistory(
  table: Table,
  accountId: string,
  { from, limit }: { from: string; limit: number },
): Promise<HistoryEntry[]> {
  const { items } = await table.query({
    pk: accountPk(accountId),
    sk: { from: historyEntryKey(accountId, from).sk, to: `${historyEntryPrefix}~` },
    limit,
  })
  return items.map(readHistoryEntry)
}

/** Whether a line is there; consistent. */
export const hasHistoryEntry = async (table: Table, accountId: string, id: string): Promise<boolean> =>
  (await table.get(historyEntryKey(accountId, id), { consistent: true })) !== undefined

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
