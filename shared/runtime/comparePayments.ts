import type { PaymentProvider } from '#domain/moneyCharge'
import { captures, type Payment } from '#domain/payment'
import { type BookDifference, mergedPart, type PartFound } from '#domain/reconciliation'
import type { Gateway, ProviderPayment } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import { findCharge } from '#table/charges'
import { commit } from '#table/commit'
import { findOrder } from '#table/orders'
import { directoryPayments, findPaymentById } from '#table/payments'
import { findReconciliation, partOf, putReconciliationWrite } from '#table/reconciliations'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import type { SettlementCall } from './paymentCommit.ts'
import { listedRefund, writeRefundFact } from './refundFact.ts'
import { settleOne } from './settlePayment.ts'

const dayMs = 86_400_000
/** An order lives a day, a late authorisation three more. */
const orderAgeMs = 4 * dayMs
/** Lists go by the day of creation: what was authorised three days late, and nobody told of, is on the fourth list. */
const comparedDays = 4

export interface Comparison {
  compared: number
  settled: number
  unreadable: number
  /** What no earlier look has told of. */
  differing: number
}

/**
 * Compares the last days, the latest first, and writes each provider's part of a day's report as it is finished: what one
 * provider's bad minute leaves out is told as such, and costs the others nothing.
 * `failures`: why a list was not read to its end. The caller fails for them, so that the run is tried again.
 * @param before the instant of the run: its own day is not over.
 */
export async function compareDays(
  deps: Deps,
  before: number,
  call: SettlementCall,
): Promise<{ did: Comparison; failures: unknown[] }> {
  const did: Comparison = { compared: 0, settled: 0, unreadable: 0, differing: 0 }
  const failures: unknown[] = []
  for (let back = 1; back <= comparedDays; back++) {
    const day = new Date(before - back * dayMs).toISOString().slice(0, 10)
    for await (const { provider, found, failure } of compareDay(deps, day, call)) {
      did.compared += found.compared
      did.settled += found.settled
      did.unreadable += found.unreadable
      did.differing += (await keep(deps, day, provider, found)).length
      if (failure !== undefined) failures.push(failure)
    }
  }
  return { did, failures }
}

/** Writes a part into the day's report; answers what is new in it. */
function keep(deps: Deps, day: string, provider: PaymentProvider, found: PartFound): Promise<BookDifference[]> {
  return contend(deps, async () => {
    const seen = await findReconciliation(deps.table, day)
    const { next, fresh } = mergedPart(partOf(seen, provider), found)
    const at = { now: deps.clock.now(), real: deps.clock.real() }
    const outcome = await commit(deps.table, [putReconciliationWrite(day, provider, next, seen, at)])
    return outcome.committed ? fresh : again
  })
}

/**
 * Compares a day of every provider's own list (by its creation time) with what was settled here, both ways. Money that
 * nobody told of is settled; what cannot be put right is reported.
 * @param day `yyyy-mm-dd`, UTC
 */
export async function* compareDay(
  deps: Deps,
  day: string,
  call: SettlementCall,
): AsyncGenerator<{ provider: PaymentProvider; found: PartFound; failure?: unknown }> {
  const { turnedOn } = await deps.payments()
  const known = await settledOn(deps, day)
  for (const provider of turnedOn) {
    const found: PartFound = { compared: 0, settled: 0, unreadable: 0, differences: [] }
    try {
      await compareProvider(deps, { provider, day, known }, call, found)
      yield { provider, found }
    } catch (failure) {
      const detail = `the provider’s list was not read to its end: ${wordFor(failure)}`
      found.differences.push({ kind: 'not_compared', provider, providerPaymentId: null, paymentId: null, detail })
      yield { provider, found, failure }
    }
  }
}

/** Errors' own texts may repeat what a provider said. */
const wordFor = (failure: unknown): string =>
  failure instanceof GatewayError ? (failure.code ?? failure.kind) : 'a defect'

interface Listed {
  provider: PaymentProvider
  day: string
  known: SettledThere[]
}

async function compareProvider(
  deps: Deps,
  { provider, day, known }: Listed,
  call: SettlementCall,
  found: PartFound,
): Promise<void> {
  const gateway = (await deps.payments()).gateway(provider)
  const listed = new Set<string>()
  const unreadable = () => {
    found.unreadable += 1
  }
  for await (const seen of gateway.listPayments(day, unreadable)) {
    listed.add(seen.providerPaymentId)
    found.compared += 1
    await compareOne(deps, seen, call, found)
  }
  await compareRefunds(deps, gateway, day, call, found)
  for (const one of known)
    if (one.provider === provider && !listed.has(one.providerPaymentId))
      found.differences.push({
        kind: 'missing_at_provider',
        ...one,
        detail: 'settled here, not on the provider’s list',
      })
}

async function compareOne(deps: Deps, seen: ProviderPayment, call: SettlementCall, result: PartFound): Promise<void> {
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
  result: PartFound,
): Promise<void> {
  if (!refundLists) return
  const unreadable = () => {
    result.unreadable += 1
  }
  for await (const seen of refundLists.on(day, unreadable)) {
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

type SettledThere = { provider: PaymentProvider; providerPaymentId: string; paymentId: string }

/** Money that was taken on the day, by the provider's clock, of payments made shortly before it. */
async function settledOn(deps: Deps, day: string): Promise<SettledThere[]> {
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
