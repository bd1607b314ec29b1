import type { PaymentProvider } from '#domain/moneyCharge'
import { captures, type Payment } from '#domain/payment'
import type { Gateway, ProviderPayment } from '#gateways/gateway'
import { findCharge } from '#table/charges'
import { findOrder } from '#table/orders'
import { directoryPayments, findPaymentById } from '#table/payments'
import type { Difference } from '#table/reconciliations'
import type { Deps } from './deps.ts'
import { listedRefund, writeRefundFact } from './refundFact.ts'
import { type SettlementCall, settleOne } from './settlePayment.ts'

/** What a comparison of one day found. */
export interface Comparison {
  /** Provider payments looked at. */
  compared: number
  /** Settled by the comparison itself: neither browser, webhook nor reconciler had told of them. */
  settled: number
  differences: Difference[]
}

const dayMs = 86_400_000
/** An order lives a day, a late authorisation three more. */
const orderAgeMs = 4 * dayMs

/**
 * Compares a day of every provider's own list (by its creation time) with what was settled here, both ways. Money that
 * nobody told of is settled; what cannot be put right is reported.
 * @param day `yyyy-mm-dd`, UTC
 */
export async function compareDay(deps: Deps, day: string, call: SettlementCall): Promise<Comparison> {
  const result: Comparison = { compared: 0, settled: 0, differences: [] }
  const { turnedOn } = await deps.payments()
  const known = await settledOn(deps, day)
  for (const provider of turnedOn) {
    const listed = new Set<string>()
    for await (const seen of (await deps.payments()).gateway(provider).listPayments(day)) {
      listed.add(seen.providerPaymentId)
      result.compared += 1
      await compareOne(deps, seen, call, result)
    }
    await compareRefunds(deps, (await deps.payments()).gateway(provider), day, call, result)
    const missing = known.filter((one) => one.provider === provider && !listed.has(one.providerPaymentId))
    for (const one of missing)
      result.differences.push({
        kind: 'missing_at_provider',
        ...one,
        detail: 'settled here, not on the provider’s list',
      })
  }
  return result
}

async function compareOne(deps: Deps, seen: ProviderPayment, call: SettlementCall, result: Comparison): Promise<void> {
  if (seen.status !== 'captured' && seen.status !== 'refunded') return
  const { provider, providerPaymentId, refundedMinor } = seen
  const payment = await paymentBehind(deps, seen)
  const about = { provider, providerPaymentId, paymentId: payment?.id ?? null }
  if (!payment) {
    // Of a cycle of the provider's own: no payment of ours is missing.
    if (seen.isOwnCycle) return
    result.differences.push({ kind: 'unknown', ...about, detail: 'paid at the provider, not made here' })
    return
  }
  const charge = payment.charges.find((one) => one.providerPaymentId === providerPaymentId)
  if (!charge?.capture) {
    await settleOne(deps, { accountId: payment.accountId, paymentId: payment.id }, seen, call)
    result.settled += 1
    result.differences.push({ kind: 'settled_late', ...about, detail: 'money was in and nobody had told of it' })
    return
  }
  if (charge.capture.amountMinor !== seen.amountMinor || charge.capture.currency !== seen.currency)
    result.differences.push({ kind: 'amount', ...about, detail: 'the captured amount is another by now' })
  const refunded = charge.refunds.reduce((sum, one) => sum + (one.processed && !one.failed ? one.amountMinor : 0), 0)
  if (refundedMinor > Math.max(refunded, charge.refundTotalMinor)) {
    await settleOne(deps, { accountId: payment.accountId, paymentId: payment.id }, seen, call)
    result.differences.push({ kind: 'refunded', ...about, detail: 'more was refunded at the provider than here' })
  }
}

/** Where payments carry no running total, the provider's list of the day's refunds says what went back. */
async function compareRefunds(
  deps: Deps,
  { provider, refundLists }: Gateway,
  day: string,
  call: SettlementCall,
  result: Comparison,
): Promise<void> {
  if (!refundLists) return
  for await (const seen of refundLists.on(day)) {
    const { providerPaymentId } = seen
    const found =
      providerPaymentId === undefined ? undefined : await findCharge(deps.table, provider, providerPaymentId)
    // Money that is not known here was reported with its payment.
    if (!found || providerPaymentId === undefined) continue
    const { paymentId } = found
    const { kind } = await writeRefundFact(deps, found, listedRefund(seen, providerPaymentId), call)
    if (kind === 'ignored') continue
    const about = { provider, providerPaymentId, paymentId }
    result.differences.push({
      kind: 'refunded',
      ...about,
      detail: 'a refund stands otherwise at the provider than here',
    })
  }
}

/** Ours, by the provider's order, by the reference that the provider carries, or by the guard of its money. */
export async function paymentBehind(
  deps: Pick<Deps, 'table'>,
  { provider, providerPaymentId, providerOrderId, reference }: ProviderPayment,
): Promise<Payment | undefined> {
  const order = providerOrderId === undefined ? undefined : await findOrder(deps.table, provider, providerOrderId)
  const id = order?.paymentId ?? reference ?? (await findCharge(deps.table, provider, providerPaymentId))?.paymentId
  return id === undefined ? undefined : findPaymentById(deps.table, id)
}

/** Money that was taken on the day, by the provider's clock, of payments made shortly before it. */
async function settledOn(
  deps: Deps,
  day: string,
): Promise<{ provider: PaymentProvider; providerPaymentId: string; paymentId: string }[]> {
  const from = Date.parse(`${day}T00:00:00.000Z`)
  const found = []
  for await (const payment of directoryPayments(deps.table, { from: from - orderAgeMs, to: from + dayMs })) {
    for (const { capture, providerPaymentId } of captures(payment)) {
      if (!payment.provider || capture.at < from || capture.at >= from + dayMs) continue
      found.push({ provider: payment.provider, providerPaymentId, paymentId: payment.id })
    }
  }
  return found
}
