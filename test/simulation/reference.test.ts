import { describe, expect, it } from 'vitest'
import { mutants } from './mutants.ts'
import { referenceHandlers } from './reference.ts'
import { catchMutant, playSeeds, reportOf, seedsOf } from './seeds.ts'
import { spending } from './spending.ts'
import { playSeed } from './stage.ts'

describe('the simulator, tried on a reference of a hundred lines', () => {
  const seeds = seedsOf(60)

  it(`the reference stands ${seeds.length} seeds`, { timeout: 60_000 }, async () => {
    const { failed, faults, answers } = await playSeeds(spending, referenceHandlers, seeds)
    expect(failed && reportOf(spending, failed)).toBeUndefined()
    expect({ faults: faults > 0, answers: answers > 0 }).toEqual({ faults: true, answers: true })
  })

  it.each(Object.entries(mutants))('caught: %s', { timeout: 60_000 }, async (_name, mutation) => {
    const caught = await catchMutant(spending, referenceHandlers, mutantSeeds, mutation)
    expect(caught?.violation).toBeDefined()
  })

  it('a seed is the whole story: two runs of one leave the same trace', async () => {
    const [one, two] = await Promise.all(
      [7, 7].map((seed) => playSeed(spending, referenceHandlers, seed, { tracing: true })),
    )
    expect(one?.trace.length).toBeGreaterThan(20)
    expect(one).toEqual(two)
  })
})

/** The rarest mutant shows in every fourth run; two hundred without it is no accident. */
const mutantSeeds = Array.from({ length: 200 }, (_, index) => index + 1)
