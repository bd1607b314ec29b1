import type { Guard } from '#domain/guard'
import type { Payment } from '#domain/payment'
import { Problem } from '#errors/problem'
import type { Gateway, OpenedOrder, OrderRequest } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import { lockCheckoutWrite, unlockCheckoutWrite } from '#table/checkoutKeys'
import { commit } from '#table/commit'
import { findOrder, putOrderWrite } from '#table/orders'
import { findPayment, putPaymentWrite } from '#table/payments'
import { providerPatienceMs } from './checkout.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'

/** What opens the customer's checkout, in the provider's own words. */
export interface OpenedCheckout {
  payment: Payment
  checkout: Record<string, unknown>
}

/**
 * The provider's order of a payment: the one that is known, or the one that an earlier try left at the provider, or a new
 * one. One caller at a time asks; a creation whose answer was lost is looked up by our payment id and never sent again.
 * @throws Problem `idempotency_in_progress` while another call asks; GatewayError.
 */
export async function openOrder(
  deps: Deps,
  { payment, isNew }: { payment: Payment; isNew: boolean },
  guard: Guard,
  order: Pick<OrderRequest, 'account' | 'saveMethod' | 'description'>,
): Promise<OpenedCheckout> {
  const { provider, providerOrderId } = payment
  if (!provider) return { payment, checkout: {} }
  if (providerOrderId !== undefined) {
    const known = await findOrder(deps.table, provider, providerOrderId)
    return { payment, checkout: known?.checkout ?? {} }
  }
  if (!isNew) await takeTurn(deps, payment.accountId, guard)
  const gateway = (await deps.payments()).gateway(provider)
  const { returnUrl } = await deps.settings()
  const request: OrderRequest = {
    ...order,
    paymentId: payment.id,
    amountMinor: payment.amountMinor,
    currency: payment.currency,
    ...(returnUrl !== undefined && { returnUrl }),
  }
  const opened = await atProvider(deps, gateway, request, isNew, payment.accountId, guard)
  return { payment: await rememberOrder(deps, payment, opened), checkout: opened.checkout }
}

async function takeTurn(deps: Deps, accountId: string, guard: Guard): Promise<void> {
  const now = deps.clock.real()
  const turn = await commit(deps.table, [lockCheckoutWrite(accountId, guard, now, now + providerPatienceMs)])
  if (turn.committed) return
  throw new Problem('idempotency_in_progress', 'The first request with this key is still asking the provider.', {
    retryAfterSeconds: 2,
  })
}

async function atProvider(
  deps: Deps,
  gateway: Gateway,
  request: OrderRequest,
  isNew: boolean,
  accountId: string,
  guard: Guard,
): Promise<OpenedOrder> {
  try {
    const earlier = isNew ? undefined : await gateway.findOrder(request.paymentId)
    return earlier ?? (await gateway.createOrder(request))
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    if (error.kind === 'unknown_outcome') return lookedUp(gateway, request.paymentId, error)
    // Nothing was done there: the next call with this key may try at once.
    await commit(deps.table, [unlockCheckoutWrite(accountId, guard)])
    throw error
  }
}

/** It was sent and may have been done: only a look-up tells. Not found yet, it may still arrive: the turn is kept until it is over. */
async function lookedUp(gateway: Gateway, paymentId: string, failure: GatewayError): Promise<OpenedOrder> {
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
