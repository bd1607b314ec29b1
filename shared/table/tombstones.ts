import * as z from 'zod/mini'
import type { Account } from '#domain/account'
import type { Tombstone } from '#domain/erasure'
import { readAccount } from './accounts.ts'
import { tombstoneEntity } from './erased.ts'
import { accountKey, erasureKey } from './keys.ts'
import { both, equals, type Item, type Table, type Write } from './port.ts'
import { type MembersOf, readBody, toItem } from './stored.ts'

const tombstone = z.object({
  id: z.string(),
  erasedAt: z.int(),
  currency: z.exactOptional(z.string()),
  wallet: z.object({ seq: z.int(), version: z.int(), epoch: z.int() } satisfies MembersOf<Tombstone['wallet']>),
  ver: z.int(),
} satisfies MembersOf<Tombstone>)

/** In an account's place; undefined when what lies there is an account. */
export const readTombstone = (item: Item): Tombstone | undefined =>
  item.entity === tombstoneEntity ? readBody(tombstone, item) : undefined

/** The account, or what is left of it, in one read. */
export async function findAccountOrTombstone(
  table: Table,
  accountId: string,
  options?: { consistent?: boolean },
): Promise<{ account?: Account; tombstone?: Tombstone }> {
  const item = await table.get(accountKey(accountId), options)
  if (!item) return {}
  const left = readTombstone(item)
  return left ? { tombstone: left } : { account: readAccount(item) }
}

export async function findTombstone(
  table: Table,
  accountId: string,
  options?: { consistent?: boolean },
): Promise<Tombstone | undefined> {
  const item = await table.get(accountKey(accountId), options)
  return item && readTombstone(item)
}

/** Takes the place of the account as it was seen. It is in no directory: nobody lists erased accounts as accounts. */
export const putTombstoneWrite = (next: Tombstone, seen: Pick<Account, 'ver'>): Write => ({
  kind: 'put',
  item: toItem(tombstoneEntity, accountKey(next.id), {
    ...next,
    v: 1,
    createdAt: next.erasedAt,
    updatedAt: next.erasedAt,
  }),
  when: equals('ver', seen.ver),
})

/** The tombstone that was seen, and no other: for the account that takes its place. */
export const tombstoneStands = ({ ver }: Pick<Tombstone, 'ver'>) =>
  both(equals('entity', tombstoneEntity), equals('ver', ver))

/** An erasure as it is told to a table restored from before it. Times are epoch milliseconds. */
export interface Erasure {
  accountId: string
  erasedAt: number
}
const erasure = z.object({ accountId: z.string(), erasedAt: z.int() } satisfies MembersOf<Erasure>)

/** A line of a list of erasures; undefined for anything else. */
export function readErasureLine(line: string): Erasure | undefined {
  try {
    return erasure.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}

const monthOf = (at: number): string => new Date(at).toISOString().slice(0, 7)

/** The last erasure of an account in a month counts. */
export function putErasureWrite(next: Erasure, at: { now: number; real: number }): Write {
  const body = { v: 1, createdAt: at.now, updatedAt: at.now, ...next }
  return {
    kind: 'put',
    item: toItem('erasure', erasureKey(monthOf(at.real), next.accountId), body),
    when: 'unconditional',
  }
}

const pageSize = 500

/** Every erasure of the months from one instant to another, in real time, by month and account. */
export async function* listErasures(table: Table, { from, to }: { from: number; to: number }): AsyncGenerator<Erasure> {
  for (let month = monthOf(from); month <= monthOf(to); month = monthAfter(month)) {
    let after: Record<string, string> | undefined
    do {
      const page = await table.query({ pk: erasureKey(month, '').pk, limit: pageSize, ...(after && { after }) })
      for (const item of page.items) yield readBody(erasure, item)
      after = page.next
    } while (after)
  }
}

function monthAfter(month: string): string {
  const first = new Date(`${month}-01T00:00:00.000Z`)
  return monthOf(first.setUTCMonth(first.getUTCMonth() + 1))
}
