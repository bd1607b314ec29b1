import type { Payment } from '#domain/payment'
import { planPaymentFact } from '#domain/paymentFact'
import type { PaymentWrite } from '#domain/paymentWrite'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { loadPayment, type PaymentAddress, type SettlementCall, writePayment } from './settlePayment.ts'

/** A dispute as a provider tells it. `at`: the provider's time, epoch milliseconds; of two outcomes the later counts. */
export interface ObservedDispute {
  disputeId: string
  providerPaymentId?: string
  amountMinor: number
  state: 'open' | 'won' | 'lost'
  at: number
}

/**
 * Records a dispute on its payment: it is flagged, and the account is told once, when it is first heard of. Nothing is taken
 * back by itself: whether a plan goes on while a bank decides is for staff.
 * Answers the payment as it then is.
 * @throws Error when there is no such payment.
 */
export function applyDispute(
  deps: Deps,
  at: PaymentAddress,
  dispute: ObservedDispute,
  call: SettlementCall,
): Promise<Payment> {
  return contend(deps, async () => {
    const payment = await loadPayment(deps, at)
    const plan = planPaymentFact(payment, { kind: 'dispute', ...dispute }, deps.clock.now())
    if (plan.kind === 'ignored') {
      if (plan.reason === 'full') deps.metric('PaymentEvidenceFull', 1, { what: 'dispute' })
      return payment
    }
    const isNew = !payment.disputes.some(({ disputeId }) => disputeId === dispute.disputeId)
    const writes: PaymentWrite[] = [
      { row: 'payment', next: plan.next, seenVer: payment.ver },
      ...(isNew ? [disputed(payment, dispute)] : []),
    ]
    const outcome = await writePayment(deps, writes, call)
    if (!outcome.committed) return again
    if (isNew) deps.metric('PaymentDisputed', 1, { provider: payment.provider ?? 'none' })
    return plan.next
  })
}

const disputed = ({ id, accountId, currency }: Payment, { disputeId, amountMinor }: ObservedDispute): PaymentWrite => ({
  row: 'notice',
  accountId,
  kind: 'payment.disputed',
  data: { paymentId: id, disputeId, amountMinor, currency },
})
