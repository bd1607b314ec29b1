import { isVisitor } from '#domain/payment'
import { purchaseView } from '#domain/purchaseView'
import { defaultLimit } from '#operations/fields'
import { listPurchases } from '#operations/purchases'
import { loadAccount } from '#runtime/account'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { decodeCursor, encodeCursor } from '#table/cursor'
import { listPurchases as listStored } from '#table/purchases'

export const run: Run<typeof listPurchases> = async (input, deps) => {
  const { accountId, query } = input
  if (!isVisitor(accountId)) await loadAccount(input, deps)
  const list = `purchases ${accountId}`
  const before = decodeCursor(list, query.cursor)
  const { purchases, more } = await listStored(deps.table, accountId, {
    limit: Number(query.limit ?? defaultLimit),
    ...(before !== undefined && { before }),
  })
  const last = purchases.at(-1)
  const shown = purchases.filter(
    ({ productId, claimedBy }) =>
      claimedBy === undefined && (query.productId === undefined || productId === query.productId),
  )
  return { data: shown.map(purchaseView), nextCursor: more && last ? encodeCursor(list, last.id) : null }
}

export const handler = httpHandler(listPurchases, run, live(catalogue))
