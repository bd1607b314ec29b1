import type { Account } from '#domain/account'
import { termOf, usageContext } from '#domain/entitlement'
import { type Guard, guardOfId, idOf } from '#domain/guard'
import { windowAt } from '#domain/time'
import { planGiveBack, planReturn, type Tally } from '#domain/usage'
import { decide } from '#domain/walletDecide'
import { notFound, Problem } from '#errors/problem'
import { commit } from '#table/commit'
import { counterKey, operationKey, tallyKey, walletKey } from '#table/keys'
import type { Item, Key, Write } from '#table/port'
import {
  putCounterAt,
  putTallyWrite,
  putUsageEventWrite,
  readCounter,
  readTaken,
  readTally,
  type TakenRow,
  type TallyRow,
} from '#table/usage'
import { putEntryWrite, putWalletWrite, readEntry, readWallet } from '#table/wallets'
import { loadAccount, termsNow } from './account.ts'
import { counterOf } from './consume.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { replayRow } from './guarded.ts'
import type { Input, Reply } from './run.ts'
import { settleWallet } from './settleWallet.ts'
import type { EventCall, UsageResult } from './usageEvent.ts'

/** The use that is given back: its row, under its guard. */
interface Origin {
  row: Item
  guard: Guard
  taken: TakenRow
}

/**
 * Gives back units of an earlier use, and the credits they cost: over all give-backs at most what it took. One
 * transaction: counter (where one counted it), tally, guard and, where credits come back, wallet and ledger entry.
 */
export async function giveBack(input: Input, deps: Deps, call: EventCall): Promise<UsageResult | Reply<UsageResult>> {
  const { reference, feature } = call.event
  const guard = reference === undefined ? undefined : guardOfId('use', reference)
  if (!guard) {
    throw new Problem('validation_failed', 'reference: is the usageId of what is given back', {
      errors: [{ path: 'reference', message: 'is the usageId of what is given back' }],
    })
  }
  const row = await deps.table.get(operationKey(input.accountId, guard), { consistent: true })
  const taken = row && readTaken(row)
  // A give-back is no use: it cannot be given back itself.
  if (!taken || taken.feature !== feature || taken.quantity < 0) throw notFound('usage')
  return contend(deps, () => attempt(input, deps, call, { row, guard, taken }))
}

async function attempt(
  input: Input,
  deps: Deps,
  { event, guard, call }: EventCall,
  origin: Origin,
): Promise<UsageResult | Reply<UsageResult> | typeof again> {
  const { accountId } = input
  const { taken } = origin
  const account = await loadAccount(input, deps)
  const counterAt = taken.windowId === null ? undefined : counterKey(accountId, taken.feature, taken.windowId)
  const [tallyItem, walletItem, prior, counterItem] = await deps.table.batchGet(
    [
      tallyKey(accountId, origin.guard),
      walletKey(accountId),
      operationKey(accountId, guard),
      ...(counterAt ? [counterAt] : []),
    ],
    { consistent: true },
  )
  if (prior) return replayRow<UsageResult>(prior, call)
  const now = deps.clock.now()
  const tally = tallyItem && readTally(tallyItem)
  const back = counterAt
    ? await uncount(deps, account, counterAt, counterItem, -event.quantity, taken, tally, now)
    : uncounted(-event.quantity, taken, tally)
  const result: UsageResult = { usageId: idOf('use', now, guard), feature: taken.feature, ...back.standing }
  const record = {
    key: call.key,
    hash: call.hash,
    answer: result,
    feature: taken.feature,
    windowId: null,
    quantity: event.quantity,
    cost: -back.credits,
    at: now,
    callerReference: event.reference,
    metadata: event.metadata,
  }
  const own =
    back.credits === 0
      ? putUsageEventWrite(
          accountId,
          guard,
          { ...record, id: result.usageId, requestId: call.requestId, actor: call.actor },
          { now, real: deps.clock.real() },
        )
      : undefined
  const credited = own
    ? [own]
    : returnCredits(accountId, walletItem, origin, back, tally, guard, call, record, result, now)
  if (credited === 'settle first') {
    await settleWallet(deps, accountId)
    return again
  }
  const tallied = putTallyWrite(accountId, origin.guard, back.tally, tally, now)
  const outcome = await commit(deps.table, [...credited, tallied, ...back.writes])
  if (outcome.committed) return result
  const first = credited
    .map((write) => outcome.refusalOf(write)?.item)
    .find((item) => item?.sk === operationKey(accountId, guard).sk)
  return first ? replayRow<UsageResult>(first, call) : again
}

interface Back {
  standing: Omit<UsageResult, 'usageId' | 'feature'>
  tally: Tally
  credits: number
  writes: Write[]
}

/** Off the counter of the window in which it was counted. Today's terms show the standing; a dropped feature shows limit 0. */
async function uncount(
  deps: Deps,
  account: Account,
  at: Key,
  item: Item | undefined,
  quantity: number,
  taken: TakenRow,
  tally: TallyRow | undefined,
  now: number,
): Promise<Back> {
  if (!item) throw new Error('a counted use without its counter')
  const counter = readCounter(item)
  const terms = await termsNow(account, deps)
  const term = terms ? termOf(terms, taken.feature) : undefined
  const metered = term?.kind === 'metered' ? term : ({ kind: 'metered', limit: 0, window: 'month', warnAt: 1 } as const)
  const context = terms
    ? usageContext(account, terms)
    : { zones: account.zones, planId: '', currency: '', overage: false }
  const plan = planGiveBack(counterOf(counter), quantity, taken, tally, metered, context)
  if (!plan.accepted) throw tooMuch(plan.left)
  return { ...plan, writes: [putCounterAt(at, taken.feature, plan.next, counter, now)] }
}

/** A use that was not counted (a flag that costs credits) gives back its credits alone. */
function uncounted(quantity: number, taken: TakenRow, tally: TallyRow | undefined): Back {
  const plan = planReturn(quantity, taken, tally)
  if (!plan.accepted) throw tooMuch(plan.left)
  return { ...plan, standing: { used: 0, limit: null, remaining: null, resetsAt: null }, writes: [] }
}

const tooMuch = (left: number): Problem =>
  new Problem('conflict', `Only ${left} of this use can still be given back.`, { left })

/** The credits back into the wallet, by an entry that refers to the one that took them. */
function returnCredits(
  accountId: string,
  walletItem: Item | undefined,
  origin: Origin,
  back: Back,
  tally: TallyRow | undefined,
  guard: Guard,
  call: EventCall['call'],
  record: Record<string, unknown>,
  { usageId, feature }: UsageResult,
  now: number,
): Write[] | 'settle first' {
  if (!walletItem) throw new Error('a use that cost credits without a wallet')
  const stored = readWallet(walletItem)
  const { entry } = readEntry(origin.row)
  const request = {
    guard,
    entry,
    amount: back.credits,
    returned: tally?.credits ?? 0,
    reason: `Use of ${feature} given back`,
  }
  const refund = decide(stored.wallet, { kind: 'refund', ...request }, now, windowAt)
  if (refund.kind === 'partial') return 'settle first'
  if (refund.kind !== 'accepted') throw new Error(`credits of a use could not be returned: ${refund.kind}`)
  return [
    putWalletWrite(accountId, refund.wallet, stored, now),
    ...refund.entries.map((booked) =>
      putEntryWrite(accountId, booked, call, booked.guard.bits === guard.bits ? { ...record, usageId } : {}),
    ),
  ]
}
