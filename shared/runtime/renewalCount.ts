import type { Payment } from '#domain/payment'
import { commit } from '#table/commit'
import { countRenewalWrite } from '#table/renewalRuns'
import type { Deps } from './deps.ts'

/** What was done, for the run of its day. */
export interface RenewalCounts {
  renewed: number
  failed: number
  skipped: number
  /** By currency, minor units. */
  amounts: Record<string, number>
}

/**
 * Adds to the run of the day, and to the share that an alarm watches. After what is counted was committed, by whoever
 * committed it: of all who hear of one charge that is one. A crash in between leaves it out; nothing counts it twice.
 */
export async function countRenewals(
  deps: Pick<Deps, 'table' | 'clock' | 'metric'>,
  counts: Partial<RenewalCounts>,
): Promise<void> {
  const { renewed = 0, failed = 0, skipped = 0, amounts = {} } = counts
  if (renewed + failed + skipped === 0) return
  if (renewed + failed > 0) deps.metric('RenewalFailed', failed > 0 ? 1 : 0, {})
  const at = { now: deps.clock.now(), real: deps.clock.real() }
  const day = new Date(at.now).toISOString().slice(0, 10)
  await commit(deps.table, [countRenewalWrite(day, { due: 1, renewed, failed, skipped, amounts }, at)])
}

/** A payment was settled. A renewal that a customer asked for is none of a run's. */
export async function countSettled(
  deps: Pick<Deps, 'table' | 'clock' | 'metric'>,
  { type, followed, currency, amountMinor }: Payment,
): Promise<void> {
  if (type === 'renewal' && followed) await countRenewals(deps, { renewed: 1, amounts: { [currency]: amountMinor } })
}
