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
  const { wallet, due } = await loadWallet(input, deps)
  // The first page also shows what is due and not written yet, so that a reader sees the balance explained at this very
  // instant; at least one written entry stays on the page, or it would lead nowhere.
  const shown = position ? [] : due.toReversed().slice(0, Math.max(0, limit - 1))
  const { entries, more } = await listEntries(deps.table, accountId, {
    limit: limit - shown.length,
    before: position ? Number(position) : wallet.seq + 1,
  })
  const last = entries.at(-1)
  return {
    data: [
      ...shown.map((entry) => dueEntryView(accountId, entry)),
      ...entries.map((stored) => entryView(accountId, stored)),
    ],
    nextCursor: more && last ? encodeCursor(list, String(last.entry.seq)) : null,
  }
}

export const handler = httpHandler(listLedger, run, live(catalogue))
