import { type Guard, guardOf, idOf } from '#domain/guard'
import type { Payment } from '#domain/payment'
import { planRefund, type Refund, type RefundRequest } from '#domain/refund'
import type { ObservedRefund } from '#domain/refundFact'
import { notFound, Problem } from '#errors/problem'
import type { Gateway, RefundRequest as GatewayRefundRequest } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import { findAccountCredit } from '#table/accountCredit'
import { commit } from '#table/commit'
import { operationKey } from '#table/keys'
import { findPaymentById } from '#table/payments'
import type { Write } from '#table/port'
import { findRefund, putRefundWrite } from '#table/refunds'
import { type Call, putRefusalWrite } from '#table/wallets'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { replayRow } from './guarded.ts'
import { type SettlementCall, writePayment } from './paymentCommit.ts'
import { observedRefund, writeRefundFact } from './refundFact.ts'
import type { RequestKey } from './run.ts'
import { loadPayment } from './settlePayment.ts'

/** A refund that the provider was asked for moments ago is somebody else's to follow: longer than any call takes. */
const askAgainAfterMs = 15 * 60_000

const family = 'refundPayment'

export interface RefundCall {
  paymentId: string
  /** Where the caller knows it; else the payment is looked for by its id, which the index may not have yet. */
  accountId?: string
  request: Omit<RefundRequest, 'id'>
  key: RequestKey
  call: Call
  /** Beside the refund, in its transaction. */
  beside: (refund: Refund) => Write[]
}

/** @throws Problem `not_found` */
export async function paymentById(deps: Pick<Deps, 'table'>, paymentId: string): Promise<Payment> {
  const payment = await findPaymentById(deps.table, paymentId)
  if (!payment) throw notFound('payment')
  return payment
}

/**
 * Writes down that a payment is to be refunded, and keeps the amount aside. The refund's id is the guard of its key, so the
 * same key finds the same refund.
 * @throws Problem why it may not be refunded; `idempotency_key_reused` for another request under the same key.
 */
export async function requestRefund(
  deps: Deps,
  { paymentId, accountId: known, request, key, call, beside }: RefundCall,
): Promise<{ refund: Refund; repeated: boolean }> {
  const accountId = known ?? (await paymentById(deps, paymentId)).accountId
  const guard = guardOf(key.class, family, key.text)
  return contend(deps, async () => {
    const payment = await loadPayment(deps, { accountId, paymentId })
    const id = idOf('rfd', payment.createdAt, guard)
    const first = await firstRefund(deps, payment, id, guard, call)
    if (first) return { refund: first, repeated: true }
    const now = deps.clock.now()
    const plan = planRefund(payment, { ...request, id }, await creditOf(deps, payment, request), now)
    if (plan.kind === 'refused') throw refusalOf(plan)
    const outcome = await writePayment(deps, plan.writes, call, undefined, [
      putRefusalWrite(accountId, guard, call, { answer: { refundId: id } }, { now, real: deps.clock.real() }),
      ...beside(plan.refund),
    ])
    return outcome.committed ? { refund: plan.refund, repeated: false } : again
  })
}

/** The row under the key says which request it was; where it was swept after its days, the refund itself has to do. */
async function firstRefund(deps: Deps, { accountId, id: paymentId }: Payment, id: string, guard: Guard, call: Call) {
  const row = await deps.table.get(operationKey(accountId, guard), { consistent: true })
  if (row) replayRow(row, call)
  return findRefund(deps.table, accountId, paymentId, id)
}

/** In the currency that was paid: money that became credit leaves it before it is sent back. */
async function creditOf(deps: Deps, payment: Payment, { providerPaymentId }: Omit<RefundRequest, 'id'>) {
  const named = providerPaymentId ?? payment.settled?.providerPaymentId ?? payment.providerPaymentId
  const charge = payment.charges.find((one) => one.providerPaymentId === named)
  if (charge?.as !== 'account_credit' || !charge.capture) return undefined
  return findAccountCredit(deps.table, payment.accountId, charge.capture.currency)
}

function refusalOf(plan: Extract<ReturnType<typeof planRefund>, { kind: 'refused' }>): Problem {
  if (plan.code === 'conflict') return new Problem('conflict', plan.detail, { refundable: plan.refundableMinor })
  const [path = '', message = ''] = plan.detail.split(': ', 2)
  return new Problem('validation_failed', plan.detail, { errors: [{ path, message }] })
}

/**
 * Asks the provider for a refund that was just written down, and writes its answer. What the provider refuses has failed;
 * where it cannot be asked, or its answer is lost, the refund stays `requested` and the reconciler looks for it.
 */
export async function sendRefund(deps: Deps, refund: Refund, call: SettlementCall): Promise<Refund> {
  try {
    const gateway = await gatewayOf(deps, refund)
    return await heard(deps, refund, observedRefund(await gateway.refund(requestOf(refund)), refund), call)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    const { kind, provider, code } = error
    deps.log.warn('refund not taken on', { refundId: refund.id, provider, kind, code })
    if (kind !== 'refused' && kind !== 'not_found') return refund
    return heard(deps, refund, failed(refund), call)
  }
}

/**
 * For the reconciler: follows a refund that the provider was not heard of, or that it still works on. It is looked for at
 * the provider, and asked for again only when it is not there. Whoever follows it takes it first, by the refund's version:
 * two that come at once never ask twice, which matters where the provider has no key for refunds.
 * @throws GatewayError when the provider cannot be asked; the refund is due again later.
 */
export async function resumeRefund(deps: Deps, refund: Refund, call: SettlementCall): Promise<Refund> {
  const isOpen = refund.status === 'requested' || refund.status === 'pending'
  const now = deps.clock.now()
  if (!isOpen || now - refund.updatedAt < askAgainAfterMs) return refund
  const taken: Refund = { ...refund, updatedAt: now, ver: refund.ver + 1 }
  // The write moves the instant at which it is due next, too.
  const outcome = await commit(deps.table, [putRefundWrite(taken, refund.ver)])
  if (!outcome.committed) return refund
  const found = await lookUpRefund(deps, taken, call)
  if (found) return found
  // One that was taken on and is not found is a matter of paging or time, never a reason to pay twice.
  return taken.status === 'requested' ? sendRefund(deps, taken, call) : taken
}

/** What the provider's own list says of a refund, written down; undefined: it is not on it. @throws GatewayError */
async function lookUpRefund(deps: Deps, refund: Refund, call: SettlementCall): Promise<Refund | undefined> {
  const gateway = await gatewayOf(deps, refund)
  const { providerRefundId } = refund
  const named = providerRefundId === undefined ? {} : { providerRefundId }
  const found = await gateway.findRefund({ ...requestOf(refund), ...named })
  return found && heard(deps, refund, observedRefund(found, refund), call)
}

async function gatewayOf(deps: Deps, { accountId, paymentId }: Refund): Promise<Gateway> {
  const { provider } = await loadPayment(deps, { accountId, paymentId })
  if (provider === null) throw new Error('a refund of nothing')
  return (await deps.payments()).gateway(provider)
}

const requestOf = ({ id, providerPaymentId, amountMinor, currency, reason }: Refund): GatewayRefundRequest => ({
  refundId: id,
  providerPaymentId,
  amountMinor,
  currency,
  reason,
})

const failed = ({ id, providerPaymentId, amountMinor }: Refund): ObservedRefund => ({
  providerPaymentId,
  refundId: id,
  amountMinor,
  state: 'failed',
})

/** What the provider says of this very refund: it is ours by the call, whether or not the answer carries our id. */
async function heard(deps: Deps, refund: Refund, seen: ObservedRefund, call: SettlementCall): Promise<Refund> {
  const { accountId, paymentId, id, providerPaymentId } = refund
  const ours = { ...seen, refundId: id, providerPaymentId }
  return (await writeRefundFact(deps, { accountId, paymentId }, ours, call)).refund
}
