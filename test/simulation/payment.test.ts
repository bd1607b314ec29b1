import { describe, expect, it } from 'vitest'
import { paymentMutants } from './paymentMutants.ts'
import { paymentPlay } from './paymentScenario.ts'
import { catchPlay, playAll, reportOf, seedsOf } from './seeds.ts'

/** So many seeds a mutant may survive: the rarest shows far sooner. */
const mutantSeeds = (from: number) => Array.from({ length: 250 }, (_, index) => from + index)

/** Where each was found last: a run that begins there is short. Everything else is tried after it. */
const foundAt: Record<string, number> = {
  'guard and effect are two transactions': 7,
  'the amount is not compared': 12,
  'an event’s own state is written, whatever is known': 12,
  'a refund whose answer was lost is sent again without looking': 12,
  'numbers come from a counter that is read and written back': 2,
  'a refund is told by its amount alone': 24,
  'an opening of a dispute that comes late takes its outcome back': 21,
  'staff decide on a payment whatever version was seen': 107,
  'what a dispute took stays account credit': 73,
  'the books hear nothing of what a dispute took': 7,
  'an order expires without the provider being asked': 7,
}

describe('purchases, webhooks, look-ups and refunds at a provider that errs', () => {
  const sound = paymentPlay()
  const seeds = seedsOf(24)

  it(`every promise holds over ${seeds.length} seeds from ${seeds[0]}`, { timeout: 120_000 }, async () => {
    const { failed, answers, tally } = await playAll(sound, seeds)
    expect(failed && reportOf(sound, failed)).toBeUndefined()
    expect(answers).toBeGreaterThan(seeds.length)
    // Over a few seeds each of them comes about, or the runs have gone blind.
    const missing = seeds.length < 24 ? [] : Object.entries(tally).filter(([, count]) => count === 0)
    expect(missing).toEqual([])
  })

  it('a seed is the whole story: two runs of one leave the same trace', async () => {
    const [one, two] = await Promise.all([5, 5].map((seed) => sound.play(seed, { tracing: true })))
    expect(one?.trace.length).toBeGreaterThan(50)
    expect(one).toEqual(two)
  })

  it.each(Object.entries(paymentMutants))('caught: %s', { timeout: 120_000 }, async (name, mutation) => {
    const caught = await catchPlay(paymentPlay(mutation), sound, mutantSeeds(foundAt[name] ?? 1))
    expect(caught?.violation).toBeDefined()
  })
})
