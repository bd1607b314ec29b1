import type { Payment } from '#domain/payment'
import { planChargeHeard } from '#domain/renewalPaid'
import type { WebhookResult } from '#domain/webhook'
import type { OrderNews, ProviderDispute, ProviderPayment, WebhookEvent } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import type { Deps } from './deps.ts'
import { applyDispute } from './disputeFact.ts'
import { refundSetup } from './methodSetup.ts'
import type { SettlementCall } from './paymentCommit.ts'
import { settlePayment } from './settlePayment.ts'
import { type LoadedScene, loadScene, stepSubscription } from './subscription.ts'
import { followSubscription } from './subscriptionFollow.ts'
import { changeMethod } from './webhookMethod.ts'
import { actOnRefund } from './webhookRefund.ts'
import { findWebhookSubject, joinedNames, namesOf, type ProviderNames, type WebhookSubject } from './webhookSubject.ts'

/**
 * Acts on one event. It is a hint: where money may have moved, the provider's API is asked, and what it answers is settled
 * under the guard of its payment. Doing it twice, late, or in any order comes to the same.
 * @throws GatewayError when the provider cannot be asked, and whatever a busy table throws: the caller tries again later.
 */
export async function actOnWebhook(
  deps: Deps,
  event: WebhookEvent,
  receivedAt: number,
  call: SettlementCall,
): Promise<WebhookResult> {
  const { about, provider } = event
  switch (about.type) {
    case 'payment': {
      const names = namesOf(about.payment)
      const at = await subjectOf(deps, about.payment, names)
      // Of a subscription that the provider renews: nobody waits for a payment of ours, and other events tell of it.
      if (!at && about.payment.isOwnCycle) return { kind: 'ignored', code: 'provider_cycle' }
      return settle(deps, at, names, call, !saysMore(about.payment))
    }
    case 'order':
      return settleNamed(deps, provider, namesOfOrder(about.order), call, true)
    case 'notice':
      return notice(deps, event, about, call)
    case 'refund':
      return actOnRefund(deps, provider, about, call)
    case 'dispute':
      return dispute(deps, event, about, receivedAt, call)
    case 'method':
      return changeMethod(deps, provider, about, call)
    case 'subscription':
      return followSubscription(deps, event, about, receivedAt, call)
    case 'ignored':
      return { kind: 'ignored' }
    case 'unreadable':
      return { kind: 'unreadable' }
  }
}

/**
 * Money on an order that leads nowhere: made by a call whose answer was lost, its row does not know it, and only the order
 * names us. Asked for money alone, because a stranger's payments on the same account come here too.
 */
async function subjectOf(
  deps: Deps,
  payment: ProviderPayment,
  names: ProviderNames,
): Promise<WebhookSubject | undefined> {
  const { providerOrderId, reference: named } = names
  const at = await findWebhookSubject(deps, payment.provider, names)
  if (at || payment.status !== 'captured' || providerOrderId === undefined || named !== undefined) return at
  try {
    const reference = await (await deps.payments()).gateway(payment.provider).orderReference?.(providerOrderId)
    return reference === undefined ? undefined : await findWebhookSubject(deps, payment.provider, { reference })
  } catch (error) {
    // Nobody's for now: it is tried again, like any other that leads nowhere yet.
    if (error instanceof GatewayError) return undefined
    throw error
  }
}

/** Of a settled payment only a refund is news: every other state lies behind it. */
const saysMore = ({ status, refundedMinor }: ProviderPayment): boolean => status === 'refunded' || refundedMinor > 0

const namesOfOrder = ({ providerOrderId, providerPaymentId, reference }: OrderNews): ProviderNames => ({
  providerOrderId,
  ...(providerPaymentId !== undefined && { providerPaymentId }),
  ...(reference !== undefined && { reference }),
})

/** The customer could not be told of a debit, so it will not be made: the provider says what became of its order. */
async function notice(
  deps: Deps,
  event: WebhookEvent,
  { delivered, providerOrderId }: { delivered: boolean; providerOrderId?: string },
  call: SettlementCall,
): Promise<WebhookResult> {
  if (delivered || providerOrderId === undefined) return { kind: 'ignored', code: 'notice' }
  return settleNamed(deps, event.provider, { providerOrderId }, call, false)
}

async function settleNamed(
  deps: Deps,
  provider: WebhookEvent['provider'],
  names: ProviderNames,
  call: SettlementCall,
  once: boolean,
): Promise<WebhookResult> {
  return settle(deps, await findWebhookSubject(deps, provider, names), names, call, once)
}

/** `once`: a payment that is settled needs no second look, so the second to fifth event of a charge cost one read each. */
async function settle(
  deps: Deps,
  at: WebhookSubject | undefined,
  { providerPaymentId }: ProviderNames,
  call: SettlementCall,
  once: boolean,
): Promise<WebhookResult> {
  if (!at) return { kind: 'unmatched' }
  if (!(once && at.isSettled)) {
    const hint = providerPaymentId === undefined ? {} : { providerPaymentId }
    const payment = await settlePayment(deps, addressOf(at), call, hint)
    await refundSetup(deps, payment, call)
    await tellSubscription(deps, payment, call)
  }
  return { kind: 'processed', ...addressOf(at) }
}

/** A renewal that failed is its subscription's business: it is due at once, and its worker goes on from there. */
async function tellSubscription(deps: Deps, payment: Payment, call: SettlementCall): Promise<void> {
  const { accountId, subject, progress, settled } = payment
  if (subject.kind !== 'subscription' || progress !== 'failed' || settled) return
  const { subscriptionId } = subject
  if (!(await loadScene(deps, accountId, subscriptionId))) return
  const plan = ({ scene }: LoadedScene, now: number) => planChargeHeard(scene, payment.id, now)
  await stepSubscription(deps, accountId, call, plan, { subscriptionId })
}

const addressOf = ({ accountId, paymentId }: WebhookSubject) => ({ accountId, paymentId })

/** A dispute has no look-up of its own here: what is signed is recorded, the provider's later word wins. */
async function dispute(
  deps: Deps,
  { provider, createdAt }: WebhookEvent,
  about: { dispute: ProviderDispute; payment?: ProviderPayment },
  receivedAt: number,
  call: SettlementCall,
): Promise<WebhookResult> {
  const { providerDisputeId, providerPaymentId, providerOrderId, amountMinor, currency, deductedMinor } = about.dispute
  const { respondBy, reason } = about.dispute
  const names: ProviderNames = {
    ...(providerPaymentId !== undefined && { providerPaymentId }),
    ...(providerOrderId !== undefined && { providerOrderId }),
  }
  const at = await findWebhookSubject(deps, provider, joinedNames(names, about.payment && namesOf(about.payment)))
  if (!at) return { kind: 'unmatched' }
  const seen = {
    disputeId: providerDisputeId,
    ...(providerPaymentId !== undefined && { providerPaymentId }),
    amountMinor,
    currency,
    state: stateOf(about.dispute),
    at: createdAt ?? receivedAt,
    // What is taken back may be less than what was disputed; Razorpay says so once it is lost.
    ...(deductedMinor > 0 && { takenMinor: deductedMinor }),
    ...(respondBy !== undefined && { respondBy }),
    ...(reason !== undefined && { reason }),
  }
  await applyDispute(deps, addressOf(at), seen, call)
  return { kind: 'processed', ...addressOf(at) }
}

/** `closed` is an inquiry that ended: the money stays, unless some of it was taken for good. */
function stateOf({ status, deductedMinor }: ProviderDispute): 'open' | 'won' | 'lost' {
  if (status === 'open' || status === 'under_review') return 'open'
  if (status === 'closed') return deductedMinor > 0 ? 'lost' : 'won'
  return status
}
