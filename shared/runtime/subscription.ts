import { fallbackTermsOf } from '#domain/catalogueTerms'
import type { Subscription } from '#domain/subscription'
import { type BoughtSubscription, isBought } from '#domain/subscriptionState'
import type { SubscriptionPlan, SubscriptionScene } from '#domain/subscriptionWrite'
import { Problem } from '#errors/problem'
import { accountIn, findAccount } from '#table/accounts'
import { accountKey, subscriptionKey, walletKey } from '#table/keys'
import type { Write } from '#table/port'
import { findSubscription, latestSubscription, readSubscription } from '#table/subscriptions'
import { type Call, readWallet, type StoredWallet } from '#table/wallets'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { type SettlementCall, writePayment } from './paymentCommit.ts'
import { onSettledWallet } from './settled.ts'

/** A subscription with everything that a step of it rests on, read consistently. */
export interface LoadedScene {
  scene: SubscriptionScene
  stored: StoredWallet
}

/**
 * The account's present subscription, else the last it had. Undefined: it never had one. Given by staff, or bought:
 * `isBought` tells.
 */
export async function presentSubscription(
  deps: Pick<Deps, 'table'>,
  { id, subscriptionId }: { id: string; subscriptionId?: string },
): Promise<Subscription | BoughtSubscription | undefined> {
  return subscriptionId === undefined
    ? latestSubscription(deps.table, id)
    : findSubscription(deps.table, id, subscriptionId)
}

/**
 * In one read where the subscription is known. Undefined: there is no such subscription, or it was given by staff, or the
 * account is gone. @throws Error for an account without a wallet: a defect.
 */
export async function loadScene(
  deps: Deps,
  accountId: string,
  subscriptionId?: string,
): Promise<LoadedScene | undefined> {
  const id = subscriptionId ?? (await presentIdOf(deps, accountId))
  if (id === undefined) return undefined
  const keys = [accountKey(accountId), subscriptionKey(accountId, id), walletKey(accountId)]
  const [own, bought, held] = await deps.table.batchGet(keys, { consistent: true })
  const account = own && accountIn(own)
  const subscription = bought && readSubscription(bought)
  if (!account || !subscription || !isBought(subscription)) return undefined
  if (!held) throw new Error('an account without a wallet')
  const stored = readWallet(held)
  const fallback = fallbackTermsOf(await deps.catalogue())
  return { scene: { account, wallet: stored.wallet, subscription, fallback }, stored }
}

async function presentIdOf(deps: Deps, accountId: string): Promise<string | undefined> {
  const account = await findAccount(deps.table, accountId, { consistent: true })
  return account && (account.subscriptionId ?? (await latestSubscription(deps.table, accountId))?.id)
}

export interface StepOptions {
  /** Default: the account's present one. */
  subscriptionId?: string
  /** Beside what the step writes, in its transaction: an audit entry, a stored answer. */
  beside?: (plan: SubscriptionPlan) => Write[]
}

/**
 * One step of a subscription: read, decide, commit, and all of it again when the race was lost. A step that changes
 * nothing writes nothing.
 * @throws Problem `not_found` without a bought subscription; whatever `plan` refuses.
 */
export function stepSubscription(
  deps: Deps,
  accountId: string,
  call: SettlementCall | Call,
  plan: (loaded: LoadedScene, now: number) => SubscriptionPlan | Promise<SubscriptionPlan>,
  { subscriptionId, beside = () => [] }: StepOptions = {},
): Promise<SubscriptionPlan> {
  const attempt = async (): Promise<SubscriptionPlan | typeof again> => {
    const loaded = await loadScene(deps, accountId, subscriptionId)
    if (!loaded) throw new Problem('not_found', 'There is no subscription.')
    const planned = await plan(loaded, deps.clock.now())
    if (planned.writes.length === 0) return planned
    const outcome = await writePayment(deps, planned.writes, call, loaded.stored.createdAt, beside(planned))
    return outcome.committed ? planned : again
  }
  return contend(deps, () => onSettledWallet(deps, accountId, attempt))
}
