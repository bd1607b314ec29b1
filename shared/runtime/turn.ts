import type { Guard } from '#domain/guard'
import type { Payment } from '#domain/payment'
import { Problem } from '#errors/problem'
import { GatewayError } from '#gateways/gatewayError'
import { lockCheckoutWrite, lockedUntilOf, unlockCheckoutWrite } from '#table/checkoutKeys'
import { commit } from '#table/commit'
import { findPayment } from '#table/payments'
import type { Deps } from './deps.ts'

/**
 * Longer than the functions that ask a provider may run (29 s): until then nobody else asks it for this payment. It counts
 * from the write that takes the turn.
 */
export const turnMs = 35_000
/** Most calls are over by then. */
const usualMs = 9_000
const usualRetrySeconds = 2

/** A payment that was begun. `turn`: this call wrote it and has the turn until then, real time; absent: another may have it. */
export interface Turnable {
  payment: Payment
  turn?: number
}

/**
 * Asks the provider for a payment while nobody else does: the key's turn is taken first, and the payment read anew under
 * it. A call whose outcome is not known keeps the turn until it is over, because what it sent may still arrive.
 * @throws Problem `idempotency_in_progress` while another call has the turn; whatever `ask` throws.
 */
export async function inTurn<Answer>(
  deps: Deps,
  { payment, turn }: Turnable,
  guard: Guard,
  ask: (payment: Payment) => Promise<Answer>,
): Promise<Answer> {
  const { accountId } = payment
  const until = turn ?? (await takeTurn(deps, accountId, guard))
  const present = turn === undefined ? await readAnew(deps, payment) : payment
  try {
    return await ask(present)
  } catch (error) {
    // Nothing was done there: the next call with this key may try at once. A turn that was lost is another's to give back.
    if (error instanceof GatewayError && error.kind !== 'unknown_outcome')
      await commit(deps.table, [unlockCheckoutWrite(accountId, guard, until)])
    throw error
  }
}

async function takeTurn(deps: Deps, accountId: string, guard: Guard): Promise<number> {
  const now = deps.clock.real()
  const write = lockCheckoutWrite(accountId, guard, now, now + turnMs)
  const outcome = await commit(deps.table, [write])
  if (outcome.committed) return now + turnMs
  const leftMs = lockedUntilOf(outcome.refusalOf(write)?.item) - now
  const isLong = turnMs - leftMs > usualMs
  throw new Problem('idempotency_in_progress', 'The first request with this key is still asking the provider.', {
    retryAfterSeconds: isLong ? Math.max(1, Math.ceil(leftMs / 1000)) : usualRetrySeconds,
  })
}

async function readAnew(deps: Deps, { accountId, id }: Payment): Promise<Payment> {
  const payment = await findPayment(deps.table, accountId, id, { consistent: true })
  if (!payment) throw new Error('a checkout key leads to no payment')
  return payment
}
