import { assertNotSuspended, costOf, termOf, usageContext } from '#domain/entitlement'
import { idOf } from '#domain/guard'
import type { PlanTerms } from '#domain/terms'
import { type BatchEvent, counterId, countersOf, planUsageBatch } from '#domain/usageBatch'
import { codes } from '#errors/codes'
import { Problem } from '#errors/problem'
import { commit } from '#table/commit'
import { counterKey, operationKey } from '#table/keys'
import type { Item, Write } from '#table/port'
import { putCounterWrite, putUsageEventWrite, readCounter, type StoredCounter } from '#table/usage'
import { loadAccount, termsNow } from './account.ts'
import { counterOf } from './consume.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { replayRow } from './guarded.ts'
import { noticesOf } from './notices.ts'
import { type Input, Reply } from './run.ts'
import {
  type CloudEvent,
  cloudEventCall,
  type EventCall,
  problemOf,
  recordEvent,
  type UsageResult,
} from './usageEvent.ts'

/** What `POST /usage` would have answered for an event alone. */
export interface BatchLine {
  id: string
  source: string
  status: number
  usage?: UsageResult
  code?: string
  detail?: string
}

/** Events of one transaction: with up to 16 counters and their notices it stays within 100 writes, and 50 events share the price of a counter. */
const eventsPerCommit = 50
const mostCounters = 16

/**
 * Counts a batch of CloudEvents: each on its own merits, many in one transaction. Give-backs and uses that cost credits
 * go one by one, as their transactions hold more than a counter.
 */
export async function recordBatch(input: Input, deps: Deps, batch: CloudEvent[]): Promise<BatchLine[]> {
  const account = await loadAccount(input, deps)
  assertNotSuspended(account)
  const terms = await termsNow(account, deps)
  const calls = batch.map((event) => cloudEventCall(input, event))
  const lines = new Map<number, BatchLine>()
  const plain: number[] = []
  for (const [index, call] of calls.entries()) {
    if (terms && isPlain(call, terms)) plain.push(index)
    else lines.set(index, lineOf(batch[index], await outcomeOf(() => recordEvent(input, deps, call))))
  }
  for (const chunk of terms ? chunksOf(plain, calls) : []) {
    const done = await recordChunk(
      input,
      deps,
      chunk.map((index) => ({ index, ...(calls[index] as EventCall) })),
    )
    for (const [index, outcome] of done) lines.set(index, lineOf(batch[index], outcome))
  }
  return batch.map((_event, index) => lines.get(index) as BatchLine)
}

function isPlain({ event }: EventCall, terms: PlanTerms): boolean {
  const term = termOf(terms, event.feature)
  return event.quantity > 0 && term?.kind === 'metered' && costOf(term, event) === 0
}

/** In order, cut where a transaction would grow too large. */
function chunksOf(indexes: number[], calls: EventCall[]): number[][] {
  const chunks: number[][] = []
  let current: number[] = []
  let features = new Set<string>()
  for (const index of indexes) {
    const { event } = calls[index] as EventCall
    // Back-dated events of one feature may need counters of their own; a day is the shortest window that a batch commonly spans.
    features.add(`${event.feature} ${event.at ?? ''}`)
    if (current.length === eventsPerCommit || features.size > mostCounters) {
      chunks.push(current)
      current = []
      features = new Set([`${event.feature} ${event.at ?? ''}`])
    }
    current.push(index)
  }
  return current.length > 0 ? [...chunks, current] : chunks
}

type Outcome = UsageResult | Problem
type Numbered = EventCall & { index: number }

/** One transaction's worth of events, again until it stands: events that were counted before leave it, the others go on. */
function recordChunk(input: Input, deps: Deps, chunk: Numbered[]): Promise<Map<number, Outcome>> {
  const done = new Map<number, Outcome>()
  let left = chunk
  let consistent = false
  return contend(deps, async () => {
    const account = await loadAccount(input, deps, { consistent })
    const terms = await termsNow(account, deps)
    if (!terms) throw new Problem('payment_required', 'The account has no live subscription.')
    const now = deps.clock.now()
    const context = usageContext(account, terms)
    const events = left.map(
      ({ event, call }): BatchEvent => ({
        feature: event.feature,
        quantity: event.quantity,
        at: event.at === undefined ? now : Date.parse(event.at),
        outcome: event.outcome,
        ...(event.durationMs !== undefined && { durationMs: event.durationMs }),
        key: call.key ?? '',
        requestHash: call.hash,
      }),
    )
    const needed = countersOf(events, terms, context)
    const keys = needed.map(({ feature, window }) => counterKey(account.id, feature, window.id))
    const guards = consistent ? left.map(({ guard }) => operationKey(account.id, guard)) : []
    const items = await deps.table.batchGet([...keys, ...guards], { consistent })
    const known = guards.map((_key, at) => items[keys.length + at])
    if (known.some((item) => item)) return settleKnown(known)
    const counters = new Map<string, StoredCounter>()
    for (const [at, { feature, window }] of needed.entries()) {
      const item = items[at]
      if (item) counters.set(counterId(feature, window), readCounter(item))
    }
    const plan = planUsageBatch(
      new Map([...counters].map(([id, stored]) => [id, counterOf(stored)])),
      events,
      terms,
      now,
      context,
    )
    const refused = plan.results.some(({ status }) => status === 'refused')
    if (refused && !consistent) return lookAgain()

    const at = { now, real: deps.clock.real() }
    const rows = new Map<number, Write>()
    for (const [place, result] of plan.results.entries()) {
      const { event, guard, call } = left[place] as Numbered
      if (result.status !== 'counted') continue
      const usage: UsageResult = { usageId: idOf('use', now, guard), feature: event.feature, ...result.plan.standing }
      rows.set(
        place,
        putUsageEventWrite(
          account.id,
          guard,
          {
            id: usage.usageId,
            key: call.key,
            hash: call.hash,
            answer: usage,
            feature: event.feature,
            windowId: result.plan.window.id,
            quantity: event.outcome === 'success' ? event.quantity : 0,
            cost: 0,
            at: events[place]?.at ?? now,
            planId: terms.planId,
            outcome: event.outcome,
            durationMs: event.durationMs,
            requestId: call.requestId,
            actor: call.actor,
            metadata: event.metadata,
            callerReference: event.reference,
          },
          at,
        ),
      )
    }
    const changes = plan.changes.map((change) =>
      putCounterWrite(
        { accountId: account.id, ...change },
        change.next,
        counters.get(counterId(change.feature, change.window)),
        now,
      ),
    )
    const notices = plan.changes.flatMap(({ feature, window, next, crossed }) => {
      const term = termOf(terms, feature)
      return noticesOf(deps, {
        accountId: account.id,
        feature,
        window,
        used: next.n,
        limit: term?.kind === 'metered' ? term.limit : 0,
        crossed,
        requestId: input.requestId,
      })
    })
    const writes = [...changes, ...rows.values(), ...notices]
    if (writes.length > 0) {
      const outcome = await commit(deps.table, writes)
      if (!outcome.committed) return lookAgain()
    }
    for (const [place, result] of plan.results.entries()) {
      const { index } = left[place] as Numbered
      if (result.status === 'counted')
        done.set(index, {
          usageId: idOf('use', now, (left[place] as Numbered).guard),
          feature: events[place]?.feature ?? '',
          ...result.plan.standing,
        })
      else if (result.status === 'refused')
        done.set(
          index,
          problemOf(
            {
              kind: 'refused',
              reason: result.plan.reason,
              standing: result.plan.standing,
              balance: 0,
              available: 0,
              required: 0,
            },
            { entitlement: { feature: events[place]?.feature ?? '', terms, window: null } },
          ),
        )
      else if (result.status === 'unknown_feature')
        done.set(index, new Problem('validation_failed', 'feature: is not metered'))
      else if (result.status === 'key_reused')
        done.set(
          index,
          new Problem(
            'idempotency_key_reused',
            'This event’s source and id stand in the batch with other content too.',
          ),
        )
    }
    for (const [place, result] of plan.results.entries()) {
      if (result.status === 'duplicate')
        done.set((left[place] as Numbered).index, done.get((left[result.of] as Numbered).index) as Outcome)
    }
    return done

    function lookAgain(): typeof again {
      consistent = true
      return again
    }
    /** Counted before, alone or in another batch: their first answers stand. */
    function settleKnown(found: (Item | undefined)[]): typeof again | Map<number, Outcome> {
      const rest: Numbered[] = []
      for (const [place, one] of left.entries()) {
        const item = found[place]
        if (item) done.set(one.index, replayed(item, one))
        else rest.push(one)
      }
      left = rest
      return left.length > 0 ? again : done
    }
  })
}

function replayed(item: Item, { call }: EventCall): Outcome {
  try {
    return replayRow<UsageResult>(item, call).output
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
}

async function outcomeOf(record: () => Promise<UsageResult | Reply<UsageResult>>): Promise<Outcome> {
  try {
    const outcome = await record()
    return outcome instanceof Reply ? outcome.output : outcome
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
}

function lineOf(event: CloudEvent | undefined, outcome: Outcome): BatchLine {
  const { id = '', source = '' } = event ?? {}
  if (outcome instanceof Problem)
    return { id, source, status: codes[outcome.code].status, code: outcome.code, detail: outcome.message }
  return { id, source, status: 201, usage: outcome }
}
