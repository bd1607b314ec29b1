import type { Guard } from '#domain/guard'
import { captures, isInFlight, type Payment } from '#domain/payment'
import { Problem } from '#errors/problem'
import type { FoundOrder, Gateway, OpenedOrder, OrderRequest } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import { commit } from '#table/commit'
import { findOrder, putOrderWrite } from '#table/orders'
import { findPayment, putPaymentWrite } from '#table/payments'
import type { Begun } from './checkout.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { inTurn } from './turn.ts'

/** What opens the customer's checkout, in the provider's own words; null: there is none to open, or none any more. */
export interface OpenedCheckout {
  payment: Payment
  checkout: Record<string, unknown> | null
}

/**
 * The provider's order of a payment: the one that is known, or the one that an earlier try left at the provider, or a new
 * one. One caller at a time asks; a creation whose answer was lost is looked up by our payment id and never sent again.
 * Nobody is sent to pay what is paid, over, or on its way.
 * @throws Problem `idempotency_in_progress` while another call asks; GatewayError.
 */
export async function openOrder(
  deps: Deps,
  begun: Begun,
  guard: Guard,
  order: Pick<OrderRequest, 'account' | 'saveMethod' | 'description'>,
): Promise<OpenedCheckout> {
  const known = await knownOrder(deps, begun.payment)
  if (known) return known
  const { isNew } = begun
  return inTurn(
    deps,
    begun,
    guard,
    async (payment) => (await knownOrder(deps, payment)) ?? openAtProvider(deps, payment, order, isNew),
  )
}

/** What is known without the provider; undefined: it has to be asked. */
async function knownOrder(deps: Deps, payment: Payment): Promise<OpenedCheckout | undefined> {
  const { provider, providerOrderId } = payment
  if (!provider || !isPayable(payment, deps.clock.now())) return { payment, checkout: null }
  if (providerOrderId === undefined) return undefined
  const known = await findOrder(deps.table, provider, providerOrderId)
  return { payment, checkout: known?.checkout ?? {} }
}

/** Money for it is still to come in its time, and nobody works on it. */
const isPayable = (payment: Payment, now: number): boolean =>
  !payment.settled &&
  captures(payment).length === 0 &&
  payment.progress !== 'expired' &&
  now < payment.expiresAt &&
  !isInFlight(payment)

/** Stripe refuses a session of more than a day, and clocks differ: one that closes early takes no money for what is over. */
const closesEarlyMs = 5 * 60_000
const longestOrderMs = 24 * 3_600_000
/** Stripe refuses a session of less than half an hour; what is beside it is for closing early and for the way there. */
const leastLeftMs = 36 * 60_000
const isRealWithinMs = 60_000

async function openAtProvider(
  deps: Deps,
  payment: Payment,
  order: Pick<OrderRequest, 'account' | 'saveMethod' | 'description'>,
  isNew: boolean,
): Promise<OpenedCheckout> {
  if (!payment.provider) throw new Error('an order of nothing to pay')
  const gateway = (await deps.payments()).gateway(payment.provider)
  const { returnUrl } = await deps.settings()
  const [now, real] = [deps.clock.now(), deps.clock.real()]
  const request: OrderRequest = {
    ...order,
    paymentId: payment.id,
    amountMinor: payment.amountMinor,
    currency: payment.currency,
    ...(returnUrl !== undefined && { returnUrl }),
    // By the provider's clock, which a test clock does not turn: then its own day has to do.
    ...(Math.abs(now - real) < isRealWithinMs && {
      expiresAt: Math.min(payment.expiresAt, now + longestOrderMs) - closesEarlyMs,
    }),
  }
  const opened = await atProvider(gateway, request, isNew, payment.expiresAt - now >= leastLeftMs)
  return { payment: await rememberOrder(deps, payment, opened), checkout: opened.checkout }
}

async function atProvider(
  gateway: Gateway,
  request: OrderRequest,
  isNew: boolean,
  hasTime: boolean,
): Promise<OpenedOrder> {
  try {
    const earlier = isNew ? undefined : await gateway.findOrder(request.paymentId)
    if (earlier) return asAsked(earlier, request)
    if (!hasTime) throw new Problem('conflict', 'This order is nearly over. Begin another one, with another key.')
    return await gateway.createOrder(request)
  } catch (error) {
    if (!(error instanceof GatewayError) || error.kind !== 'unknown_outcome') throw error
    return asAsked(await lookedUp(gateway, request.paymentId, error), request)
  }
}

/** Nobody is sent to pay another amount. @throws Error: an order of ours that asks for one is a defect, and alarms. */
function asAsked(found: FoundOrder, request: Pick<OrderRequest, 'amountMinor' | 'currency'>): OpenedOrder {
  if (!isAsAsked(found, request)) throw new Error('the order at the provider asks for another amount than its payment')
  const { amountMinor: _amount, currency: _currency, ...opened } = found
  return opened
}

export const isAsAsked = (
  found: Pick<FoundOrder, 'amountMinor' | 'currency'>,
  asked: Pick<OrderRequest, 'amountMinor' | 'currency'>,
): boolean => found.amountMinor === asked.amountMinor && found.currency === asked.currency

/** It was sent and may have been done: only a look-up tells. Not found yet, it may still arrive: the turn is kept until it is over. */
async function lookedUp(gateway: Gateway, paymentId: string, failure: GatewayError): Promise<FoundOrder> {
  const found = await gateway.findOrder(paymentId).catch(() => undefined)
  if (found) return found
  throw failure
}

/** Writes the order's id on the payment, and the way back from it. An event may have written the payment meanwhile. */
export function rememberOrder(deps: Deps, { id, accountId }: Payment, opened: OpenedOrder): Promise<Payment> {
  return contend(deps, async () => {
    const payment = await findPayment(deps.table, accountId, id, { consistent: true })
    if (!payment?.provider) throw new Error('an order was opened for no payment')
    const { providerOrderId, checkout } = opened
    const now = deps.clock.now()
    const pointer = putOrderWrite(
      { provider: payment.provider, providerOrderId, paymentId: id, accountId, checkout },
      { now, real: deps.clock.real() },
    )
    const next =
      payment.providerOrderId === undefined
        ? { ...payment, providerOrderId, ver: payment.ver + 1, updatedAt: now }
        : payment
    const outcome = await commit(deps.table, [
      pointer,
      ...(next === payment ? [] : [putPaymentWrite(next, payment.ver)]),
    ])
    return outcome.committed ? next : again
  })
}
