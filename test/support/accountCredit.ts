import { creditWrites } from '#table/accountCredit'
import { commit } from '#table/commit'
import type { TestDeps } from './deps.ts'

/** An account has money with us, as a change of plan leaves it. Minor units. */
export async function withCredit(
  deps: TestDeps,
  accountId: string,
  currency: string,
  balanceMinor: number,
): Promise<void> {
  const entry = {
    id: `surplus:${accountId}`,
    cause: 'surplus' as const,
    amountMinor: balanceMinor,
    balanceAfterMinor: balanceMinor,
    paymentId: 'fpay_0',
    createdAt: deps.clock.now(),
  }
  await commit(deps.table, creditWrites({ next: { accountId, currency, balanceMinor, ver: 1 }, entry }, 'test'))
}
