import { fallbackTermsOf, findPrice, termsAt } from '#domain/catalogueTerms'
import { ulidOf } from '#domain/guard'
import { planImport } from '#domain/subscriptionImport'
import { notFound, Problem } from '#errors/problem'
import { importSubscription } from '#operations/subscriptions'
import { loadStoredWallet } from '#runtime/accountChange'
import { commitAnswer } from '#runtime/answers'
import { auditOf } from '#runtime/audit'
import { contend } from '#runtime/contend'
import { callOf } from '#runtime/guarded'
import { historyIds } from '#runtime/historyId'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { payments } from '#runtime/livePayments'
import { tableWrites } from '#runtime/paymentCommit'
import { given } from '#runtime/request'
import type { Run } from '#runtime/run'
import { onSettledWallet } from '#runtime/settled'
import { subscriptionViewOf } from '#runtime/subscriptionView'
import { findAccount } from '#table/accounts'
import { catalogueStands, currentCatalogue } from '#table/catalogue'
import { findProviderSubscription, putProviderSubscriptionWrite } from '#table/providerSubscriptions'

export const run: Run<typeof importSubscription> = async (input, deps) => {
  const { accountId, body } = input
  const { provider, providerSubscriptionId, priceId, currentPeriodStart, currentPeriodEnd, ...rest } = body
  // Nobody would hear of it: a provider that is turned off sends its events in vain.
  if (!(await deps.payments()).turnedOn.includes(provider)) throw refusal('provider', 'is not turned on')
  const imported = {
    ...{ provider, providerSubscriptionId, status: 'active' as const },
    ...{ periodStart: Date.parse(currentPeriodStart), periodEnd: Date.parse(currentPeriodEnd) },
    ...given(rest),
  }
  const attempt = async () => {
    const published = await currentCatalogue(deps.table)
    const found = findPrice(published.catalogue, priceId)
    if (!found) throw refusal('priceId', 'is not a price of the catalogue')
    const account = await findAccount(deps.table, accountId, { consistent: true })
    if (!account) throw notFound('account')
    if (await findProviderSubscription(deps.table, provider, providerSubscriptionId))
      throw new Problem('conflict', 'This subscription of the provider was brought over before.')
    const stored = await loadStoredWallet(deps, accountId)
    const now = deps.clock.now()
    const ids = { subscription: `sub_${ulidOf(now, deps.ids.random())}`, ...historyIds(deps) }
    const [terms, fallback] = [termsAt(published, found), fallbackTermsOf(published)]
    const plan = planImport({ account, wallet: stored.wallet, fallback, terms, imported, ids }, now)
    const audit = auditOf(input, deps, {
      action: importSubscription.id,
      entity: 'subscription',
      entityId: ids.subscription,
      before: { planId: account.plan?.planId ?? null },
      after: { planId: terms.planId, priceId, provider, providerSubscriptionId },
    })
    const writes = [
      ...tableWrites(deps, plan.writes, callOf(input), stored.createdAt).flatMap((row) => row.writes),
      putProviderSubscriptionWrite(
        { provider, providerSubscriptionId, accountId, subscriptionId: ids.subscription },
        now,
      ),
      catalogueStands(published.version),
      audit,
    ]
    const view = await subscriptionViewOf(deps, plan.account, plan.subscription)
    return commitAnswer(importSubscription, input, deps, writes, view)
  }
  return contend(deps, () => onSettledWallet(deps, accountId, attempt))
}

const refusal = (path: string, message: string): Problem =>
  new Problem('validation_failed', `${path}: ${message}`, { errors: [{ path, message }] })

export const handler = httpHandler(importSubscription, run, live(catalogue, payments))
