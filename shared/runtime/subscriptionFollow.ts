import { isLive } from '#domain/subscription'
import { billLineId, type ProviderBill, type ProviderNews, planFollow } from '#domain/subscriptionFollow'
import type { WebhookResult } from '#domain/webhook'
import { Problem } from '#errors/problem'
import type { WebhookEvent, WebhookSubject } from '#gateways/gateway'
import { hasHistoryEntry } from '#table/history'
import { findProviderSubscription } from '#table/providerSubscriptions'
import type { Deps } from './deps.ts'
import { freshHistoryId } from './historyId.ts'
import type { SettlementCall } from './paymentCommit.ts'
import { termsOfPlan } from './planTerms.ts'
import { stepSubscription } from './subscription.ts'

type Told = Extract<WebhookSubject, { type: 'subscription' }>

/**
 * A subscription that a provider renews follows what the provider says of it. What is signed is used as it is: it is the
 * provider's own cycle, for which no payment of ours is made or settled.
 */
export async function followSubscription(
  deps: Deps,
  { provider, createdAt }: Pick<WebhookEvent, 'provider' | 'createdAt'>,
  about: Told,
  receivedAt: number,
  call: SettlementCall,
): Promise<WebhookResult> {
  const found = await findProviderSubscription(deps.table, provider, about.providerSubscriptionId)
  if (!found) return { kind: 'ignored', code: 'not_imported' }
  const { accountId, subscriptionId } = found
  const news = newsOf(about, createdAt ?? receivedAt)
  const lineId = billLineId(subscriptionId, news)
  try {
    const { subscription } = await stepSubscription(
      deps,
      accountId,
      call,
      async ({ scene }, now) => {
        const isOpen = lineId !== undefined && !(await hasHistoryEntry(deps.table, accountId, lineId))
        const input = { ...(isOpen && { lineId }), historyId: freshHistoryId(deps, now) }
        if (isLive(scene.subscription)) return planFollow(scene, news, input, now)
        return planFollow(scene, news, { ...input, terms: await termsOfPlan(deps, scene.subscription) }, now)
      },
      { subscriptionId },
    )
    if (!isLive(subscription) && news.state === 'active' && subscription.heard?.state !== 'ended')
      deps.log.warn('a provider renews a subscription that is over here', { provider, accountId, subscriptionId })
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'not_found') throw error
    return { kind: 'ignored', code: 'account_erased' }
  }
  return { kind: 'processed', accountId }
}

/** What counts of an event. One that waits for its first payment says nothing: what was brought over has had its own. */
function newsOf({ subscription, invoice, payment }: Told, at: number): ProviderNews {
  const { state, status, endsAtPeriodEnd } = subscription ?? {}
  const paid = billOf(payment, invoice)
  const period = spanOf(subscription) ?? spanOf(invoice)
  const told = state ?? (paid ? 'active' : invoice?.state === 'failed' ? 'past_due' : 'pending')
  return {
    at,
    ...(told !== 'pending' && { state: told }),
    // `cancelled` or `canceled`; any other end is one that was agreed on.
    ...(told === 'ended' && { isCanceled: status?.startsWith('cancel') === true }),
    ...(endsAtPeriodEnd !== undefined && { endsAtPeriodEnd }),
    ...(period && { period }),
    ...(paid && { paid }),
  }
}

/** Both instants: Paystack's subscriptions name the next charge alone. */
const spanOf = (told: { periodStart?: number; periodEnd?: number } | undefined): ProviderNews['period'] =>
  told?.periodStart !== undefined && told.periodEnd !== undefined && told.periodStart < told.periodEnd
    ? { start: told.periodStart, end: told.periodEnd }
    : undefined

/** The money of a payment, or of an invoice where that is all that is told, by whatever name the provider gives it. */
function billOf(payment: Told['payment'], invoice: Told['invoice']): ProviderBill | undefined {
  if (payment?.status === 'captured') {
    const { providerPaymentId, amountMinor, currency } = payment
    return { id: providerPaymentId, providerPaymentId, amountMinor, currency }
  }
  if (invoice?.state !== 'paid') return undefined
  const { providerInvoiceId: id, providerPaymentId, providerOrderId, amountMinor, currency } = invoice
  return {
    id,
    providerPaymentId: providerPaymentId ?? providerOrderId ?? id,
    ...(amountMinor !== undefined && { amountMinor }),
    ...(currency !== undefined && { currency }),
  }
}
