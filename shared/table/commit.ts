import type { Refusal, Table, Write } from './port.ts'

export type Committed =
  | { committed: true }
  | {
      committed: false
      /** The refusal of this very write (by identity); undefined when it would have passed. */
      refusalOf: (write: Write) => Refusal | undefined
    }

/**
 * The only sender of writes: one conditional write, or one transaction (at most 100).
 * A refused commit changed nothing and says which write was refused, and by what.
 * @throws Contention when the engine asks to try again; any other error leaves the outcome unknown.
 */
export async function commit(table: Table, writes: Write[]): Promise<Committed> {
  const outcome = await table.write(writes)
  if (outcome.committed) return outcome
  return { committed: false, refusalOf: (write) => outcome.refusals[writes.indexOf(write)] }
}
