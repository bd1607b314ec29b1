import type { Payment } from '#domain/payment'
import type { PaymentPlan } from '#domain/paymentFact'
import type { PaymentWrite } from '#domain/paymentWrite'
import { nextDueAt } from '#domain/subscriptionDue'
import { commit } from '#table/commit'
import { type PaymentRows, rowsOf } from '#table/paymentWrites'
import type { Item, Write } from '#table/port'
import type { Call } from '#table/wallets'
import type { Deps } from './deps.ts'

/** Who asks for a settlement: for logs and for the rows' `requestId` and `actor`. */
export interface SettlementCall {
  requestId: string
  actor: string
}

/** What was heard of a payment, for its own row alone. */
export const factWrites = (plan: PaymentPlan, payment: Payment): PaymentWrite[] =>
  plan.kind === 'ignored' ? [] : [{ row: 'payment', next: plan.next, seenVer: payment.ver }]

export interface RefusedWrite {
  of: PaymentWrite
  item: Item | undefined
}
export type Written = { committed: true } | { committed: false; refused: RefusedWrite[] }

/**
 * Commits what a plan wants written, in one transaction, with what the caller adds. Not committed: something that it
 * rests on has changed, or the money's guard is there already: read again and decide again; a guard that is there makes
 * the next decision a repetition.
 */
export async function writePayment(
  deps: Deps,
  writes: readonly PaymentWrite[],
  call: SettlementCall | Call,
  walletCreatedAt?: number,
  beside: readonly Write[] = [],
): Promise<Written> {
  if (writes.length + beside.length === 0) return { committed: true }
  const rows = tableWrites(deps, writes, call, walletCreatedAt)
  const outcome = await commit(deps.table, [...rows.flatMap((row) => row.writes), ...beside])
  if (outcome.committed) return outcome
  const refused = rows.flatMap(({ of, writes: own }) =>
    own.flatMap((write) => {
      const refusal = outcome.refusalOf(write)
      return refusal ? [{ of, item: refusal.item }] : []
    }),
  )
  return { committed: false, refused }
}

/** What a plan wants written as table writes, for whoever commits it with other things. */
export const tableWrites = (
  deps: Pick<Deps, 'clock' | 'ids'>,
  writes: readonly PaymentWrite[],
  call: SettlementCall | Call,
  walletCreatedAt?: number,
): PaymentRows[] =>
  rowsOf(writes, {
    call: { hash: '', ...call },
    at: { now: deps.clock.now(), real: deps.clock.real() },
    random: deps.ids.random,
    requestId: call.requestId,
    subscriptionDueAt: nextDueAt,
    ...(walletCreatedAt !== undefined && { walletCreatedAt }),
  })
