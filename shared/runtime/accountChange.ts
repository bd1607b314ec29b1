import type { Account } from '#domain/account'
import { type WalletChange, withZones } from '#domain/accountWallet'
import { firstWallet, type Tombstone } from '#domain/erasure'
import { putAccountWrite } from '#table/accounts'
import { commit } from '#table/commit'
import { walletKey } from '#table/keys'
import type { Write } from '#table/port'
import { findAccountOrTombstone, tombstoneStands } from '#table/tombstones'
import { type Call, putEntryWrite, putWalletWrite, readWallet, type StoredWallet } from '#table/wallets'
import { fallbackTerms, unsavedAccount } from './account.ts'
import { auditOf } from './audit.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { erasedProblem } from './erased.ts'
import { callOf } from './guarded.ts'
import type { Input } from './run.ts'
import { onSettledWallet } from './settled.ts'

/**
 * Changes an account, making it first when it is new: the account, its wallet and the first allowance are one
 * transaction, so no account is ever without a wallet. In an erased account's place only its own login begins anew.
 * `plan` is pure and may refuse by throwing a Problem.
 * @throws Problem `conflict` when a server means an account that was erased.
 */
export function changeAccount(
  deps: Deps,
  input: Input,
  action: string,
  plan: (account: Account, now: number) => Account,
): Promise<Account> {
  const { accountId } = input
  const attempt = async (): Promise<Account | typeof again> => {
    const { account: seen, tombstone } = await findAccountOrTombstone(deps.table, accountId, { consistent: true })
    if (tombstone && input.identity.kind !== 'customer') throw erasedProblem()
    const now = deps.clock.now()
    const next = plan(seen ?? (await unsavedAccount(deps, accountId, tombstone, now)), now)
    const writes = [
      ...accountWrites(next, seen, tombstone),
      ...(await walletWritesOf(deps, { seen, tombstone }, next, callOf(input), now)),
      // What changed, not to what: names and addresses are personal, and the account itself holds them.
      auditOf(input, deps, {
        action,
        entity: 'account',
        entityId: accountId,
        after: { changed: changedOf(seen, next) },
      }),
    ]
    const outcome = await commit(deps.table, writes)
    return outcome.committed ? next : again
  }
  return contend(deps, () => onSettledWallet(deps, accountId, attempt))
}

const changedOf = (seen: Account | undefined, next: Account): string[] =>
  Object.entries(next)
    .filter(
      ([name, value]) =>
        name !== 'ver' &&
        name !== 'updatedAt' &&
        JSON.stringify(value) !== JSON.stringify(seen?.[name as keyof Account]),
    )
    .map(([name]) => name)

/** Where there is nothing yet, or in the place of the tombstone that was seen; its version goes on from that. */
function accountWrites(next: Account, seen: Account | undefined, tombstone: Tombstone | undefined): Write[] {
  if (!tombstone) return [putAccountWrite(next, seen)]
  const put = putAccountWrite({ ...next, ver: tombstone.ver + 1 }, tombstone)
  return [{ ...put, when: tombstoneStands(tombstone) }]
}

/** A new account brings its wallet; a change of zones reaches the wallet, whose windows follow them; nothing else does. */
async function walletWritesOf(
  deps: Deps,
  { seen, tombstone }: { seen: Account | undefined; tombstone: Tombstone | undefined },
  next: Account,
  call: Call,
  now: number,
): Promise<Write[]> {
  if (!seen) {
    const first = firstWallet(next, tombstone, await fallbackTerms(deps), now)
    return walletWrites(next.id, first, undefined, call, now)
  }
  if (JSON.stringify(seen.zones) === JSON.stringify(next.zones)) return []
  const stored = await loadStoredWallet(deps, next.id)
  return walletWrites(next.id, withZones(stored.wallet, next, now), stored, call, now)
}

/** Consistent: whoever changes a plan decides on what is there. @throws Error when an account has no wallet: a defect. */
export async function loadStoredWallet(deps: Pick<Deps, 'table'>, accountId: string): Promise<StoredWallet> {
  const item = await deps.table.get(walletKey(accountId), { consistent: true })
  if (!item) throw new Error('an account without a wallet')
  return readWallet(item)
}

/** A wallet's next state and what it booked. */
export const walletWrites = (
  accountId: string,
  { wallet, entries }: WalletChange,
  seen: StoredWallet | undefined,
  call: Call,
  now: number,
): Write[] => [
  putWalletWrite(accountId, wallet, seen, now),
  ...entries.map((entry) => putEntryWrite(accountId, entry, call)),
]
