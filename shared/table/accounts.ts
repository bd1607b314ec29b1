import * as z from 'zod/mini'
import type { Account } from '#domain/account'
import { tombstoneEntity } from './erased.ts'
import { accountDirectory, accountKey, accountShards, shardOf } from './keys.ts'
import { absent, equals, type Item, type Table, type Write } from './port.ts'
import { read, stored, toItem } from './stored.ts'
import { decodeTerms, encodeTerms, storedTerms } from './termsItem.ts'

const span = { start: z.int(), end: z.nullable(z.int()) }

const account = z.object({
  ...stored,
  id: z.string(),
  /** Raised by every write; a write requires the version it saw. */
  ver: z.int(),
  email: z.exactOptional(z.string()),
  name: z.exactOptional(z.string()),
  currency: z.exactOptional(z.string()),
  hasPaid: z.exactOptional(z.boolean()),
  country: z.exactOptional(z.string()),
  metadata: z.exactOptional(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))),
  zones: z.array(z.object({ zone: z.string(), from: z.int() })),
  plan: z.nullable(storedTerms),
  subscriptionId: z.exactOptional(z.string()),
  complimentary: z.exactOptional(z.boolean()),
  accessEnd: z.exactOptional(z.int()),
  period: z.exactOptional(
    z.object({
      ...span,
      until: z.exactOptional(z.int()),
      earlier: z.exactOptional(z.array(z.object({ start: z.int(), end: z.int() }))),
      ahead: z.exactOptional(z.array(z.int())),
    }),
  ),
  suspended: z.boolean(),
  preferences: z.object({
    overage: z.boolean(),
    aiService: z.enum(['auto', 'gemini', 'gpt-4o']),
    usageAlerts: z.boolean(),
    subscriptionExpiry: z.boolean(),
    marketing: z.boolean(),
  }),
  erasingAt: z.exactOptional(z.int()),
  returnedFrom: z.exactOptional(z.int()),
})

/** Everything that `check` needs to decide, and who the account is. Kept below 4 KB, so that reading it costs one unit. */
export function readAccount(item: Item): Account {
  const { plan, ...rest } = read(account, item)
  return { ...rest, plan: plan && decodeTerms(plan) }
}

/** The account, or undefined: an erased one is none. Eventually consistent unless asked. */
export async function findAccount(
  table: Table,
  accountId: string,
  options?: { consistent?: boolean },
): Promise<Account | undefined> {
  const item = await table.get(accountKey(accountId), options)
  return item && accountIn(item)
}

/** What lies in an account's place: the account, or undefined for one that was erased. */
export const accountIn = (item: Item): Account | undefined =>
  item.entity === tombstoneEntity ? undefined : readAccount(item)

/** The next version of an account, on condition that nobody wrote since `seen`; the first when `seen` is undefined. */
export function putAccountWrite(
  next: Account,
  seen: Pick<Account, 'ver'> | undefined,
): Extract<Write, { kind: 'put' }> {
  const key = accountKey(next.id)
  const body = {
    ...next,
    plan: next.plan && encodeTerms(next.plan),
    gsi1pk: accountDirectory(shardOf(next.id, accountShards)),
    gsi1sk: next.id,
  }
  return { kind: 'put', item: toItem('account', key, body), when: seen ? equals('ver', seen.ver) : absent }
}
