import type { Handlers } from './caller.ts'
import { type Play, playOf, type Run, type Scenario } from './stage.ts'
import type { Mutation } from './world.ts'

/**
 * Which seeds a test plays: `SIM_SEED=n` that one alone, `SIM_SEEDS=n` the first n of each scenario, else `usual`.
 * Seeds of the test command are the same for everybody; `long.ts` looks at others.
 */
export function seedsOf(usual: number): number[] {
  const one = numberIn('SIM_SEED')
  if (one !== undefined) return [one]
  return Array.from({ length: numberIn('SIM_SEEDS') ?? usual }, (_, index) => index + 1)
}

export interface Findings {
  played: number
  answers: number
  faults: number
  /** What came about in all of them. */
  tally: Record<string, number>
  /** The first run that broke a promise, played again with its trace. */
  failed?: Run
}

/** Plays a scenario's seeds until one fails. */
export const playSeeds = (scenario: Scenario, handlers: Handlers, seeds: Iterable<number>): Promise<Findings> =>
  playAll(playOf(scenario, handlers), seeds)

/** Plays the seeds until one fails. */
export async function playAll({ play }: Play, seeds: Iterable<number>): Promise<Findings> {
  const findings: Findings = { played: 0, answers: 0, faults: 0, tally: {} }
  for (const seed of seeds) {
    const run = await play(seed)
    findings.played += 1
    findings.answers += run.answers
    findings.faults += run.faults
    for (const [word, count] of Object.entries(run.tally ?? {}))
      findings.tally[word] = (findings.tally[word] ?? 0) + count
    if (run.violation === undefined) continue
    return { ...findings, failed: await play(seed, { tracing: true }) }
  }
  return findings
}

/**
 * The first run in which a mutant breaks a promise that the same seed keeps without it: then it was the mutant's doing.
 * Undefined: it survives them all.
 */
export async function catchMutant(
  scenario: Scenario,
  handlers: Handlers,
  seeds: Iterable<number>,
  mutation: Mutation,
): Promise<Run | undefined> {
  const { name, play } = playOf(scenario, handlers)
  return catchPlay({ name, play: (seed) => play(seed, { mutation }) }, { name, play }, seeds)
}

/** The same of any two plays that differ by a mutation. */
export async function catchPlay(mutant: Play, sound: Play, seeds: Iterable<number>): Promise<Run | undefined> {
  for (const seed of seeds) {
    const run = await mutant.play(seed)
    if (run.violation === undefined) continue
    if ((await sound.play(seed)).violation === undefined) return run
  }
  return undefined
}

/** What a person needs to see of a failed run: the promise, the seed to play again, and the last steps. */
export function reportOf({ name }: Pick<Play, 'name'>, { seed, violation, trace }: Run): string {
  const shown = process.env.SIM_SEED === undefined ? trace.slice(-60) : trace
  return [`${name}: ${violation}`, `Replay with SIM_SEED=${seed}.`, ...shown].join('\n')
}

function numberIn(name: string): number | undefined {
  const text = process.env[name]
  if (text === undefined || text === '') return undefined
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`${name} must be a whole number`)
  return number
}
