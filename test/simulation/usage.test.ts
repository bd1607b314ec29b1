import { describe, expect, it } from 'vitest'
import { mutants } from './mutants.ts'
import { productHandlers } from './product.ts'
import { catchMutant, playSeeds, reportOf, seedsOf } from './seeds.ts'
import { usageScenario } from './usageScenario.ts'

/** So many seeds a mutant may survive: the rarest shows far sooner. */
const mutantSeeds = Array.from({ length: 300 }, (_, index) => index + 1)

describe('usage, checks and plans over a month’s end, under the same faults', () => {
  const seeds = seedsOf(150)

  it(`every promise holds over ${seeds.length} seeds from ${seeds[0]}`, { timeout: 120_000 }, async () => {
    const { failed, faults, answers } = await playSeeds(usageScenario, productHandlers, seeds)
    expect(failed && reportOf(usageScenario, failed)).toBeUndefined()
    expect(answers).toBeGreaterThan(seeds.length)
    expect(faults).toBeGreaterThanOrEqual(seeds.length > 10 ? seeds.length : 0)
  })

  it.each(Object.entries(mutants))('caught: %s', { timeout: 60_000 }, async (_name, mutation) => {
    const caught = await catchMutant(usageScenario, productHandlers, mutantSeeds, mutation)
    expect(caught?.violation).toBeDefined()
  })
})
