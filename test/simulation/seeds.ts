import type { Handlers } from './caller.ts'
import { playSeed, type Run, type Scenario } from './stage.ts'
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
  /** The first run that broke a promise, played again with its trace. */
  failed?: Run
}

/** Plays the seeds until one fails. */
export async function playSeeds(scenario: Scenario, handlers: Handlers, seeds: Iterable<number>): Promise<Findings> {
  const findings: Findings = { played: 0, answers: 0, faults: 0 }
  for (const seed of seeds) {
    const run = await playSeed(scenario, handlers, seed)
    findings.played += 1
    findings.answers += run.answers
    findings.faults += run.faults
    if (run.violation === undefined) continue
    return { ...findings, failed: await playSeed(scenario, handlers, seed, { tracing: true }) }
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
  for (const seed of seeds) {
    const run = await playSeed(scenario, handlers, seed, { mutation })
    if (run.violation === undefined) continue
    const sound = await playSeed(scenario, handlers, seed)
    if (sound.violation === undefined) return run
  }
  return undefined
}

/** What a person needs to see of a failed run: the promise, the seed to play again, and the last steps. */
export function reportOf(scenario: Scenario, { seed, violation, trace }: Run): string {
  const shown = process.env.SIM_SEED === undefined ? trace.slice(-60) : trace
  return [`${scenario.name}: ${violation}`, `Replay with SIM_SEED=${seed}.`, ...shown].join('\n')
}

function numberIn(name: string): number | undefined {
  const text = process.env[name]
  if (text === undefined || text === '') return undefined
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`${name} must be a whole number`)
  return number
}
