import { describe, expect, it } from 'vitest'
import { catchPlay, playAll, reportOf, seedsOf } from './seeds.ts'
import { yearMutants } from './yearMutants.ts'
import { yearPlay } from './yearScenario.ts'

/** So many seeds a mutant may survive: the rarest shows far sooner. */
const mutantSeeds = (from: number) => Array.from({ length: 120 }, (_, index) => from + index)

/** Where each was found last: a run that begins there is short. Everything else is tried after it. */
const foundAt: Record<string, number> = {
  'a charge is begun whatever version was seen': 3,
  'the subscription does not name the charge under way': 4,
  'a charge is repeated without looking, when its key is forgotten': 307,
  'a period is counted from its payment instead of the old end': 8,
  'a cancellation does not reach the charge under way': 68,
  'a change that waits happens at once': 3,
  'access ends when a job says so, not at the instant': 6,
  'nobody writes down what an order bills': 7,
  'a method that is to be forgotten stays': 15,
}

describe('a year and more of subscriptions at a provider that errs', () => {
  const sound = yearPlay()
  const seeds = seedsOf(6)

  it(`every promise holds over ${seeds.length} seeds from ${seeds[0]}`, { timeout: 120_000 }, async () => {
    const { failed, answers, tally } = await playAll(sound, seeds)
    expect(failed && reportOf(sound, failed)).toBeUndefined()
    expect(answers).toBeGreaterThan(seeds.length)
    // Over a few seeds each of them comes about, or the runs have gone blind.
    const seen = ['plan_purchase', 'renewal', 'other_interval', 'cancelSubscription', 'reactivateSubscription']
    const missing = seeds.length < 6 ? [] : seen.filter((word) => !tally[word])
    expect(missing).toEqual([])
  })

  it('a seed is the whole story: two runs of one leave the same trace', { timeout: 60_000 }, async () => {
    const [one, two] = await Promise.all([8, 8].map((seed) => sound.play(seed, { tracing: true })))
    expect(one?.trace.length).toBeGreaterThan(50)
    expect(one).toEqual(two)
  })

  it.each(Object.entries(yearMutants))('caught: %s', { timeout: 120_000 }, async (name, mutation) => {
    const caught = await catchPlay(yearPlay(mutation), sound, mutantSeeds(foundAt[name] ?? 1))
    expect(caught?.violation).toBeDefined()
  })
})
