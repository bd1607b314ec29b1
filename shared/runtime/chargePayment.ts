import { type ChargedMethod, isChargeable, type Payment } from '#domain/payment'
import { type PaymentFact, planPaymentFact } from '#domain/paymentFact'
import type { ChargeLookup, ChargeRequest, Gateway, PendingCharge, ProviderPayment } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import type { PaymentMethod } from '#table/methods'
import { findPayment } from '#table/payments'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { openToken } from './methodSecret.ts'
import { rememberOrder } from './openOrder.ts'
import { factWrites, type SettlementCall, writePayment } from './paymentCommit.ts'
import { settleOne } from './settlePayment.ts'

/**
 * Charges a saved method for a payment and settles what comes of it. One payment is one attempt: with `isRepeated` the
 * provider is asked first what became of it, because its own keys are forgotten after a day. One whose time is nearly over is
 * not charged any more: it expires, and what is owed is asked for with another payment.
 * A decline is a failed payment, not an error. Answers the payment as it then is.
 * `isAttended`: the customer is there and can be sent to where the provider wants an approval; otherwise that is a decline.
 * @throws GatewayError when the outcome is not known or the provider cannot be asked: look again later.
 */
export async function chargePayment(
  deps: Deps,
  payment: Payment,
  method: PaymentMethod,
  account: ChargeRequest['account'],
  call: SettlementCall,
  { isRepeated, isAttended = false, notice }: ChargeOptions,
): Promise<Payment> {
  const at = { accountId: payment.accountId, paymentId: payment.id }
  const gateway = (await deps.payments()).gateway(method.provider)
  const { token, contact } = await openToken(deps, method)
  const request: ChargeRequest = {
    paymentId: payment.id,
    amountMinor: payment.amountMinor,
    currency: payment.currency,
    token,
    ...(method.gatewayCustomerId !== undefined && { gatewayCustomerId: method.gatewayCustomerId }),
    account: { ...account, ...(contact !== undefined && { contact }) },
    description: descriptionOf(payment),
    ...(notice && { notice }),
  }
  const lookup = lookupOf(payment, method)
  const earlier = isRepeated ? await findCharge(gateway, lookup) : undefined
  if (earlier) await takeUp(deps, payment, outcomeOf(earlier), call)
  else if (isChargeable(payment, deps.clock.now()))
    await takeUp(deps, payment, await charged(gateway, request, lookup), call, isAttended)
  const after = await findPayment(deps.table, at.accountId, at.paymentId, { consistent: true })
  if (!after) throw new Error('a payment that was charged is gone')
  return after
}

interface ChargeOptions {
  isRepeated: boolean
  isAttended?: boolean
  notice?: ChargeRequest['notice']
}

/**
 * Asks what became of the charge of a payment's saved method, where its answer and its event may both be lost, and takes
 * it up. False: the provider knows of none, or no saved method was to be charged.
 * @throws GatewayError when the provider cannot be asked.
 */
export async function lookUpCharge(deps: Deps, payment: Payment, call: SettlementCall): Promise<boolean> {
  if (!payment.provider || !payment.method || payment.settled) return false
  const gateway = (await deps.payments()).gateway(payment.provider)
  const found = await findCharge(gateway, lookupOf(payment, payment.method))
  if (found) await takeUp(deps, payment, outcomeOf(found), call)
  return found !== undefined
}

/** It was made for the customer whom the payment names, whichever method is charged by now. */
function lookupOf({ id: paymentId, method }: Payment, charged: ChargedMethod): ChargeLookup {
  const { gatewayCustomerId } = method ?? charged
  return { paymentId, ...(gatewayCustomerId !== undefined && { gatewayCustomerId }) }
}

async function takeUp(
  deps: Deps,
  payment: Payment,
  outcome: Outcome,
  call: SettlementCall,
  isAttended = false,
): Promise<void> {
  const at = { accountId: payment.accountId, paymentId: payment.id }
  if (outcome.kind === 'declined') return hear(deps, at, { kind: 'failed', at: deps.clock.now(), ...outcome.why }, call)
  const answer = outcome.kind === 'pending' ? outcome.pending : outcome.seen
  // What is paid has its charge to be found by; until then events name the order.
  const { providerOrderId, providerPaymentId, status } = answer
  const { approvalUrl } = outcome.kind === 'pending' ? outcome.pending : {}
  if (providerOrderId !== undefined && status !== 'captured')
    await rememberOrder(deps, payment, { providerOrderId, checkout: approvalUrl === undefined ? {} : { approvalUrl } })
  const named = providerPaymentId !== undefined && { providerPaymentId }
  // Nobody is there to approve, or nobody knows where.
  if (status === 'paused' && !(isAttended && approvalUrl !== undefined))
    return hear(deps, at, { kind: 'failed', at: deps.clock.now(), ...named, ...unapproved }, call)
  if (outcome.kind === 'seen') return settleOne(deps, at, outcome.seen, call)
  return hear(deps, at, { kind: 'processing', at: deps.clock.now(), ...named }, call)
}
const unapproved = { code: 'authentication_required', reason: 'The customer has to approve this payment.' }

/** Providers bound it, and an order may have a hundred lines. */
const longestDescription = 120

function descriptionOf({ order }: Payment): string {
  const text = order.lines.map(({ description }) => description).join(', ')
  return text.length <= longestDescription ? text : `${text.slice(0, longestDescription - 1)}…`
}

type Outcome =
  | { kind: 'declined'; why: { code: string; reason: string } }
  | { kind: 'pending'; pending: PendingCharge }
  | { kind: 'seen'; seen: ProviderPayment }

const methodGone = { code: 'method_gone', reason: 'The provider does not know this payment method any more.' }

async function charged(gateway: Gateway, request: ChargeRequest, lookup: ChargeLookup): Promise<Outcome> {
  try {
    return outcomeOf(await gateway.chargeMethod(request))
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    if (error.kind === 'refused')
      return { kind: 'declined', why: { code: error.code ?? 'refused', reason: 'The provider refused the charge.' } }
    // Deleted there, or with its customer: it will not be known an hour later either.
    if (error.kind === 'not_found') return { kind: 'declined', why: methodGone }
    if (error.kind !== 'unknown_outcome') throw error
    // Not found, or nobody to ask: it may still arrive.
    const found = await gateway.findCharge(lookup).catch(() => undefined)
    if (!found) throw error
    return outcomeOf(found)
  }
}

/** Where charges are found by their customer, there are none to be found under one that is missing or gone. */
async function findCharge(gateway: Gateway, lookup: ChargeLookup) {
  try {
    return await gateway.findCharge(lookup)
  } catch (error) {
    const isNobody = error instanceof GatewayError && (error.code === 'customer_required' || error.kind === 'not_found')
    if (isNobody) return undefined
    throw error
  }
}

const outcomeOf = (answer: ProviderPayment | PendingCharge): Outcome =>
  'amountMinor' in answer ? { kind: 'seen', seen: answer } : { kind: 'pending', pending: answer }

/** Writes what was heard of a payment: evidence, which settles nothing. */
export function hear(
  deps: Deps,
  { accountId, paymentId }: { accountId: string; paymentId: string },
  fact: PaymentFact,
  call: SettlementCall,
): Promise<void> {
  return contend(deps, async () => {
    const payment = await findPayment(deps.table, accountId, paymentId, { consistent: true })
    if (!payment) throw new Error('something was heard of a payment that is gone')
    const plan = planPaymentFact(payment, fact, deps.clock.now())
    const outcome = await writePayment(deps, factWrites(plan, payment), call)
    return outcome.committed ? undefined : again
  })
}
