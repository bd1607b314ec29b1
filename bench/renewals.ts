import { startEngine } from '#test/support/engine'
import { measureRenewalCrowds } from './renewalCrowd.ts'
import type { Section } from './report.ts'

const fewest = 1_000

interface Sizes {
  quick: boolean
  /** The largest crowd. */
  renewals: number
  /** How many of a crowd are renewed at most. */
  sample: number
}

/** How many renewals go through when all are due at one instant. What one writes is in `capacity`. */
export async function measureRenewals({ quick, renewals, sample }: Sizes): Promise<Section> {
  const engine = await startEngine()
  try {
    const crowds = await measureRenewalCrowds(engine, { sizes: quick ? [fewest] : sizesUpTo(renewals), sample })
    return {
      tables: crowds.tables,
      bounds: crowds.bounds,
      notes: [
        'A renewal: monthly, without overage, by a saved card that the provider charges at once; from the row that is due to the settled payment.',
        'The table has no stream: with it, the local engine’s writes slow down as stream records pile up.',
        'The sweep queues a whole crowd. Of one that is larger than the sample, the first are renewed, beside all others that are due.',
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
