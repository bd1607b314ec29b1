import middy from '@middy/core'
import type { JobOperation } from '#operations/definition'
import { commit } from '#table/commit'
import { runKey } from '#table/keys'
import { reportDefect } from './defect.ts'
import type { Deps } from './deps.ts'
import type { Live } from './live.ts'

/** What EventBridge Scheduler sends: the instant the run was scheduled for, which is the job's clock. */
export interface JobEvent {
  scheduledAt?: string
}

/** Does one run and says what it did, in numbers. */
export type RunJob = (at: { scheduledAt: number }, deps: Deps) => Promise<Record<string, number>>

const reportKeptSeconds = 400 * 86_400

/** The Lambda entry of a scheduled job. */
export function jobHandler(operation: JobOperation, run: RunJob, live: Live) {
  const open = live(operation)
  return middy<JobEvent, Record<string, number>>().handler(async (event: JobEvent) =>
    handleJob(operation, run, await open(), event),
  )
}

/** One run. Late, twice, or beside itself: each job's own writes are conditional, and the report is put unconditionally because the last word is as good as the first. */
export async function handleJob(
  operation: JobOperation,
  run: RunJob,
  deps: Deps,
  event: JobEvent,
): Promise<Record<string, number>> {
  const startedAt = deps.clock.real()
  const asked = event.scheduledAt === undefined ? Number.NaN : Date.parse(event.scheduledAt)
  // Run by hand there is no scheduled time: it is now.
  const scheduledAt = Number.isNaN(asked) ? deps.clock.now() : asked
  try {
    const did = await run({ scheduledAt }, deps)
    const now = deps.clock.now()
    const report = {
      ...runKey(operation.id, new Date(scheduledAt).toISOString()),
      entity: 'run',
      v: 1,
      createdAt: now,
      updatedAt: now,
      did,
      ttl: Math.ceil(deps.clock.real() / 1000) + reportKeptSeconds,
    }
    await commit(deps.table, [{ kind: 'put', item: report, when: 'unconditional' }])
    deps.log.info('job', {
      operation: operation.id,
      scheduledAt: new Date(scheduledAt).toISOString(),
      durationMs: deps.clock.real() - startedAt,
      ...did,
      ...deps.spent?.(),
    })
    return did
  } catch (error) {
    reportDefect(operation, deps, error, { scheduledAt: new Date(scheduledAt).toISOString() })
    throw error
  }
}
