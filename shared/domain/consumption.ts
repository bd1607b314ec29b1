import type { AccountState, Entitlement } from './entitlement.ts'
import { costOf, isOn, usageContext } from './entitlement.ts'
import type { Guard } from './guard.ts'
import { windowAt } from './time.ts'
import { planUsage, type Standing, type UsageCounter, type UsagePlan } from './usage.ts'
import { decide } from './walletDecide.ts'
import type { Decision } from './walletRequest.ts'
import { maxAmount, type Wallet } from './walletState.ts'

/** What a consumption rests on: the account's standing with one feature, and its wallet. */
export interface ConsumptionState {
  account: AccountState
  entitlement: Entitlement
  /** Of the entitlement's window; absent: nothing has been counted there. */
  counter: UsageCounter | undefined
  wallet: Wallet
}

export interface ConsumptionRequest {
  guard: Guard
  feature: string
  /** Whole number ≥ 1. */
  quantity: number
  /** Credits, instead of the feature's price. */
  cost?: number
  /** When it happened, epoch milliseconds. */
  at: number
  outcome: 'success' | 'failure'
  durationMs?: number
}

export type ConsumptionReason =
  | 'subscription_inactive'
  | 'feature_not_in_plan'
  | 'usage_limit_reached'
  | 'insufficient_credits'
  | 'suspended'
  | 'at_out_of_range'

type Accepted<D> = Extract<D, { kind: 'accepted' }>

/** Usage and credits of one use, to be taken in one transaction; either may be absent, never one without its guard. */
export interface Consumption {
  kind: 'taken'
  cost: number
  counted?: UsagePlan & { accepted: true }
  spent?: Accepted<Decision<'deduct'>>
}

export type ConsumptionPlan =
  | Consumption
  /** More is due on the wallet than one transaction holds: write this first. */
  | Extract<Decision<'deduct'>, { kind: 'partial' }>
  | {
      kind: 'refused'
      reason: ConsumptionReason
      standing?: Standing
      balance: number
      available: number
      required: number
    }

/**
 * Takes one use of a feature: its count in the window in which it happened, and the credits it costs. All or nothing.
 * A failure is counted in the statistics only; it costs nothing and is never refused for a limit.
 */
export function planConsumption(
  { account, entitlement, counter, wallet }: ConsumptionState,
  request: ConsumptionRequest,
  now: number,
): ConsumptionPlan {
  const { terms, term } = entitlement
  const cost = request.outcome === 'failure' ? 0 : costOf(term, request)
  const refuse = (reason: ConsumptionReason, standing?: Standing): ConsumptionPlan => ({
    kind: 'refused',
    reason,
    ...(standing && { standing }),
    balance: wallet.balance,
    available: wallet.balance - wallet.held,
    required: cost,
  })
  if (!terms) return refuse('subscription_inactive')
  if (!term || !isOn(term)) return refuse('feature_not_in_plan')
  const { quantity, at, outcome, durationMs } = request
  const counted =
    term.kind === 'metered'
      ? planUsage(
          counter,
          { quantity, at, outcome, ...(durationMs !== undefined && { durationMs }) },
          term,
          now,
          usageContext(account, terms),
        )
      : undefined
  if (counted && !counted.accepted) return refuse(counted.reason, counted.standing)
  // Beyond what any movement of credits may be there is nothing to ask the wallet.
  if (cost > maxAmount) return refuse('insufficient_credits')
  if (cost === 0) return { kind: 'taken', cost, ...(counted && { counted }) }

  const spent = decide(
    wallet,
    { kind: 'deduct', guard: request.guard, amount: cost, reason: `Use of ${request.feature}` },
    now,
    windowAt,
  )
  if (spent.kind === 'partial') return spent
  if (spent.kind === 'refused') {
    const reason = spent.reason === 'suspended' ? 'suspended' : 'insufficient_credits'
    return { kind: 'refused', reason, balance: spent.balance, available: spent.available, required: cost }
  }
  if (spent.kind === 'repeated') throw new Error('a deduction is never answered from the wallet')
  return { kind: 'taken', cost, ...(counted && { counted }), spent }
}
