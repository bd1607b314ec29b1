import { MoreIsDue } from '#domain/accountWallet'
import { again } from './contend.ts'
import type { Deps } from './deps.ts'
import { settleWallet } from './settleWallet.ts'

/** Runs an attempt that changes a wallet beside other things; a wallet with too much due is settled first, and the attempt made again. */
export async function onSettledWallet<Answer>(
  deps: Pick<Deps, 'table' | 'clock' | 'rng' | 'wait'>,
  accountId: string,
  attempt: () => Promise<Answer | typeof again>,
): Promise<Answer | typeof again> {
  try {
    return await attempt()
  } catch (error) {
    if (!(error instanceof MoreIsDue)) throw error
    await settleWallet(deps, accountId)
    return again
  }
}
