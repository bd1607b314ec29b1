import { subscriptionDetail } from '#domain/subscriptionDetail'
import { statusAt } from '#domain/subscriptionState'
import { defaultLimit } from '#operations/fields'
import { listSubscriptions } from '#operations/subscriptions'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { decodeCursor, encodeCursor } from '#table/cursor'
import { listSubscriptionDirectory } from '#table/subscriptionDirectory'

export const run: Run<typeof listSubscriptions> = async (input, deps) => {
  const { limit, cursor, status } = input.query
  const list = `subscriptions ${status ?? ''}`
  const now = deps.clock.now()
  const { rows, next } = await listSubscriptionDirectory(deps.table, {
    limit: Number(limit ?? defaultLimit),
    before: decodeCursor(list, cursor),
    keep: ({ subscription }) => status === undefined || statusAt(subscription, now).status === status,
  })
  return {
    data: rows.map(({ accountId, subscription }) => ({ ...subscriptionDetail(subscription, null, now), accountId })),
    nextCursor: next === undefined ? null : encodeCursor(list, next),
  }
}

export const handler = httpHandler(listSubscriptions, run, live())
