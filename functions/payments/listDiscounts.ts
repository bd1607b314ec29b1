import { discountView } from '#domain/discountView'
import { listDiscounts } from '#operations/adminPayments'
import { defaultLimit } from '#operations/fields'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { decodeCursor, encodeCursor } from '#table/cursor'
import { listManualDiscounts } from '#table/manualDiscounts'

const list = 'discounts'

export const run: Run<typeof listDiscounts> = async ({ accountId, query }, deps) => {
  const before = decodeCursor(`${list} ${accountId}`, query.cursor)
  const { discounts, more } = await listManualDiscounts(deps.table, accountId, {
    limit: Number(query.limit ?? defaultLimit),
    ...(before !== undefined && { before }),
  })
  const now = deps.clock.now()
  const last = discounts.at(-1)
  return {
    data: discounts.map((discount) => discountView(discount, now)),
    nextCursor: more && last ? encodeCursor(`${list} ${accountId}`, last.id) : null,
  }
}

export const handler = httpHandler(listDiscounts, run, live())
