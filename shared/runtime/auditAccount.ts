import { type Difference, LedgerAudit } from '#domain/ledger'
import { windowAt } from '#domain/time'
import { walletKey } from '#table/keys'
import { ledgerPages, readWallet } from '#table/wallets'
import type { Deps } from './deps.ts'

/** Tries before a ledger that keeps growing under the audit is left to the next night. */
const mostTries = 5
/** The index follows the table within milliseconds, rarely within seconds. */
const indexLagMs = 200

/**
 * Proves an account's ledger: numbers without a gap, each balance the one before plus the amount, every grant's rest,
 * and booked plus due entries = the balance at this instant. A writer in between moves the wallet on; then it looks again.
 */
export async function auditAccount(
  deps: Pick<Deps, 'table' | 'clock' | 'wait'>,
  accountId: string,
): Promise<{ entries: number; differences: Difference[] }> {
  for (let tries = 1; ; tries++) {
    const item = await deps.table.get(walletKey(accountId), { consistent: true })
    if (!item) return { entries: 0, differences: [] }
    const { wallet } = readWallet(item)
    const audit = new LedgerAudit()
    let entries = 0
    // The index lags behind the table by moments; up to the wallet's own number is what belongs to this image of it.
    for await (const { entry } of ledgerPages(deps.table, accountId, wallet.seq)) {
      audit.add(entry)
      entries += 1
    }
    const differences = audit.finish(wallet, deps.clock.now(), windowAt)
    const after = await deps.table.get(walletKey(accountId), { consistent: true })
    const moved = after !== undefined && readWallet(after).wallet.version !== wallet.version
    const settled = !moved && entries >= wallet.seq
    if (differences.length === 0 || settled || tries === mostTries) return { entries, differences }
    await deps.wait(indexLagMs * tries)
  }
}
