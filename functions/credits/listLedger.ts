import { windowAt } from '#domain/time'
import { decide } from '#domain/walletDecide'
import { listLedger } from '#operations/credits'
import { defaultLimit } from '#operations/fields'
import { loadWallet } from '#runtime/account'
import { httpHandler } from '#runtime/http'
import { dueEntryView, entryView } from '#runtime/ledger'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { decodeCursor, encodeCursor } from '#table/cursor'
import { listEntries } from '#table/wallets'

export const run: Run<typeof listLedger> = async (input, deps) => {
  const { accountId, query } = input
  const list = `ledger ${accountId}`
  const position = decodeCursor(list, query.cursor)
  const limit = Number(query.limit ?? defaultLimit)
  const { entries, more } = await listEntries(deps.table, accountId, {
    limit,
    ...(position && { before: Number(position) }),
  })
  const last = entries.at(-1)
  // The first page also shows what is due and not written yet, so that a reader sees the balance explained at this very instant.
  const due = position ? [] : await dueEntries()
  return {
    data: [
      ...due.map((entry) => dueEntryView(accountId, entry)),
      ...entries.map((stored) => entryView(accountId, stored)),
    ],
    nextCursor: more && last ? encodeCursor(list, String(last.entry.seq)) : null,
  }

  async function dueEntries() {
    const decision = decide(await loadWallet(input, deps), { kind: 'settleDue' }, deps.clock.now(), windowAt)
    return decision.kind === 'accepted' || decision.kind === 'partial' ? decision.entries.toReversed() : []
  }
}

export const handler = httpHandler(listLedger, run, live(catalogue))
