import type { Account } from '#domain/account'
import { withSuspension } from '#domain/accountWallet'
import { obstacleOf, planErasing, planNotErasing, planWalletClosing, tombstoneOf } from '#domain/erasure'
import { notFound, Problem } from '#errors/problem'
import { putAccountWrite } from '#table/accounts'
import { commit } from '#table/commit'
import { accountPages, erasureWrites, standingOf } from '#table/erasure'
import { walletKey } from '#table/keys'
import { deleteMemberWrite, membershipsOf } from '#table/members'
import { type PaymentMethod, readMethod } from '#table/methods'
import { equals, type Write } from '#table/port'
import { findAccountOrTombstone, putErasureWrite, putTombstoneWrite } from '#table/tombstones'
import { type Call, putEntryWrite, readWallet, type StoredWallet } from '#table/wallets'
import { walletWrites } from './accountChange.ts'
import { auditOf } from './audit.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { callOf } from './guarded.ts'
import type { Input } from './run.ts'
import { onSettledWallet } from './settled.ts'

export type ErasureDeps = Pick<Deps, 'table' | 'clock' | 'rng' | 'wait'> & {
  /** Tells providers of saved methods whose rows are gone; absent: they are not told. */
  revoke?: (methods: PaymentMethod[]) => Promise<void>
}

/** Well within the function's 29 s. */
const mostMs = 18_000
/** A transaction takes 100 writes; four writes a row at most. */
const rowsAtOnce = 25

/**
 * Erases an account, in steps that each may be made again: a mark from which on everything else is refused, then its rows
 * page by page, then a tombstone in the place of account and wallet. Whoever asks again goes on where it stopped.
 * A login that never wrote has nothing to erase.
 * @throws Problem `not_found` to a server without such an account, `conflict` while something is under way,
 * `account_suspended`, `contended` when a large account takes another call.
 */
export async function erase(deps: Deps & ErasureDeps, input: Input): Promise<{ erasedAt: number }> {
  const found = await findAccountOrTombstone(deps.table, input.accountId, { consistent: true })
  if (!found.account && !found.tombstone) {
    if (input.identity.kind !== 'customer') throw notFound('account')
    return { erasedAt: deps.clock.now() }
  }
  const audit = () => auditOf(input, deps, { action: 'eraseAccount', entity: 'account', entityId: input.accountId })
  return eraseStored(deps, input.accountId, callOf(input), () => [audit()])
}

/** As `erase`, without a call: an erasure told to a restored table. */
export async function eraseStored(
  deps: ErasureDeps,
  accountId: string,
  call: Call,
  beside: () => Write[] = () => [],
  limitMs = mostMs,
): Promise<{ erasedAt: number }> {
  const until = deps.clock.real() + limitMs
  const found = await findAccountOrTombstone(deps.table, accountId, { consistent: true })
  const erasedAt = found.tombstone?.erasedAt ?? (await begin(deps, accountId, call, beside)).erasedAt
  if (erasedAt !== undefined) return { erasedAt }
  await eraseRows(deps, accountId, until)
  return { erasedAt: await finish(deps, accountId, call) }
}

/** A replay has as much time as it takes. */
const unlimitedMs = Number.MAX_SAFE_INTEGER / 2

/**
 * An erasure told again to a table that was restored from before it. An account whose login came back after it is left
 * alone, and so is one that is not there.
 * @throws Problem `conflict` when the restored account has a live subscription or a payment under way: staff decide.
 */
export async function replayErasure(
  deps: ErasureDeps,
  { accountId, erasedAt }: { accountId: string; erasedAt: number },
): Promise<'erased' | 'unchanged'> {
  const { account } = await findAccountOrTombstone(deps.table, accountId, { consistent: true })
  if (!account || (account.returnedFrom !== undefined && account.returnedFrom >= erasedAt)) return 'unchanged'
  const call = { hash: '', requestId: 'replay', actor: 'staff' }
  await eraseStored(deps, accountId, call, () => [], unlimitedMs)
  return 'erased'
}

/** The mark: on account and wallet at once. What came up between look and mark takes the mark away again. */
async function begin(
  deps: ErasureDeps,
  accountId: string,
  call: Call,
  beside: () => Write[],
): Promise<{ erasedAt?: number }> {
  await refuseWhileUnderWay(deps, accountId)
  const done = await mark(deps, accountId, call, beside, true)
  if (done.erasedAt !== undefined) return done
  try {
    await refuseWhileUnderWay(deps, accountId)
  } catch (error) {
    await mark(deps, accountId, call, () => [], false)
    throw error
  }
  return {}
}

async function refuseWhileUnderWay(deps: ErasureDeps, accountId: string): Promise<void> {
  const obstacle = obstacleOf(await standingOf(deps.table, { id: accountId }))
  if (obstacle !== undefined) throw new Problem('conflict', obstacle)
}

/** Sets or takes away the mark; doing it twice is doing it once. Answers when the account is erased by now. */
function mark(
  deps: ErasureDeps,
  accountId: string,
  call: Call,
  beside: () => Write[],
  set: boolean,
): Promise<{ erasedAt?: number }> {
  const attempt = async (): Promise<{ erasedAt?: number } | typeof again> => {
    const { account, tombstone } = await findAccountOrTombstone(deps.table, accountId, { consistent: true })
    if (tombstone) return { erasedAt: tombstone.erasedAt }
    if (!account) throw notFound('account')
    if ((account.erasingAt !== undefined) === set) return {}
    const now = deps.clock.now()
    const next = set ? planErasing(account, now) : planNotErasing(account, now)
    const stored = await storedWallet(deps, accountId)
    const change = stored && withSuspension(stored.wallet, set, now)
    const writes = [
      putAccountWrite(next, account),
      ...(change ? walletWrites(accountId, change, stored, call, now) : []),
      ...beside(),
    ]
    return (await commit(deps.table, writes)).committed ? {} : again
  }
  return contend(deps, () => onSettledWallet(deps, accountId, attempt))
}

async function storedWallet(deps: ErasureDeps, accountId: string): Promise<StoredWallet | undefined> {
  const item = await deps.table.get(walletKey(accountId), { consistent: true })
  return item && readWallet(item)
}

/** Rows of the account, and what it is elsewhere: a login that is erased acts for nobody any more. */
async function eraseRows(deps: ErasureDeps, accountId: string, until: number): Promise<void> {
  const at = { now: deps.clock.now(), real: deps.clock.real() }
  for await (const page of accountPages(deps.table, accountId)) {
    const rows = page.map((item) => erasureWrites(item, at)).filter((writes) => writes.length > 0)
    for (let from = 0; from < rows.length; from += rowsAtOnce)
      await commitAll(deps, rows.slice(from, from + rowsAtOnce).flat())
    await deps.revoke?.(page.filter(({ entity }) => entity === 'paymentMethod').map(readMethod))
    if (deps.clock.real() > until)
      throw new Problem('contended', 'The erasure has begun and goes on with the next request. Send it again.', {
        retryAfterSeconds: 1,
      })
  }
  for (const member of await membershipsOf(deps.table, accountId)) await commit(deps.table, [deleteMemberWrite(member)])
}

/** A row that changed meanwhile in a way that its write does not allow (an order that is gone) is passed over. */
async function commitAll(deps: ErasureDeps, writes: Write[]): Promise<void> {
  await contend(deps, async () => {
    if ((await commit(deps.table, writes)).committed) return true
    for (const write of writes) await commit(deps.table, [write])
    return true
  })
}

/** Account and wallet make room for the tombstone, what was left of the credits is written off, and the erasure is listed. */
function finish(deps: ErasureDeps, accountId: string, call: Call): Promise<number> {
  const attempt = async (): Promise<number | typeof again> => {
    const { account, tombstone } = await findAccountOrTombstone(deps.table, accountId, { consistent: true })
    if (tombstone) return tombstone.erasedAt
    // Another call found something under way meanwhile, and took the mark away.
    if (account?.erasingAt === undefined) throw new Problem('conflict', 'Something came up. Send the request again.')
    const stored = await storedWallet(deps, accountId)
    const now = deps.clock.now()
    const outcome = await commit(deps.table, lastWrites(account, stored, call, { now, real: deps.clock.real() }))
    return outcome.committed ? now : again
  }
  return contend(deps, () => onSettledWallet(deps, accountId, attempt))
}

function lastWrites(
  account: Account,
  stored: StoredWallet | undefined,
  call: Call,
  at: { now: number; real: number },
): Write[] {
  const closed = stored && planWalletClosing(stored.wallet, at.now)
  return [
    putTombstoneWrite(tombstoneOf(account, closed?.wallet, at.now), account),
    putErasureWrite({ accountId: account.id, erasedAt: at.now }, at),
    ...(stored && closed
      ? [
          { kind: 'delete' as const, key: walletKey(account.id), when: equals('ver', stored.wallet.version) },
          ...closed.entries.map((entry) => putEntryWrite(account.id, entry, call)),
        ]
      : []),
  ]
}
