import { type DisputeContext, movesMoney, type ObservedDispute, planDispute } from '#domain/disputeEffect'
import type { Payment } from '#domain/payment'
import { chargeOfDispute } from '#domain/paymentState'
import { initialZones } from '#domain/time'
import { findAccountCredit } from '#table/accountCredit'
import { invoicesOfPayment } from '#table/invoices'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { type SettlementCall, writePayment } from './paymentCommit.ts'
import { invoiceAmong, loadEffect } from './refundContext.ts'
import { onSettledWallet } from './settled.ts'
import { loadPayment, type PaymentAddress } from './settlePayment.ts'

/**
 * Writes what a provider says of a dispute: its payment is flagged, the account is told once, and what is lost counts as
 * gone (`planDispute`). Whether a plan goes on while a bank decides is for staff.
 * Answers the payment as it then is.
 * @throws Error when there is no such payment.
 */
export function applyDispute(
  deps: Deps,
  at: PaymentAddress,
  dispute: ObservedDispute,
  call: SettlementCall,
): Promise<Payment> {
  const attempt = async () => {
    const payment = await loadPayment(deps, at)
    const now = deps.clock.now()
    const isMoney = movesMoney(payment, dispute, now)
    const { stored, ...context } = isMoney ? await loadMoney(deps, payment, dispute) : { stored: undefined, ...nothing }
    const plan = planDispute({ payment, ...context }, dispute, now)
    if (plan.kind === 'ignored') {
      if (plan.reason === 'full') deps.metric('PaymentEvidenceFull', 1, { what: 'dispute' })
      return payment
    }
    const outcome = await writePayment(deps, plan.writes, call, stored?.createdAt)
    if (!outcome.committed) return again
    if (plan.isNew) deps.metric('PaymentDisputed', 1, { provider: payment.provider ?? 'none' })
    return plan.next
  }
  return contend(deps, () => onSettledWallet(deps, at.accountId, attempt))
}

const nothing: Omit<DisputeContext, 'payment'> = {
  scene: undefined,
  credit: undefined,
  invoice: undefined,
  notes: [],
  zones: initialZones('UTC'),
}

/** What the money of the disputed charge has done: of its effect only what it has. */
async function loadMoney(deps: Deps, payment: Payment, { disputeId, providerPaymentId }: ObservedDispute) {
  const { accountId, subject } = payment
  const known = payment.disputes.find((one) => one.disputeId === disputeId)
  const named = { ...known, ...(providerPaymentId !== undefined && { providerPaymentId }) }
  const { as, capture } = chargeOfDispute(payment, named) ?? {}
  const isPlan = as === 'granted' && (subject.kind === 'plan' || subject.kind === 'subscription')
  const [effect, credit, documents, { seller }] = await Promise.all([
    isPlan ? loadEffect(deps, payment) : undefined,
    as === 'account_credit' && capture ? findAccountCredit(deps.table, accountId, capture.currency) : undefined,
    as === 'granted' ? invoicesOfPayment(deps.table, accountId, payment.id) : [],
    deps.settings(),
  ])
  const { account, stored, subscription, fallback = null } = effect ?? {}
  return {
    stored,
    scene: account && stored && subscription && { account, wallet: stored.wallet, subscription, fallback },
    credit,
    invoice: invoiceAmong(documents),
    notes: documents.filter((one) => one.disputeId !== undefined),
    zones: initialZones(seller.timeZone),
  }
}
