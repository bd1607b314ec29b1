import { windowAt } from '#domain/time'
import { decide, decideEnded } from '#domain/walletDecide'
import { commit } from '#table/commit'
import { walletKey } from '#table/keys'
import { putEntryWrite, putWalletWrite, readWallet } from '#table/wallets'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'

/**
 * Books what time has done to a wallet: expired grants, lapsed holds, this window's allowance. Every reader counts it
 * anyway, so it may run late or never; it answers how many entries it wrote. `endedOnly`: this window's allowance is left
 * to whoever uses it.
 */
export function settleWallet(
  deps: Pick<Deps, 'table' | 'clock' | 'rng' | 'wait'>,
  accountId: string,
  { endedOnly }: { endedOnly: boolean } = { endedOnly: false },
): Promise<number> {
  let written = 0
  return contend(deps, async () => {
    const item = await deps.table.get(walletKey(accountId), { consistent: true })
    if (!item) return written
    const stored = readWallet(item)
    const now = deps.clock.now()
    const decision = endedOnly
      ? decideEnded(stored.wallet, now, windowAt)
      : decide(stored.wallet, { kind: 'settleDue' }, now, windowAt)
    if (decision.kind === 'refused' || decision.kind === 'repeated') throw new Error('what is due was refused')
    const lapsed = decision.wallet.holds.length < stored.wallet.holds.length
    if (decision.entries.length === 0 && !lapsed) return written
    const call = { hash: '', requestId: 'settle', actor: 'clock' }
    const outcome = await commit(deps.table, [
      putWalletWrite(accountId, decision.wallet, stored, now),
      ...decision.entries.map((entry) => putEntryWrite(accountId, entry, call)),
    ])
    if (!outcome.committed) return again
    written += decision.entries.length
    return decision.kind === 'partial' ? again : written
  })
}
