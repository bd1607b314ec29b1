import { termOf, usageContext } from '#domain/entitlement'
import { type Guard, guardOfId, idOf } from '#domain/guard'
import { windowAt } from '#domain/time'
import { planGiveBack, type UsageCounter } from '#domain/usage'
import { decide } from '#domain/walletDecide'
import { notFound, Problem } from '#errors/problem'
import { commit } from '#table/commit'
import { accountPk, operationKey, tallyKey, walletKey } from '#table/keys'
import type { Item, Write } from '#table/port'
import {
  putCounterAt,
  putTallyWrite,
  putUsageEventWrite,
  readCounter,
  readTaken,
  readTally,
  type TakenRow,
} from '#table/usage'
import { putEntryWrite, putWalletWrite, readEntry, readWallet } from '#table/wallets'
import { loadAccount, termsNow } from './account.ts'
import { counterOf } from './consume.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { replayRow } from './guarded.ts'
import type { Input, Reply } from './run.ts'
import type { EventCall, UsageResult } from './usageEvent.ts'

/**
 * Gives back units of an earlier use, and the credits they cost: over all give-backs at most what it took. One
 * transaction: counter, tally, guard and, where credits come back, wallet and ledger entry.
 */
export async function giveBack(input: Input, deps: Deps, call: EventCall): Promise<UsageResult | Reply<UsageResult>> {
  const { accountId } = input
  const { reference, feature } = call.event
  const origin = reference === undefined ? undefined : guardOfId('use', reference)
  if (!origin)
    throw new Problem('validation_failed', 'reference: is the usageId of what is given back', {
      errors: [{ path: 'reference', message: 'is the usageId of what is given back' }],
    })
  const row = await deps.table.get(operationKey(accountId, origin), { consistent: true })
  const taken = row && readTaken(row)
  if (!taken || taken.feature !== feature || taken.windowId === null) throw notFound('usage')
  const { windowId } = taken
  return contend(deps, () => attempt(input, deps, call, { row, origin, taken: { ...taken, windowId } }))
}

interface Origin {
  row: Item
  origin: Guard
  taken: TakenRow & { windowId: string }
}

async function attempt(
  input: Input,
  deps: Deps,
  { event, guard, call }: EventCall,
  { row, origin, taken }: Origin,
): Promise<UsageResult | Reply<UsageResult> | typeof again> {
  const { accountId } = input
  const counterAt = { pk: accountPk(accountId), sk: `USE#${taken.feature}#${taken.windowId}` }
  const account = await loadAccount(input, deps)
  const [counterItem, tallyItem, walletItem, prior] = await deps.table.batchGet(
    [counterAt, tallyKey(accountId, origin), walletKey(accountId), operationKey(accountId, guard)],
    { consistent: true },
  )
  if (prior) return replayRow<UsageResult>(prior, call)
  if (!counterItem || !walletItem) throw new Error('a use without its counter or wallet')
  const counter = readCounter(counterItem)
  const tally = tallyItem && readTally(tallyItem)
  const plan = plannedReturn(
    counterOf(counter),
    -event.quantity,
    taken,
    tally,
    await termsFor(account, deps, taken.feature),
    account,
  )
  const now = deps.clock.now()
  const result: UsageResult = { usageId: idOf('use', now, guard), feature: taken.feature, ...plan.standing }
  const record = {
    key: call.key,
    hash: call.hash,
    answer: result,
    feature: taken.feature,
    windowId: null,
    quantity: event.quantity,
    cost: -plan.credits,
    at: now,
    callerReference: event.reference,
    metadata: event.metadata,
  }
  const writes: Write[] = [
    putCounterAt(counterAt, taken.feature, plan.next, counter, now),
    putTallyWrite(accountId, origin, plan.tally, tally, now),
  ]
  let own: Write
  if (plan.credits === 0) {
    own = putUsageEventWrite(
      accountId,
      guard,
      { ...record, id: result.usageId, requestId: call.requestId, actor: call.actor },
      { now, real: deps.clock.real() },
    )
    writes.push(own)
  } else {
    const stored = readWallet(walletItem)
    const refund = decide(
      stored.wallet,
      {
        kind: 'refund',
        guard,
        entry: readEntry(row).entry,
        amount: plan.credits,
        returned: tally?.credits ?? 0,
        reason: `Use of ${taken.feature} given back`,
      },
      now,
      windowAt,
    )
    if (refund.kind === 'refused' || refund.kind === 'repeated')
      throw new Error(`credits of a use could not be returned: ${refund.kind}`)
    const entries = refund.entries.map((entry) =>
      putEntryWrite(
        accountId,
        entry,
        call,
        entry.guard.bits === guard.bits ? { ...record, usageId: result.usageId } : {},
      ),
    )
    const wallet = putWalletWrite(accountId, refund.wallet, stored, now)
    if (refund.kind === 'partial') {
      await commit(deps.table, [wallet, ...entries])
      return again
    }
    own = entries.at(-1) as Write
    writes.push(wallet, ...entries)
  }
  const outcome = await commit(deps.table, writes)
  if (outcome.committed) return result
  const first = outcome.refusalOf(own)?.item
  return first ? replayRow<UsageResult>(first, call) : again
}

/** Today's terms show the standing; a plan that has dropped the feature since shows limit 0. */
async function termsFor(account: Parameters<typeof termsNow>[0], deps: Deps, feature: string) {
  const terms = await termsNow(account, deps)
  const term = terms && termOf(terms, feature)
  return {
    terms,
    term: term?.kind === 'metered' ? term : ({ kind: 'metered', limit: 0, window: 'month', warnAt: 1 } as const),
  }
}

function plannedReturn(
  counter: UsageCounter,
  quantity: number,
  taken: TakenRow,
  tally: { quantity: number; credits: number } | undefined,
  { terms, term }: Awaited<ReturnType<typeof termsFor>>,
  account: Parameters<typeof termsNow>[0],
) {
  const context = terms
    ? usageContext(account, terms)
    : { zones: account.zones, planId: '', currency: '', overage: false }
  const plan = planGiveBack(counter, quantity, taken, tally, term, context)
  if (plan.accepted) return plan
  throw new Problem('conflict', `Only ${plan.left} of this use can still be given back.`, { left: plan.left })
}
