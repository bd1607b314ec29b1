import type { Engine } from '#test/support/engine'
import { withProgress } from './progress.ts'
import { openRenewals, type RenewalStage } from './renewalStage.ts'
import type { Bound, Table } from './report.ts'

/** Workers side by side, as many as AWS runs for the queue's messages of one process's share. */
const workersAtOnce = 10
/** What does not depend on how many are due costs the same at every size; half is left to the machine and its engine. */
const mostGrowth = 1.5

const text = (count: number): string => count.toLocaleString('en-US')

/**
 * So many subscriptions due at one instant: the sweep that finds them, and the workers that renew them, or the first of
 * them (`sample`), each size on a table of its own.
 */
export async function measureRenewalCrowds(
  engine: Engine,
  { sizes, sample }: { sizes: number[]; sample: number },
): Promise<{ tables: Table[]; bounds: Bound[] }> {
  const rows: Table['rows'] = []
  const bounds: Bound[] = []
  const first = { sweep: 0, renewal: 0 }
  for (const count of sizes) {
    const stage = await openRenewals(engine, `renewals-${count}`, 'TOTAL')
    await stage.subscribe('team-month', { first: 0, count })
    const { messages, sweepMs } = await sweepAll(stage, count)
    const renewed = Math.min(count, sample)
    const renewMs = await renewAll(stage, messages.slice(0, renewed))
    const sweep = sweepMs / count
    const renewal = renewMs / renewed
    first.sweep ||= sweep
    first.renewal ||= renewal
    const rates = [renewMs / 1_000, renewed / (renewMs / 1_000), renewal / first.renewal]
    const swept = [sweepMs / 1_000, count / (sweepMs / 1_000), sweep / first.sweep]
    rows.push([text(count), ...swept, text(renewed), ...rates])
    if (renewal !== first.renewal)
      bounds.push({
        what: `a renewal of ${text(count)} due at once: time`,
        value: renewal / first.renewal,
        most: mostGrowth,
      })
    bounds.push({ what: `not renewed of ${text(renewed)}`, value: (await leftOf(stage)) - (count - renewed), most: 0 })
  }
  const columns = ['due at once', 'sweep, s', 'rows/s', 'ratio', 'renewed', 'in, s', 'renewals/s', 'ratio']
  return { tables: [{ title: `Renewals due at once, ${workersAtOnce} workers`, columns, rows }], bounds }
}

/** A run looks at a bounded number of rows; what is left is due in the next, and a row that is queued stays until it is renewed. */
async function sweepAll(stage: RenewalStage, count: number): Promise<{ messages: unknown[]; sweepMs: number }> {
  const startedAt = performance.now()
  const queued = await withProgress(`sweeping ${text(count)} due rows`, async () => stage.sweep())
  const sweepMs = performance.now() - startedAt
  const messages = stage.take('renewal')
  if (queued !== count || messages.length !== count)
    throw new Error(`${queued} of ${count} rows were queued, as ${messages.length} messages`)
  return { messages, sweepMs }
}

async function renewAll(stage: RenewalStage, messages: unknown[]): Promise<number> {
  const startedAt = performance.now()
  let next = 0
  await withProgress(`renewing ${text(messages.length)}`, async (update) => {
    const worker = async () => {
      while (next < messages.length) {
        const message = messages[next]
        next += 1
        await stage.renew(message)
        update(next, messages.length)
      }
    }
    await Promise.all(Array.from({ length: workersAtOnce }, worker))
  })
  return performance.now() - startedAt
}

/** Rows that a second sweep would find. */
async function leftOf(stage: RenewalStage): Promise<number> {
  const left = await stage.sweep()
  stage.take('renewal')
  return left
}
