import type { Item, Value } from '#table/port'
import type { Change } from './memoryTable.ts'

/** The stored shapes that the oracle reads. It reads them by itself: with the product's own readers it would share their mistakes. */
export interface EntryRow {
  sk: string
  /** Made by the product itself: due facts, and what follows from another operation. */
  internal: boolean
  type: string
  amount: number
  seq: number
  balanceAfter: number
  moves: { grantId: string; amount: number }[]
  rewritten: boolean
}

export interface WalletImage {
  balance: number
  held: number
  seq: number
  grants: Map<string, { remaining: number; expiresAt: number }>
  holds: { bits: string; amount: number; expiresAt: number; parts: Map<string, number> }[]
}

export function entryIn({ key, before, after }: Change): EntryRow | undefined {
  if (!key.sk.startsWith('OP#') || typeof after?.balanceAfter !== 'number') return undefined
  return {
    sk: key.sk,
    internal: key.sk.startsWith('OP#i#'),
    type: String(after.type),
    amount: whole(after.amount),
    seq: whole(after.seq),
    balanceAfter: after.balanceAfter,
    moves: movesOf(after.moves),
    rewritten: before !== undefined,
  }
}

/** Infinity stands for "never". */
export function walletIn(item: Item | undefined): WalletImage {
  const stored = Object.entries(record(item?.gr))
  const ids = stored.map(([id]) => id).sort()
  const grants = new Map(
    stored.map(([id, grant]) => [id, { remaining: whole(record(grant).r), expiresAt: end(record(grant).x) }]),
  )
  const holds = Object.entries(record(item?.hld)).map(([bits, value]) => {
    const hold = record(value)
    // Parts name their grant by its place among the ids in ascending order.
    const parts = new Map(
      Object.entries(record(hold.gs)).map(([place, amount]) => [ids[Number(place)] ?? '', whole(amount)]),
    )
    return { bits, amount: whole(hold.a), expiresAt: end(hold.x), parts }
  })
  return { balance: whole(item?.bal ?? 0), held: whole(item?.held ?? 0), seq: whole(item?.seq ?? 0), grants, holds }
}

/** What could be spent at an instant, computed anew from grants and open holds. */
export function availableAt({ grants, holds }: WalletImage, at: number): number {
  let sum = 0
  for (const [id, grant] of grants) {
    if (grant.expiresAt <= at) continue
    const kept = holds.reduce((total, hold) => total + (hold.expiresAt > at ? (hold.parts.get(id) ?? 0) : 0), 0)
    sum += grant.remaining - kept
  }
  return sum
}

const movesOf = (value: Value | undefined): EntryRow['moves'] =>
  (Array.isArray(value) ? value : []).map((move) => ({
    grantId: String(record(move).g),
    amount: whole(record(move).n),
  }))

const record = (value: Value | undefined): Record<string, Value> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
const end = (value: Value | undefined): number => (typeof value === 'number' ? value : Number.POSITIVE_INFINITY)
function whole(value: Value | undefined): number {
  if (!Number.isSafeInteger(value)) throw new Error(`${JSON.stringify(value)} is stored where a whole number belongs`)
  return Number(value)
}
