import { withPlan } from '#domain/accountWallet'
import { findPrice, termsAt } from '#domain/catalogueTerms'
import { ulidOf } from '#domain/guard'
import { planGrant, subscriptionView } from '#domain/subscription'
import { notFound, Problem } from '#errors/problem'
import { grantPlan } from '#operations/admin'
import { fallbackTerms } from '#runtime/account'
import { loadStoredWallet, walletWrites } from '#runtime/accountChange'
import { commitAnswer } from '#runtime/answers'
import { staffAudit } from '#runtime/audit'
import { contend } from '#runtime/contend'
import { callOf } from '#runtime/guarded'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { findAccount, putAccountWrite } from '#table/accounts'
import { countPriceWrite, findSubscription, putSubscriptionWrite } from '#table/subscriptions'

export const run: Run<typeof grantPlan> = async (input, deps) => {
  const { accountId, body } = input
  const published = await deps.catalogue()
  const found = findPrice(published.catalogue, body.priceId)
  if (!found) throw refusal('priceId', 'is not a price of the catalogue')
  const until = body.until === undefined ? null : Date.parse(body.until)
  const fallback = await fallbackTerms(deps)
  return contend(deps, async () => {
    const now = deps.clock.now()
    if (until !== null && until <= now) throw refusal('until', 'lies in the past')
    const account = await findAccount(deps.table, accountId, { consistent: true })
    if (!account) throw notFound('account')
    const current =
      account.subscriptionId === undefined
        ? undefined
        : await findSubscription(deps.table, accountId, account.subscriptionId)
    const stored = await loadStoredWallet(deps, accountId)
    const grant = {
      id: `sub_${ulidOf(now, deps.ids.random())}`,
      terms: termsAt(published, found),
      until,
      reason: body.reason,
    }
    const plan = planGrant(account, current, grant, now)
    const replaced = plan.replaced
    return commitAnswer(
      grantPlan,
      input,
      deps,
      [
        putAccountWrite(plan.account, account),
        ...walletWrites(
          accountId,
          withPlan(stored.wallet, plan.account, fallback, plan.isUpgrade, now),
          stored,
          callOf(input),
          now,
        ),
        putSubscriptionWrite(accountId, plan.granted, undefined, now),
        ...(replaced ? [putSubscriptionWrite(accountId, replaced, current, now)] : []),
        ...countsOf(plan.granted.priceId, replaced?.priceId).map(([priceId, by]) => countPriceWrite(priceId, by, now)),
        staffAudit(input, deps, {
          action: 'grantPlan',
          entity: 'account',
          entityId: accountId,
          reason: body.reason,
          before: { planId: account.plan?.planId ?? null },
          after: { planId: plan.granted.planId, subscriptionId: plan.granted.id },
        }),
      ],
      subscriptionView(plan.granted),
    )
  })
}

/** A transaction takes one write an item: the same price granted anew counts neither up nor down. */
const countsOf = (granted: string, replaced: string | undefined): [string, 1 | -1][] => {
  if (replaced === undefined) return [[granted, 1]]
  return granted === replaced
    ? []
    : [
        [granted, 1],
        [replaced, -1],
      ]
}

const refusal = (path: string, message: string): Problem =>
  new Problem('validation_failed', `${path}: ${message}`, { errors: [{ path, message }] })

export const handler = httpHandler(grantPlan, run, live(catalogue))
