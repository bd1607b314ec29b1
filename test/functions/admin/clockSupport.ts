import { clockAt } from '#domain/testClock'
import { run as advanceClockRun } from '#functions/admin/advanceClock'
import { advanceClock } from '#operations/admin'
import { dueQueues } from '#operations/definition'
import { handleMessages } from '#runtime/worker'
import { findClock } from '#table/clock'
import { duePk, duePosition, dueShards, shardOf } from '#table/keys'
import type { Item, Key } from '#table/port'
import { callsOf, recordsOf, takeSent } from '#test/support/calls'
import type { TestDeps } from '#test/support/deps'

/** What was worked off, and what the clock showed then. */
export interface Done {
  key: string
  at: string
}

export interface ClockWorld {
  deps: TestDeps
  calls: ReturnType<typeof callsOf>
  done: Done[]
  /** Business time, as the next invocation would find it. */
  now(): Promise<number>
  /** Something that is due; instants as ISO 8601. */
  plan(name: string, at: string): Promise<void>
  /** Runs the worker on what was sent to its queue; answers how many messages there were. */
  work(): Promise<number>
}

const keyOf = (name: string): Key => ({
  pk: name.startsWith('EVT#') ? name : `ACCOUNT#${name}`,
  sk: name.startsWith('sub') ? `SUB#${name}` : 'USE#test',
})

const rowOf = (key: Key, at: number): Item => ({
  ...key,
  entity: 'test',
  gsi2pk: duePk(shardOf(key.pk, dueShards)),
  gsi2sk: duePosition(at, key),
})

/** Real time passes only when somebody waits: however slow this machine is, the same happens. */
export function withStillTime(of: TestDeps): TestDeps {
  let real = of.clock.real()
  const clock = { ...of.clock, real: () => real, passReal: (milliseconds: number) => void (real += milliseconds) }
  return { ...of, clock }
}

/**
 * A deployment whose workers run while somebody waits, and whose waits cost no time: real time only jumps.
 * @param effect of one message on its row: the instant at which it is due next; undefined: nothing more; `stays`: it fails.
 */
export function clockWorld(
  of: TestDeps,
  effect: (name: string, now: number) => number | 'stays' | undefined = () => undefined,
): ClockWorld {
  const done: Done[] = []
  const now = async () => clockAt(await findClock(of.table), of.clock.real())
  const deliver = async () => {
    for (const queue of dueQueues)
      for (const message of takeSent(of, queue)) {
        const key = keyIn(message)
        const name = key.pk.replace('ACCOUNT#', '')
        const at = await now()
        done.push({ key: name, at: new Date(at).toISOString() })
        const next = effect(name, at)
        if (next === 'stays') continue
        if (next === undefined) await of.table.write([{ kind: 'delete', key, when: 'unconditional' }])
        else await of.table.write([{ kind: 'put', item: rowOf(key, next), when: 'unconditional' }])
      }
  }
  const deps: TestDeps = {
    ...of,
    wait: async (milliseconds) => {
      of.clock.passReal(milliseconds)
      await deliver()
    },
  }
  return {
    deps,
    calls: callsOf(deps),
    done,
    now,
    plan: async (name, at) => {
      await of.table.write([{ kind: 'put', item: rowOf(keyOf(name), Date.parse(at)), when: 'unconditional' }])
    },
    work: async () => {
      const messages = takeSent(of, 'clock')
      const { batchItemFailures } = await handleMessages(advanceClock, advanceClockRun, deps, recordsOf(messages))
      if (batchItemFailures.length > 0) throw new Error('advanceClock failed')
      return messages.length
    },
  }
}

/** Keys travel as they are, and an event's as provider and event key. */
function keyIn(message: unknown): Key {
  const { pk, provider, eventKey, accountId } = Object(message)
  if (accountId !== undefined) return keyOf(String(accountId))
  return keyOf(provider === undefined ? String(pk).replace('ACCOUNT#', '') : `EVT#${provider}#${eventKey}`)
}
