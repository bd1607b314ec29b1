import { ulidOf } from '#domain/guard'
import { run as settleSubscriptionRun } from '#functions/subscriptions/settleSubscription'
import { run as sweepDueRun } from '#functions/usage/sweepDue'
import { settleSubscription } from '#operations/renewals'
import { sweepDue } from '#operations/usage'
import { handleJob } from '#runtime/job'
import { handleMessages } from '#runtime/worker'
import { commit } from '#table/commit'
import { duePk, dueShards } from '#table/keys'
import { putSubscriptionWrite } from '#table/subscriptions'
import { recordsOf, settleMessages, takeSent } from './calls.ts'
import type { TestDeps } from './deps.ts'

/** Sweeps once, and works off what concerns subscriptions and windows; answers how many messages there were. */
export async function sweep(deps: TestDeps): Promise<number> {
  await handleJob(sweepDue, sweepDueRun, deps, { scheduledAt: new Date(deps.clock.now()).toISOString() })
  const renewals = takeSent(deps, 'renewal')
  const { batchItemFailures } = await handleMessages(
    settleSubscription,
    settleSubscriptionRun,
    deps,
    recordsOf(renewals),
  )
  if (batchItemFailures.length > 0) {
    const cause = deps.logged.findLast(({ level }) => level === 'error')?.fields.error
    throw new Error(`settleSubscription failed: ${String(cause)}`, { cause })
  }
  const windows = takeSent(deps, 'due')
  await settleMessages(deps, windows)
  return renewals.length + windows.length
}

/** The earliest instant after `after` at which anything is due; undefined: nothing waits. */
async function nextDue(deps: TestDeps, after: number): Promise<number | undefined> {
  const from = new Date(after + 1).toISOString()
  const firsts = await Promise.all(
    Array.from({ length: dueShards }, (_, shard) =>
      deps.table.query({ index: 'gsi2', pk: duePk(shard), sk: { from }, limit: 1 }),
    ),
  )
  const instants = firsts.flatMap(({ items }) => items.map(({ gsi2sk }) => Date.parse(String(gsi2sk).slice(0, 24))))
  return instants.length === 0 ? undefined : Math.min(...instants)
}

/** Turns the clock to an instant, from one due instant to the next, and works off what is due at each. */
export async function live(deps: TestDeps, until: string | number): Promise<void> {
  const end = typeof until === 'number' ? until : Date.parse(until)
  const settle = async () => {
    for (let rounds = 0; rounds < 4 && (await sweep(deps)) > 0; rounds++);
  }
  for (let at = await nextDue(deps, deps.clock.now()); at !== undefined && at <= end; at = await nextDue(deps, at)) {
    deps.clock.set(at)
    await settle()
  }
  deps.clock.set(end)
  await settle()
}

/** A stored subscription that is due at an instant, and nothing else of its account; answers its id. */
export async function subscribedAt(deps: TestDeps, accountId: string, dueAt: string): Promise<string> {
  const id = `sub_${ulidOf(deps.clock.now(), deps.ids.random())}`
  const granted = {
    id,
    planId: 'team',
    priceId: 'team-month',
    catalogueVersion: 1,
    status: 'active' as const,
    complimentary: true,
    periodStart: deps.clock.now(),
    periodEnd: Date.parse(dueAt),
    reason: 'test',
    ver: 1,
    createdAt: deps.clock.now(),
  }
  await commit(deps.table, [putSubscriptionWrite(accountId, granted, undefined, deps.clock.now())])
  return id
}
