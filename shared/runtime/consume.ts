import { type Consumption, type ConsumptionPlan, type ConsumptionRequest, planConsumption } from '#domain/consumption'
import { type Guard, idOf } from '#domain/guard'
import type { UsageCounter } from '#domain/usage'
import type { Problem } from '#errors/problem'
import { commit } from '#table/commit'
import type { Write } from '#table/port'
import { putCounterWrite, putUsageEventWrite } from '#table/usage'
import { type Call, putEntryWrite, putRefusalWrite, putWalletWrite } from '#table/wallets'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { refuseFinally, replayRow } from './guarded.ts'
import { noticesOf } from './notices.ts'
import type { Input, Reply } from './run.ts'
import { type FeatureStanding, loadStanding } from './standing.ts'

/** What a call makes of a standing. */
export type Verdict<Output> =
  /** Nothing is taken and nothing is kept. */
  | { kind: 'answer'; output: Output }
  /** As `answer`, for a "no": it is not given on a stale read. */
  | { kind: 'question'; output: Output }
  /** Refused; kept under the caller's key, as an answer (a check) or as a problem (everything else). */
  | { kind: 'refuse'; output: Output }
  | { kind: 'refuse'; problem: Problem }
  /** Refused for now: nothing is kept, and the same call may pass later. Not said on a stale read either. */
  | { kind: 'forbid'; problem: Problem }
  | { kind: 'take'; request: ConsumptionRequest; answer: (taken: Consumption, usageId: string) => Output }

export interface Use<Output> {
  feature: string
  at?: number
  guard: Guard
  call: Call
  decide: (standing: FeatureStanding) => Verdict<Output> | Promise<Verdict<Output>>
  /** A plan refused after `decide` allowed it (the wallet's own say), told as the call tells refusals. */
  refuse: (
    plan: Extract<ConsumptionPlan, { kind: 'refused' }>,
    standing: FeatureStanding,
  ) => Verdict<Output> | Promise<Verdict<Output>>
  /** Stands on the event's row. */
  own?: Record<string, unknown>
}

/**
 * Reads the standing, lets the call decide, and takes usage and credits in one transaction whose guard is the event's
 * row (or, where credits are spent, the ledger entry). A refusal is decided again on consistent reads, and only after
 * the guard was looked at: the same key may have been let through before.
 */
export async function consume<Output extends object>(
  input: Input,
  deps: Deps,
  use: Use<Output>,
): Promise<Output | Reply<Output>> {
  let first: FeatureStanding | undefined = await loadStanding(input, deps, {
    feature: use.feature,
    ...(use.at !== undefined && { at: use.at }),
    consistent: false,
  })
  return contend(deps, async () => {
    // Each round looks anew: an instant and an image that are a back-off old decide nothing.
    let standing = first ?? (await lookAgain(input, deps, use))
    first = undefined
    let verdict = await use.decide(standing)
    let plan = planOf(verdict, standing)
    if (isRefused(verdict, plan) && !standing.consistent) {
      standing = await lookAgain(input, deps, use)
      verdict = await use.decide(standing)
      plan = planOf(verdict, standing)
    }
    // A question takes nothing, so no earlier call with its key stands in its way.
    if (verdict.kind === 'answer' || verdict.kind === 'question') return verdict.output
    if (standing.prior) return replayRow<Output>(standing.prior, use.call)
    if (plan?.kind === 'refused') verdict = await use.refuse(plan, standing)
    if (verdict.kind === 'forbid') throw verdict.problem
    if (verdict.kind === 'refuse') return refuse(deps, input.accountId, use, verdict)
    if (verdict.kind !== 'take' || !plan || plan.kind === 'refused')
      throw new Error('a use was neither refused nor planned')
    return write(deps, input.accountId, use, verdict, plan, standing)
  })
}

const lookAgain = <Output>(input: Input, deps: Deps, use: Use<Output>): Promise<FeatureStanding> =>
  loadStanding(input, deps, {
    feature: use.feature,
    ...(use.at !== undefined && { at: use.at }),
    guard: use.guard,
    consistent: true,
  })

const isRefused = <Output>(verdict: Verdict<Output>, plan: ConsumptionPlan | undefined): boolean =>
  verdict.kind === 'refuse' || verdict.kind === 'forbid' || verdict.kind === 'question' || plan?.kind === 'refused'

function planOf<Output>(
  verdict: Verdict<Output>,
  { account, entitlement, counter, wallet, now }: FeatureStanding,
): ConsumptionPlan | undefined {
  if (verdict.kind !== 'take') return undefined
  return planConsumption(
    { account, entitlement, counter: counter && counterOf(counter), wallet: wallet.wallet },
    verdict.request,
    now,
  )
}

/** The domain's counter in a stored one. */
export function counterOf({
  n,
  ver,
  end,
  d,
  s,
  crossed,
  over,
  late,
  closed,
  price,
  due,
}: NonNullable<FeatureStanding['counter']>): UsageCounter {
  return {
    ...{ n, ver, end, d, s, crossed, over },
    ...(late !== undefined && { late }),
    ...(closed !== undefined && { closed }),
    ...(price && { price }),
    ...(due !== undefined && { due }),
  }
}

async function write<Output extends object>(
  deps: Deps,
  accountId: string,
  use: Use<Output>,
  verdict: Extract<Verdict<Output>, { kind: 'take' }>,
  plan: Exclude<ConsumptionPlan, { kind: 'refused' }>,
  standing: FeatureStanding,
): Promise<Output | Reply<Output> | typeof again> {
  const { now } = standing
  if (plan.kind === 'partial') {
    await commit(deps.table, [
      putWalletWrite(accountId, plan.wallet, standing.wallet, now),
      ...plan.entries.map((entry) => putEntryWrite(accountId, entry, use.call)),
    ])
    return again
  }
  const usageId = idOf('use', now, use.guard)
  const output = verdict.answer(plan, usageId)
  const { own, writes } = takingWrites(deps, accountId, use, verdict.request, plan, standing, { usageId, output })
  const outcome = await commit(deps.table, writes)
  if (outcome.committed) return output
  const first = outcome.refusalOf(own)?.item
  return first ? replayRow<Output>(first, use.call) : again
}

/** The transaction of a use: its guard's row, counter and wallet on the versions seen, and a notice for each threshold crossed. */
export function takingWrites<Output extends object>(
  deps: Deps,
  accountId: string,
  use: Pick<Use<Output>, 'feature' | 'guard' | 'call' | 'own'>,
  request: ConsumptionRequest,
  plan: Consumption,
  standing: Pick<FeatureStanding, 'entitlement' | 'counter' | 'wallet' | 'now'>,
  made: { usageId: string; output: Output },
): { own: Write; writes: Write[] } {
  const at = { now: standing.now, real: deps.clock.real() }
  const { call, feature, guard } = use
  const record = {
    id: made.usageId,
    key: call.key,
    hash: call.hash,
    answer: made.output,
    feature,
    windowId: plan.counted?.window.id ?? null,
    quantity: request.outcome === 'success' ? request.quantity : 0,
    cost: plan.cost,
    at: request.at,
    planId: standing.entitlement.terms?.planId ?? null,
    outcome: request.outcome,
    durationMs: request.durationMs,
    requestId: call.requestId,
    actor: call.actor,
    ...use.own,
  }
  const writes: Write[] = []
  let own: Write
  if (plan.spent) {
    const [last] = plan.spent.entries.slice(-1)
    const { id: usageId, ...rest } = record
    const entries = plan.spent.entries.map((entry) =>
      putEntryWrite(accountId, entry, call, entry === last ? { ...rest, usageId } : {}),
    )
    own = entries.at(-1) as Write
    writes.push(putWalletWrite(accountId, plan.spent.wallet, standing.wallet, at.now), ...entries)
  } else {
    own = putUsageEventWrite(accountId, guard, record, at)
    writes.push(own)
  }
  if (plan.counted) {
    const { window, next, crossed, standing: after } = plan.counted
    writes.push(putCounterWrite({ accountId, feature, window }, next, standing.counter, at.now))
    writes.push(
      ...noticesOf(deps, {
        accountId,
        feature,
        window,
        used: after.used,
        limit: after.limit,
        crossed,
        requestId: call.requestId,
      }),
    )
  }
  return { own, writes }
}

/** A check's refusal is an answer, kept under the caller's key; another call's is a problem, kept the same way. */
async function refuse<Output extends object>(
  deps: Deps,
  accountId: string,
  { guard, call }: Use<Output>,
  verdict: Extract<Verdict<Output>, { kind: 'refuse' }>,
): Promise<Output | Reply<Output>> {
  if ('problem' in verdict) return refuseFinally<Output>(deps, accountId, guard, call, verdict.problem)
  if (call.key === undefined) return verdict.output
  const row = putRefusalWrite(
    accountId,
    guard,
    call,
    { answer: verdict.output },
    { now: deps.clock.now(), real: deps.clock.real() },
  )
  const outcome = await commit(deps.table, [row])
  const first = outcome.committed ? undefined : outcome.refusalOf(row)?.item
  return first ? replayRow<Output>(first, call) : verdict.output
}
