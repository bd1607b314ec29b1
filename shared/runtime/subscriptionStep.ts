import { assertNotSuspended } from '#domain/entitlement'
import type { BoughtSubscription } from '#domain/subscriptionState'
import { statusAt } from '#domain/subscriptionState'
import { assertNotManaged } from '#domain/subscriptionTransition'
import type { SubscriptionPlan } from '#domain/subscriptionWrite'
import { Problem } from '#errors/problem'
import type { HttpOperation } from '#operations/definition'
import { findAccount } from '#table/accounts'
import type { Write } from '#table/port'
import { commitAnswer } from './answers.ts'
import { auditOf } from './audit.ts'
import { contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { callOf } from './guarded.ts'
import { tableWrites } from './paymentCommit.ts'
import type { Input, Reply } from './run.ts'
import { onSettledWallet } from './settled.ts'
import { type LoadedScene, loadScene, presentSubscription } from './subscription.ts'
import { subscriptionViewOf } from './subscriptionView.ts'

export type SubscriptionAnswer = Awaited<ReturnType<typeof subscriptionViewOf>>

/** A step that somebody asks for, and how it is answered. */
export interface AskedStep<Output> {
  /** Decides, at each attempt anew. @throws Problem to refuse. */
  plan: (loaded: LoadedScene, now: number) => SubscriptionPlan | Promise<SubscriptionPlan>
  answer: (view: SubscriptionAnswer) => Output
  /** For the audit entry. */
  reason?: string | undefined
}

/**
 * One step of a subscription that somebody asks for: read, decide, commit with the answer and an audit entry, and all of
 * it again when the race was lost. Asked for twice it changes nothing the second time, and is answered all the same.
 * @throws Problem `not_found` without a subscription, `account_suspended` but for staff, `conflict` for one that a provider
 * renews, whatever `plan` refuses.
 */
export function askedStep<Output extends Record<string, unknown>>(
  operation: HttpOperation,
  input: Input,
  deps: Deps,
  { plan, answer, reason }: AskedStep<Output>,
): Promise<Output | Reply<Output>> {
  const { accountId, identity } = input
  const attempt = async () => {
    const loaded = await requireScene(deps, accountId)
    if (identity.kind !== 'staff') assertNotSuspended(loaded.scene.account)
    assertNotManaged(loaded.scene.subscription)
    const now = deps.clock.now()
    const planned = await plan(loaded, now)
    const view = await subscriptionViewOf(deps, planned.account, planned.subscription)
    const writes = [
      ...tableWrites(deps, planned.writes, callOf(input), loaded.stored.createdAt).flatMap((row) => row.writes),
      auditOfStep(operation, input, deps, { before: loaded.scene.subscription, after: planned.subscription, reason }),
    ]
    return commitAnswer(operation, input, deps, writes, answer(view))
  }
  return contend(deps, () => onSettledWallet(deps, accountId, attempt))
}

/** @throws Problem `not_found` where there never was a subscription, `conflict` for one that staff gave. */
async function requireScene(deps: Deps, accountId: string): Promise<LoadedScene> {
  const loaded = await loadScene(deps, accountId)
  if (loaded) return loaded
  const account = await findAccount(deps.table, accountId, { consistent: true })
  const given = account && (await presentSubscription(deps, account))
  if (given && statusAt(given, deps.clock.now()).access)
    throw new Problem('conflict', 'The plan was given by staff: there is nothing to pay, renew or cancel.')
  throw new Problem('not_found', 'There is no subscription.')
}

function auditOfStep(
  operation: HttpOperation,
  input: Input,
  deps: Deps,
  { before, after, reason }: { before: BoughtSubscription; after: BoughtSubscription; reason?: string | undefined },
): Write {
  return auditOf(input, deps, {
    action: operation.id,
    entity: 'subscription',
    entityId: after.id,
    ...(reason !== undefined && { reason }),
    before: audited(before),
    after: audited(after),
  })
}

const audited = ({ status, planId, periodEnd, autoRenew, scheduledChange, canceledAt }: BoughtSubscription) => ({
  status,
  planId,
  periodEnd,
  autoRenew,
  scheduledPriceId: scheduledChange?.priceId ?? null,
  canceledAt: canceledAt ?? null,
})
