import { Problem } from '#errors/problem'
import { type Item, present, type Table, type Value, type Write, type WriteOutcome } from '#table/port'
import { keyIn } from './memoryTable.ts'
import { type Mutation, NetworkError, type World } from './world.ts'

/**
 * Known-bad ways to write: each is a mistake that looks right in a review and in a quiet test. The simulator must catch
 * every one of them; a mutant that survives says that the simulator has gone blind.
 */
export const mutants: Record<string, Mutation> = {
  'the guard is put without its condition': rewriting((write) => (isGuard(write) ? loose(write) : write)),
  'the wallet is written without its version': rewriting((write) => (isWallet(write) ? loose(write) : write)),
  'counters are written without their version': rewriting((write) => (isCounter(write) ? loose(write) : write)),
  'the transaction is split into single writes': wrapping((table) => async (writes) => {
    const refusals: (WriteOutcome & { committed: false })['refusals'] = []
    for (const write of writes) {
      const outcome = await table.write([write])
      refusals.push(outcome.committed ? undefined : outcome.refusals[0])
    }
    return refusals.some((refusal) => refusal !== undefined) ? { committed: false, refusals } : { committed: true }
  }),
  'every refused write means too few credits': wrapping((table) => async (writes) => {
    const outcome = await table.write(writes)
    if (outcome.committed || !writes.some(isWallet)) return outcome
    throw new Problem('insufficient_credits', 'There are too few credits.', { balance: 0, required: 0 })
  }),
  'the guard is deleted when the handler fails': wrapping((table) => async (writes) => {
    try {
      return await table.write(writes)
    } catch (error) {
      if (error instanceof NetworkError)
        for (const guard of writes.filter(isGuard))
          await table.write([{ kind: 'delete', key: keyIn(guard), when: 'unconditional' }])
      throw error
    }
  }),
  'the guard is read first, then everything is written without conditions': wrapping((table) => async (writes) => {
    const seen = await Promise.all(
      writes.map((write) => (isGuard(write) ? table.get(keyIn(write), { consistent: true }) : undefined)),
    )
    if (seen.some((item) => item !== undefined))
      return { committed: false, refusals: seen.map((item) => item && { item }) }
    return table.write(writes.map(loose))
  }),
  'a window of recent keys in the wallet stands in for stored guards': recentKeys,
  'a client token of ten minutes stands in for stored guards': clientToken,
  'refusals are not stored': wrapping((table) => async (writes) => {
    const kept = writes.filter((write) => !isRefusal(write))
    return kept.some(({ kind }) => kind !== 'check') ? table.write(kept) : { committed: true }
  }),
}

/** So many keys fit an item that every deduction writes. */
const keysKept = 3

function recentKeys(table: Table): Table {
  return {
    ...table,
    write: async (writes) => {
      const wallet = writes.find(isWallet)
      const guard = writes.find(isGuard)
      if (!wallet || !guard) return table.write(writes)
      const item = await table.get(keyIn(wallet), { consistent: true })
      const recent = Array.isArray(item?.recent) ? item.recent : []
      if (recent.includes(keyIn(guard).sk)) {
        const stored = await table.get(keyIn(guard), { consistent: true })
        return {
          committed: false,
          refusals: writes.map((write) => (write === guard && stored ? { item: stored } : undefined)),
        }
      }
      const kept = [...recent.slice(1 - keysKept), keyIn(guard).sk]
      return table.write(
        writes.map((write) =>
          write === guard ? loose(write) : write === wallet ? withMember(write, 'recent', kept) : write,
        ),
      )
    },
  }
}

const tokenLifeMs = 600_000
const tokens = new WeakMap<World, Map<string, number>>()

/** The engine answers a repeated token with the first outcome; after ten minutes it has forgotten. */
function clientToken(table: Table, world: World): Table {
  const known = tokens.get(world) ?? new Map<string, number>()
  tokens.set(world, known)
  return {
    ...table,
    write: async (writes) => {
      const guard = writes.find(isGuard)
      if (!guard) return table.write(writes)
      const token = keyIn(guard).sk
      const storedAt = known.get(token)
      if (storedAt !== undefined && world.now - storedAt < tokenLifeMs) {
        const item = await table.get(keyIn(guard), { consistent: true })
        return { committed: false, refusals: writes.map((write) => (write === guard && item ? { item } : undefined)) }
      }
      const outcome = await table.write(writes.map((write) => (write === guard ? loose(write) : write)))
      if (outcome.committed) known.set(token, world.now)
      return outcome
    },
  }
}

function rewriting(change: (write: Write) => Write): Mutation {
  return wrapping((table) => (writes) => table.write(writes.map(change)))
}

function wrapping(write: (table: Table) => Table['write']): Mutation {
  return (table) => ({ ...table, write: write(table) })
}

const isGuard = (write: Write): boolean => write.kind === 'put' && write.item.sk.startsWith('OP#')
const isRefusal = (write: Write): boolean => write.kind === 'put' && isGuard(write) && isRefusalItem(write.item)
/** A stored operation that changed nothing. */
const isRefusalItem = (item: Item): boolean => item.entity === 'refusal'
const isWallet = (write: Write): boolean => keyIn(write).sk === 'WALLET' && write.kind !== 'check'
const isCounter = (write: Write): boolean => keyIn(write).sk.startsWith('USE#')

/** A check without its condition asks for nothing: that the item is there, which it is. */
const loose = (write: Write): Write =>
  write.kind === 'check' ? { ...write, when: present } : { ...write, when: 'unconditional' }

function withMember(write: Write, name: string, value: Value[]): Write {
  if (write.kind === 'put') return { ...write, item: { ...write.item, [name]: value } }
  return write.kind === 'update' ? { ...write, set: { ...write.set, [name]: value } } : write
}

/** Only where something is counted can these show. */
export const ofCounters = ['counters are written without their version']
