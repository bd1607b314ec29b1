import type { Account } from '#domain/account'
import { usageContext } from '#domain/entitlement'
import type { PlanTerms } from '#domain/terms'
import { counterId, countersOf } from '#domain/usageBatch'
import { codes } from '#errors/codes'
import { Problem } from '#errors/problem'
import { loadAccount, termsNow } from './account.ts'
import type { Deps } from './deps.ts'
import { type Input, Reply } from './run.ts'
import { batchEvent, isPlain, type Numbered, type Outcome, recordChunk, TermsMoved } from './usageChunk.ts'
import { type CloudEvent, cloudEventCall, type EventCall, recordEvent, suspended } from './usageEvent.ts'

/** What `POST /usage` would have answered for an event alone. */
export interface BatchLine {
  id: string
  source: string
  status: number
  usage?: Exclude<Outcome, Problem>
  code?: string
  detail?: string
}

/** A transaction holds 100 writes: 50 events, up to 16 counters, and two notices for each. */
const eventsPerCommit = 50
const countersPerCommit = 16

/**
 * Counts a batch of CloudEvents: each on its own merits, many in one transaction. Give-backs and uses that cost credits
 * go one by one, as their transactions hold more than a counter.
 */
export async function recordBatch(input: Input, deps: Deps, batch: CloudEvent[]): Promise<BatchLine[]> {
  const account = await loadAccount(input, deps)
  if (account.suspended) throw suspended()
  const terms = await termsNow(account, deps)
  const calls: Numbered[] = batch.map((event, index) => ({ index, ...cloudEventCall(input, event) }))
  const outcomes = new Map<number, Outcome>()
  const plain = calls.filter((call) => terms && isPlain(call, terms))
  for (const chunk of terms ? chunksOf(plain, terms, account, deps.clock.now()) : []) {
    for (const [index, outcome] of await chunkOutcomes(input, deps, chunk)) outcomes.set(index, outcome)
  }
  for (const call of calls) {
    if (!outcomes.has(call.index)) outcomes.set(call.index, await alone(input, deps, call))
  }
  return batch.map((event, index) => lineOf(event, outcomes.get(index)))
}

/** In order, cut where a transaction would grow too large. */
function chunksOf(calls: Numbered[], terms: PlanTerms, account: Account, now: number): Numbered[][] {
  const chunks: Numbered[][] = []
  let counters = new Set<string>()
  for (const call of calls) {
    const [needed] = countersOf([batchEvent(call, now)], terms, usageContext(account, terms))
    const id = needed ? counterId(needed.feature, needed.window) : ''
    const current = chunks.at(-1)
    const fits = current && current.length < eventsPerCommit && (counters.has(id) || counters.size < countersPerCommit)
    if (fits) current.push(call)
    else {
      chunks.push([call])
      counters = new Set()
    }
    counters.add(id)
  }
  return chunks
}

/** A chunk that could not be taken is the outcome of each of its events: the others' lines stand. */
async function chunkOutcomes(input: Input, deps: Deps, chunk: Numbered[]): Promise<Map<number, Outcome>> {
  try {
    return await recordChunk(input, deps, chunk)
  } catch (error) {
    // Left out here, the events are recorded one by one.
    if (error instanceof TermsMoved) return new Map()
    if (error instanceof Problem) return new Map(chunk.map(({ index }) => [index, error]))
    throw error
  }
}

async function alone(input: Input, deps: Deps, call: EventCall): Promise<Outcome> {
  try {
    const outcome = await recordEvent(input, deps, call)
    return outcome instanceof Reply ? outcome.output : outcome
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
}

function lineOf({ id, source }: CloudEvent, outcome: Outcome | undefined): BatchLine {
  if (!outcome) throw new Error('an event of a batch has no outcome')
  if (!(outcome instanceof Problem)) return { id, source, status: 201, usage: outcome }
  return { id, source, status: codes[outcome.code].status, code: outcome.code, detail: outcome.message }
}
