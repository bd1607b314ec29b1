import type { PublishedCatalogue } from '#domain/catalogue'
import { Callers, type Dialogue, type Handlers } from './caller.ts'
import { publishedItems } from './catalogue.ts'
import { type Effect, Oracle } from './oracle.ts'
import { Random } from './random.ts'
import { type Mutation, World } from './world.ts'

/** A play for several callers on one account, and how their answers are to be read. */
export interface Scenario {
  name: string
  catalogue: PublishedCatalogue
  /** Epoch milliseconds. */
  startAt: number
  /** By feature: what no window may ever pass. */
  limits: Record<string, number>
  /** Without faults: accounts, first credits. */
  prepare: (stage: Stage) => Promise<void>
  /** One promise a caller; they run at the same time. */
  play: (stage: Stage) => Promise<void>[]
  /** Without faults, before everybody asks again: what would change answers that ought to be kept. */
  turn?: (stage: Stage) => Promise<unknown>
  /** After everybody has an answer: what comes long after. */
  close?: (stage: Stage) => Promise<void>
  /** The effect that an answer tells of; `done` is what was seen, for what no answer can tell. */
  effectOf: (dialogue: Dialogue, done: Effect) => Effect
  /** Further laws, when all is settled. */
  judge?: (dialogue: Dialogue, oracle: Oracle, all: Dialogue[]) => void
  /** Laws of the whole. */
  judgeAll?: (stage: Stage) => void
}

export interface Stage {
  world: World
  callers: Callers
  random: Random
}

export interface Run {
  seed: number
  /** What does not hold; undefined: everything does. */
  violation?: string
  trace: string[]
  /** Requests answered, and faults dealt: that a run was one. */
  answers: number
  faults: number
  /** What came about, by a word for it. */
  tally?: Record<string, number>
}

/** Whatever plays seeds and judges them. */
export interface Play {
  name: string
  play: (seed: number, options?: { mutation?: Mutation | undefined; tracing?: boolean }) => Promise<Run>
}

/** A scenario on these handlers. */
export const playOf = (scenario: Scenario, handlers: Handlers): Play => ({
  name: scenario.name,
  play: (seed, options) => playSeed(scenario, handlers, seed, options),
})

const mostFaults = 12

/** One seed of a scenario: prepare, play under faults, settle without, judge. */
export async function playSeed(
  scenario: Scenario,
  handlers: Handlers,
  seed: number,
  options: { mutation?: Mutation | undefined; tracing?: boolean } = {},
): Promise<Run> {
  const { catalogue, startAt } = scenario
  const world = new World({ seed, startAt, catalogue, ...options })
  world.store.write(publishedItems(catalogue))
  const callers = new Callers(world, handlers)
  const oracle = new Oracle(world, callers, scenario.limits)
  const stage = { world, callers, random: world.random.fork() }
  const budget = stage.random.between(0, mostFaults)
  const answered = () => [...callers.dialogues.values()].filter(({ reply }) => reply !== undefined).length
  const run = (violation?: string): Run => ({
    seed,
    ...(violation !== undefined && { violation }),
    trace: world.trace.lines,
    answers: answered(),
    faults: budget,
  })
  try {
    await inTime(world, scenario.prepare(stage))
    world.faults.left = budget
    await inTime(world, Promise.all(scenario.play(stage)))
    world.faults.calm()
    await inTime(world, scenario.turn?.(stage) ?? Promise.resolve())
    await inTime(world, callers.settle())
    await inTime(world, scenario.close?.(stage) ?? Promise.resolve())
    oracle.judge(scenario.effectOf)
    const all = [...callers.dialogues.values()]
    for (const dialogue of all) scenario.judge?.(dialogue, oracle, all)
    scenario.judgeAll?.(stage)
    return run()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return run(error.name === 'Violation' ? error.message : (error.stack ?? error.message))
  }
}

/** Lets virtual time run until nothing happens any more; by then the act must be over. */
export async function inTime(world: World, act: Promise<unknown>): Promise<void> {
  let over = false
  act.then(
    () => {
      over = true
    },
    (error: unknown) => world.fail(error),
  )
  await world.scheduler.run()
  if (!over) throw new Error('a caller waits for ever')
}
