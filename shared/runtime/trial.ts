import { fallbackTermsOf, findPrice, termsAt } from '#domain/catalogueTerms'
import { assertNotSuspended } from '#domain/entitlement'
import { ulidOf } from '#domain/guard'
import { renewalMethod } from '#domain/paymentMethod'
import type { HistoryEntry } from '#domain/paymentWrite'
import { planTrialStart } from '#domain/subscriptionTrial'
import { notFound } from '#errors/problem'
import { startTrial } from '#operations/subscriptions'
import { catalogueStands, currentCatalogue } from '#table/catalogue'
import { listHistory } from '#table/history'
import type { Table } from '#table/port'
import { loadAccount } from './account.ts'
import { loadStoredWallet } from './accountChange.ts'
import { commitAnswer } from './answers.ts'
import { auditOf } from './audit.ts'
import { accountFor } from './billingProfile.ts'
import { contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { callOf } from './guarded.ts'
import { historyIds } from './historyId.ts'
import { tableWrites } from './paymentCommit.ts'
import type { Input } from './run.ts'
import { findDefaultMethod, ownMethod } from './savedMethod.ts'
import { onSettledWallet } from './settled.ts'
import { subscriptionViewOf } from './subscriptionView.ts'

/** Entries of a plan history that one query reads. */
const historyAtOnce = 500

/**
 * Starts a trial: once per account and plan, which the history tells. Two that start at once meet on the account's row.
 * The method that is named is charged at its end, else the account's default.
 * @throws Problem `not_found` for an unknown price or method, `conflict` for whatever speaks against a trial.
 */
export async function beginTrial(
  deps: Deps,
  input: Input,
  { priceId, paymentMethodId }: { priceId: string; paymentMethodId?: string },
) {
  const { accountId } = input
  await accountFor(deps, input)
  const named = paymentMethodId === undefined ? undefined : await ownMethod(deps, accountId, paymentMethodId)
  const attempt = async () => {
    const published = await currentCatalogue(deps.table)
    const found = findPrice(published.catalogue, priceId)
    if (!found) throw notFound('price')
    const account = await loadAccount(input, deps, { consistent: true })
    assertNotSuspended(account)
    const [stored, history, method] = await Promise.all([
      loadStoredWallet(deps, accountId),
      wholeHistory(deps.table, accountId),
      named ?? findDefaultMethod(deps, accountId),
    ])
    const now = deps.clock.now()
    const plan = planTrialStart(
      {
        account,
        wallet: stored.wallet,
        fallback: fallbackTermsOf(published),
        terms: termsAt(published, found),
        trialDays: found.plan.trialDays,
        history,
        ids: { subscription: `sub_${ulidOf(now, deps.ids.random())}`, ...historyIds(deps) },
        ...(method && { method: renewalMethod(method) }),
      },
      now,
    )
    const audit = auditOf(input, deps, {
      action: startTrial.id,
      entity: 'subscription',
      entityId: plan.subscription.id,
      after: { planId: plan.subscription.planId, priceId },
    })
    const rows = tableWrites(deps, plan.writes, callOf(input), stored.createdAt).flatMap(({ writes }) => writes)
    const view = await subscriptionViewOf(deps, plan.account, plan.subscription)
    return commitAnswer(startTrial, input, deps, [...rows, catalogueStands(published.version), audit], view)
  }
  return contend(deps, () => onSettledWallet(deps, accountId, attempt))
}

/** Consistent, and after the account: a trial that is missing here has not touched the account that was read either. */
async function wholeHistory(table: Table, accountId: string): Promise<HistoryEntry[]> {
  const all: HistoryEntry[] = []
  for (;;) {
    const last = all.at(-1)
    const page = { limit: historyAtOnce, consistent: true, ...(last && { before: last.id }) }
    const { entries, more } = await listHistory(table, accountId, page)
    all.push(...entries)
    if (!more) return all
  }
}
