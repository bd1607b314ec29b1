import { describe, expect, it } from 'vitest'
import { creditsScenario } from './creditsScenario.ts'
import { mutants, ofCounters } from './mutants.ts'
import { productHandlers } from './product.ts'
import { catchMutant, playSeeds, reportOf, seedsOf } from './seeds.ts'

/** So many seeds a mutant may survive: the rarest shows far sooner. */
const mutantSeeds = Array.from({ length: 300 }, (_, index) => index + 1)

describe('credits under throttles, lost replies, late writes, crashes and duplicates', () => {
  const seeds = seedsOf(300)

  it(`every promise holds over ${seeds.length} seeds from ${seeds[0]}`, { timeout: 120_000 }, async () => {
    const { failed, faults, answers } = await playSeeds(creditsScenario, productHandlers, seeds)
    expect(failed && reportOf(creditsScenario, failed)).toBeUndefined()
    expect(answers).toBeGreaterThan(seeds.length)
    expect(faults).toBeGreaterThanOrEqual(seeds.length > 10 ? seeds.length : 0)
  })

  const applicable = Object.entries(mutants).filter(([name]) => !ofCounters.includes(name))
  it.each(applicable)('caught: %s', { timeout: 60_000 }, async (_name, mutation) => {
    const caught = await catchMutant(creditsScenario, productHandlers, mutantSeeds, mutation)
    expect(caught?.violation).toBeDefined()
  })
})
