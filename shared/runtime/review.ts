import { captures, isVisitor, type Payment, type Resolution } from '#domain/payment'
import type { CreditIn } from '#domain/paymentState'
import type { ObservedPayment } from '#domain/settlementCompare'
import type { AccountCredit } from '#domain/settlementCredit'
import { planReview } from '#domain/settlementReview'
import { notFound, Problem } from '#errors/problem'
import type { ProviderPayment } from '#gateways/gateway'
import { findAccountCredit } from '#table/accountCredit'
import { rowsOf } from '#table/paymentWrites'
import type { Write } from '#table/port'
import type { Call } from '#table/wallets'
import type { Deps } from './deps.ts'
import { keptMethod, labelOf } from './paidWith.ts'
import { loadSettlement } from './settlementInput.ts'
import { loadPayment, type PaymentAddress } from './settlePayment.ts'

export interface Decision {
  providerPaymentId: string
  as: Resolution
}

/**
 * What staff's decision about a charge in review writes; nothing where it was decided so before. `told`: the charge as its
 * provider tells it, where that could be asked: what is granted names what paid, and keeps its method as a settlement does.
 * @throws Problem `not_found` without such a charge; `conflict` why it cannot be decided so. MoreIsDue when the wallet has
 * to be settled first.
 */
export async function reviewWrites(
  deps: Deps,
  at: PaymentAddress,
  decision: Decision,
  call: Call,
  told?: ProviderPayment,
): Promise<{ before: Payment; payment: Payment; writes: Write[]; creditIn: CreditIn }> {
  const payment = await loadPayment(deps, at)
  const charge = captures(payment).find(({ providerPaymentId }) => providerPaymentId === decision.providerPaymentId)
  if (!charge) throw notFound('charge of this payment')
  assertReviewable(payment, charge, decision)
  const now = deps.clock.now()
  const { input, stored, paidBy } = await loadSettlement(deps, payment, now, decision.providerPaymentId)
  // Money that was paid in another currency is kept in that one.
  const credit = await findAccountCredit(deps.table, at.accountId, charge.capture.currency)
  const methodLabel = told && (await labelOf(deps, payment, told))
  const seen = seenOf(payment, charge)
  const review = { ...input, payment, credit, seen, ...(methodLabel !== undefined && { methodLabel }) }
  const first = planReview(review, decision, now)
  const isGranted = decision.as === 'settled' && first.kind === 'settle'
  const savedMethod = isGranted && told?.status === 'captured' ? await keptMethod(deps, payment, told, call) : undefined
  const plan = savedMethod ? planReview({ ...review, ...paidBy(savedMethod) }, decision, now) : first
  if (plan.kind === 'refused') throw new Problem(plan.code, plan.detail)
  if (plan.kind === 'repeated') return { before: payment, payment, writes: [], creditIn: balanceOf(credit) }
  const rows = rowsOf(plan.writes, {
    call,
    at: { now, real: deps.clock.real() },
    random: deps.ids.random,
    requestId: call.requestId,
    ...(stored && { walletCreatedAt: stored.createdAt }),
  })
  const moved = plan.writes.find((write) => write.row === 'credit')?.change.next
  const creditIn = balanceOf(moved ?? credit)
  return { before: payment, payment: plan.next, writes: rows.flatMap((row) => row.writes), creditIn }
}

/** What may be refunded of the payment once this is decided. */
const balanceOf =
  (credit: AccountCredit | undefined): CreditIn =>
  (currency) =>
    credit?.currency === currency ? credit.balanceMinor : 0

type Paid = ReturnType<typeof captures>[number]

function assertReviewable(payment: Payment, { capture, resolved }: Paid, { as }: Decision): void {
  const isOdd = capture.differences.length + capture.unlawful.length > 0 || captures(payment).length > 1
  if (!isOdd && !resolved) throw new Problem('conflict', 'Nothing about this charge is in question.')
  if (as === 'kept' && isVisitor(payment.accountId))
    throw new Problem('conflict', 'A visitor has no account to keep the money for: settle or refund it.')
}

/** The charge as the provider told it when it was captured: what a grant takes its provider payment from. */
const seenOf = ({ provider, providerOrderId, id, mode }: Payment, charge: Paid): ObservedPayment | null =>
  provider && {
    provider,
    providerPaymentId: charge.providerPaymentId,
    providerOrderId,
    reference: id,
    status: 'captured',
    amountMinor: charge.capture.amountMinor,
    currency: charge.capture.currency,
    refundedMinor: charge.refundTotalMinor,
    mode,
    at: charge.capture.at,
  }
