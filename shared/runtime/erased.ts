import type { PaymentWrite } from '#domain/paymentWrite'
import { Problem } from '#errors/problem'
import { erasureOf, notErased } from '#table/erased'
import type { Write } from '#table/port'
import type { Deps } from './deps.ts'
import type { HttpEvent } from './request.ts'
import type { Identity } from './run.ts'

/** To a server an erased account is gone for good, unless its own login comes back. */
export const erasedProblem = (): Problem => new Problem('conflict', 'The account was erased.')

/**
 * What a server is told when a write failed because the account is gone: that it was erased, not that nobody made it. One
 * more read, of refusals alone. A customer's login may begin anew, and staff see that there is no account.
 */
export async function erasedInstead(
  deps: Pick<Deps, 'table'>,
  event: HttpEvent,
  { identity, accountId }: { identity: Identity | undefined; accountId: string },
  problem: Problem | undefined,
): Promise<Problem | undefined> {
  const isGone = problem?.code === 'not_found' || problem?.code === 'account_suspended'
  if (!isGone || identity?.kind !== 'server' || event.requestContext.http.method === 'GET') return problem
  // Whoever cannot look answers with what is known.
  const erasure = await erasureOf(deps.table, accountId).catch(() => undefined)
  if (erasure === 'done') return erasedProblem()
  return erasure === 'begun' ? new Problem('conflict', 'The account is being erased.') : problem
}

/** As `notErased`, beside what is written. The account's own row, where it is written, carries the version that was seen: an item takes one write. */
export const notErasedBeside = (accountId: string, writes: readonly Pick<PaymentWrite, 'row'>[]): Write[] =>
  writes.some(({ row }) => row === 'account') ? [] : [notErased(accountId)]
