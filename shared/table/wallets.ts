import * as z from 'zod/mini'
import { guardOfBits } from '#domain/guard'
import type { Entry } from '#domain/walletDraft'
import { decodeMove, decodeWallet, encodeMove, encodeWallet, storedMove } from '#domain/walletItem'
import type { Wallet } from '#domain/walletState'
import { ledgerIndex, ledgerPosition, operationKey, walletKey } from './keys.ts'
import { absent, equals, type Item, type Table, type Write } from './port.ts'
import { read, stored, toItem } from './stored.ts'

/** A wallet with the image it was read from. */
export interface StoredWallet {
  wallet: Wallet
  createdAt: number
}

export const readWallet = (item: Item): StoredWallet => ({
  wallet: decodeWallet(item),
  createdAt: read(z.object(stored), item).createdAt,
})

/** What a write of a wallet needs of the one that was seen. */
export interface SeenWallet {
  wallet: Pick<Wallet, 'version'>
  createdAt: number
}

/** The next state on the version that was seen. A wallet that was never stored has version 0. */
export function putWalletWrite(
  accountId: string,
  next: Wallet,
  seen: SeenWallet | undefined,
  now: number,
): Extract<Write, { kind: 'put' }> {
  const body = { ...encodeWallet(next), v: 1, createdAt: seen?.createdAt ?? now, updatedAt: now }
  return {
    kind: 'put',
    item: toItem('wallet', walletKey(accountId), body),
    when: seen ? equals('ver', seen.wallet.version) : absent,
  }
}

/** What a row under a guard records of the call that wrote it. */
export interface Call {
  /** The caller's key as it came; absent when the server made one. */
  key?: string
  hash: string
  requestId: string
  actor: string
}

const refusal = z.object({ code: z.string(), detail: z.string(), extras: z.record(z.string(), z.unknown()) })
const guardRow = z.object({
  entity: z.string(),
  key: z.exactOptional(z.string()),
  hash: z.exactOptional(z.string()),
  /** What was answered; absent on entries that no call asked for. */
  answer: z.exactOptional(z.record(z.string(), z.unknown())),
  problem: z.exactOptional(refusal),
})
/** Whatever lies under a guard: ledger entry, usage event or refusal. */
export type GuardRow = z.output<typeof guardRow>
export const readGuardRow = (item: Item): GuardRow => read(guardRow, item)

/** As the directory index holds it: whoever adds a member here adds it there. */
const entryRow = z.object({
  v: stored.v,
  createdAt: stored.createdAt,
  id: z.string(),
  type: z.enum(['grant', 'deduct', 'commit', 'expire', 'refund', 'adjust']),
  amount: z.int(),
  seq: z.int(),
  balanceAfter: z.int(),
  moves: z.array(storedMove),
  effectiveAt: z.int(),
  reason: z.string(),
  reference: z.exactOptional(z.string()),
  hold: z.exactOptional(z.object({ id: z.string(), amount: z.int(), expiresAt: z.int(), requestHash: z.string() })),
  key: z.exactOptional(z.string()),
  requestId: z.exactOptional(z.string()),
  actor: z.exactOptional(z.string()),
})

/** A ledger entry read back, with who asked for it. */
export interface StoredEntry {
  entry: Entry
  key?: string
  requestId?: string
  actor?: string
}

export function readEntry(item: Item): StoredEntry {
  const { moves, key, requestId, actor, v: _v, ...body } = read(entryRow, item)
  const guard = guardOfBits(item.sk.slice(-16))
  if (!guard) throw new Error(`${item.sk} is no guard`)
  const entry: Entry = { ...body, guard, grantMoves: moves.map(decodeMove) }
  return {
    entry,
    ...(key !== undefined && { key }),
    ...(requestId !== undefined && { requestId }),
    ...(actor !== undefined && { actor }),
  }
}

export const isEntry = (item: Item): boolean => item.entity === 'entry'

/** A ledger entry; it can only be put. `own` stands on the entry that the call asked for, not on due ones booked with it. */
export function putEntryWrite(
  accountId: string,
  entry: Entry,
  call: Call,
  own: Record<string, unknown> = {},
): Extract<Write, { kind: 'put' }> {
  const { guard, grantMoves, createdAt, ...body } = entry
  const item = toItem('entry', operationKey(accountId, guard), {
    ...body,
    v: 1,
    createdAt,
    updatedAt: createdAt,
    moves: grantMoves.map(encodeMove),
    requestId: call.requestId,
    actor: call.actor,
    ...own,
    gsi1pk: ledgerIndex(accountId),
    gsi1sk: ledgerPosition(entry.seq),
  })
  return { kind: 'put', item, when: absent }
}

const refusalKeptSeconds = 90 * 86_400

/** A refusal under the caller's key: final for that key. */
export const putRefusalWrite = (
  accountId: string,
  guard: Entry['guard'],
  call: Call,
  refused: { problem: z.output<typeof refusal> } | { answer: object },
  at: { now: number; real: number },
): Extract<Write, { kind: 'put' }> => ({
  kind: 'put',
  item: toItem('refusal', operationKey(accountId, guard), {
    v: 1,
    createdAt: at.now,
    updatedAt: at.now,
    ttl: Math.ceil(at.real / 1000) + refusalKeptSeconds,
    key: call.key,
    hash: call.hash,
    requestId: call.requestId,
    ...refused,
  }),
  when: absent,
})

/** The ledger by `seq`, newest first, from below `before`. */
export async function listEntries(
  table: Table,
  accountId: string,
  page: { limit: number; before?: number },
): Promise<{ entries: StoredEntry[]; more: boolean }> {
  if (page.before !== undefined && page.before <= 1) return { entries: [], more: false }
  const answer = await table.query({
    index: 'gsi1',
    pk: ledgerIndex(accountId),
    descending: true,
    limit: page.limit,
    ...(page.before !== undefined && { sk: { to: ledgerPosition(page.before - 1) } }),
  })
  return { entries: answer.items.map(readEntry), more: answer.next !== undefined }
}

const auditPageSize = 1_000

/** The whole ledger in the order of `seq`, up to `last`, page by page. */
export async function* ledgerPages(table: Table, accountId: string, last: number): AsyncGenerator<StoredEntry> {
  let after: Record<string, string> | undefined
  do {
    const page = await table.query({
      index: 'gsi1',
      pk: ledgerIndex(accountId),
      sk: { to: ledgerPosition(last) },
      limit: auditPageSize,
      ...(after && { after }),
    })
    for (const item of page.items) yield readEntry(item)
    after = page.next
  } while (after)
}
