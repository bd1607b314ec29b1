import type { Account } from '#domain/account'
import { costOf, termOf, usageContext } from '#domain/entitlement'
import { idOf } from '#domain/guard'
import type { PlanTerms } from '#domain/terms'
import type { UsageContext, UsagePlan } from '#domain/usage'
import {
  type BatchEvent,
  type BatchPlan,
  type BatchResult,
  counterId,
  countersOf,
  planUsageBatch,
} from '#domain/usageBatch'
import { Problem } from '#errors/problem'
import { commit } from '#table/commit'
import { counterKey, operationKey } from '#table/keys'
import type { Item, Write } from '#table/port'
import { putCounterWrite, putUsageEventWrite, readCounter, type StoredCounter } from '#table/usage'
import { putRefusalWrite } from '#table/wallets'
import { loadAccount, termsNow } from './account.ts'
import { counterOf } from './consume.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { replayRow } from './guarded.ts'
import { noticesOf } from './notices.ts'
import type { Input } from './run.ts'
import { type EventCall, isLasting, problemOf, type UsageResult } from './usageEvent.ts'

export type Outcome = UsageResult | Problem
/** An event with its place in the batch. */
export type Numbered = EventCall & { index: number }

interface Loaded {
  account: Account
  terms: PlanTerms
  context: UsageContext
  now: number
  events: BatchEvent[]
  counters: Map<string, StoredCounter>
  /** The row under each event's guard, in order; none on the first, eventually consistent look. */
  known: (Item | undefined)[]
}

/** The account's terms moved between the look that made the chunk and the chunk itself: its events go one by one. */
export class TermsMoved extends Error {}

/**
 * One transaction's worth of events that cost no credits, again until it stands. Events that were counted before leave
 * it with their first answer; the others go on. Answers by place in the batch.
 */
export function recordChunk(input: Input, deps: Deps, chunk: Numbered[]): Promise<Map<number, Outcome>> {
  const done = new Map<number, Outcome>()
  let left = chunk
  let consistent = false
  return contend(deps, async () => {
    const loaded = await load(input, deps, left, consistent)
    for (const [place, item] of loaded.known.entries()) {
      const call = left[place]
      if (item && call) done.set(call.index, firstAnswer(item, call))
    }
    if (loaded.known.some((item) => item)) {
      left = left.filter((_call, place) => !loaded.known[place])
      return left.length > 0 ? again : done
    }
    const stored = new Map([...loaded.counters].map(([id, counter]) => [id, counterOf(counter)]))
    const plan = planUsageBatch(stored, loaded.events, loaded.terms, loaded.now, loaded.context)
    const writes = chunkWrites(input, deps, left, loaded, plan)
    const refused = plan.results.some(({ status }) => status === 'refused')
    const stands = (!refused || consistent) && (writes.length === 0 || (await commit(deps.table, writes)).committed)
    // Refused on a stale read, or somebody was faster: look again, consistently, at counters and guards.
    if (!stands) {
      consistent = true
      return again
    }
    for (const [place, call] of left.entries()) done.set(call.index, outcomeAt(place, left, loaded, plan.results))
    return done
  })
}

async function load(input: Input, deps: Deps, calls: Numbered[], consistent: boolean): Promise<Loaded> {
  const account = await loadAccount(input, deps, { consistent })
  const terms = await termsNow(account, deps)
  if (!terms || account.suspended || calls.some((call) => !isPlain(call, terms))) throw new TermsMoved()
  const now = deps.clock.now()
  const context = usageContext(account, terms)
  const events = calls.map((call) => batchEvent(call, now))
  const needed = countersOf(events, terms, context)
  const keys = needed.map(({ feature, window }) => counterKey(account.id, feature, window.id))
  const guards = consistent ? calls.map(({ guard }) => operationKey(account.id, guard)) : []
  const items = await readAll(deps, [...keys, ...guards], consistent)
  const counters = new Map<string, StoredCounter>()
  for (const [at, { feature, window }] of needed.entries()) {
    const item = items[at]
    if (item) counters.set(counterId(feature, window), readCounter(item))
  }
  return { account, terms, context, now, events, counters, known: items.slice(keys.length) }
}

/** Counted and free of credits: what a chunk can take. */
export function isPlain({ event }: EventCall, terms: PlanTerms): boolean {
  const term = termOf(terms, event.feature)
  return event.quantity > 0 && term?.kind === 'metered' && costOf(term, event) === 0
}

const readAll = (deps: Deps, keys: ReturnType<typeof counterKey>[], consistent: boolean) =>
  keys.length === 0 ? Promise.resolve([]) : deps.table.batchGet(keys, { consistent })

/** The domain's event; without `at` it happens now. */
export const batchEvent = ({ event, call }: EventCall, now: number): BatchEvent => ({
  feature: event.feature,
  quantity: event.quantity,
  at: event.at === undefined ? now : Date.parse(event.at),
  outcome: event.outcome,
  ...(event.durationMs !== undefined && { durationMs: event.durationMs }),
  key: call.key ?? '',
  requestHash: call.hash,
})

/** Each changed counter once, a row for each counted event, a notice for each threshold crossed. */
function chunkWrites(
  input: Input,
  deps: Deps,
  calls: Numbered[],
  { account, terms, now, counters, events }: Loaded,
  plan: BatchPlan,
): Write[] {
  const at = { now, real: deps.clock.real() }
  const rows = calls.flatMap(({ event, guard, call }, place) => {
    const result = plan.results[place]
    const planned = events[place]
    if (result?.status !== 'counted' || !planned) return []
    const usage: UsageResult = { usageId: idOf('use', now, guard), feature: event.feature, ...result.plan.standing }
    const { metadata, reference: callerReference, outcome, durationMs } = event
    const record = {
      id: usage.usageId,
      key: call.key,
      hash: call.hash,
      answer: usage,
      feature: event.feature,
      windowId: result.plan.window.id,
      quantity: outcome === 'success' ? event.quantity : 0,
      cost: 0,
      at: planned.at,
      planId: terms.planId,
      outcome,
      durationMs,
      requestId: call.requestId,
      actor: call.actor,
      metadata,
      callerReference,
    }
    return [putUsageEventWrite(account.id, guard, record, at)]
  })
  const changes = plan.changes.map(({ feature, window, next }) =>
    putCounterWrite({ accountId: account.id, feature, window }, next, counters.get(counterId(feature, window)), now),
  )
  const notices = plan.changes.flatMap(({ feature, window, next, crossed }) => {
    const term = termOf(terms, feature)
    const limit = term?.kind === 'metered' ? term.limit : 0
    return noticesOf(deps, {
      accountId: account.id,
      feature,
      window,
      used: next.n,
      limit,
      crossed,
      requestId: input.requestId,
    })
  })
  const refusals = calls.flatMap(({ guard, call }, place) => {
    const result = plan.results[place]
    if (result?.status !== 'refused' || !isLasting(result.plan.reason)) return []
    const problem = refusalOf(events[place]?.feature ?? '', terms, result.plan)
    const { retryAfterSeconds: _wait, ...extras } = problem.extras
    return [
      putRefusalWrite(
        account.id,
        guard,
        call,
        { problem: { code: problem.code, detail: problem.message, extras } },
        at,
      ),
    ]
  })
  return [...changes, ...rows, ...refusals, ...notices]
}

function outcomeAt(place: number, calls: Numbered[], loaded: Loaded, results: BatchResult[]): Outcome {
  const [call, result] = [calls[place], results[place]]
  if (!call || !result) throw new Error('a batch has a result for each event')
  const { feature } = call.event
  switch (result.status) {
    case 'counted':
      return { usageId: idOf('use', loaded.now, call.guard), feature, ...result.plan.standing }
    case 'refused':
      return refusalOf(feature, loaded.terms, result.plan)
    case 'unknown_feature':
      return new Problem('validation_failed', 'feature: is not metered')
    case 'key_reused':
      return new Problem('idempotency_key_reused', 'This source and id stand in the batch with other content too.')
    case 'duplicate':
      return outcomeAt(result.of, calls, loaded, results)
  }
}

const refusalOf = (feature: string, terms: PlanTerms, { reason, standing }: UsagePlan & { accepted: false }): Problem =>
  problemOf(
    { kind: 'refused', reason, standing, balance: 0, available: 0, required: 0 },
    { entitlement: { feature, terms, window: null } },
  )

function firstAnswer(item: Item, { call }: EventCall): Outcome {
  try {
    return replayRow<UsageResult>(item, call).output
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
}
