import { startEngine } from '#test/support/engine'
import { measureRenewalCrowds } from './renewalCrowd.ts'
import type { Section } from './report.ts'

/** Found and queued whatever else is measured: the most that one sweep takes. */
const mostSwept = 100_000
const fewest = 1_000

/** How many renewals go through when all are due at one instant. What one writes is in `capacity`. */
export async function measureRenewals({ quick, renewals }: { quick: boolean; renewals: number }): Promise<Section> {
  const engine = await startEngine()
  try {
    const renewed = quick ? [fewest] : sizesUpTo(renewals)
    const sweepOnly = quick || renewed.includes(mostSwept) ? [] : [mostSwept]
    const crowds = await measureRenewalCrowds(engine, { renewed, sweepOnly })
    return {
      tables: crowds.tables,
      bounds: crowds.bounds,
      notes: [
        'A renewal: monthly, without overage, by a saved card that the provider charges at once; from the row that is due to the settled payment.',
        'The table has no stream: with it, the local engine’s writes slow down as stream records pile up.',
      ],
    }
  } finally {
    await engine.stop()
  }
}

/** 1,000, 10,000 … up to the size asked for. */
function sizesUpTo(most: number): number[] {
  const sizes = [fewest]
  for (let size = 10 * fewest; size <= most; size *= 10) sizes.push(size)
  return sizes
}
