import { defaultLimit } from '#operations/fields'
import { listWebhooks } from '#operations/webhooks'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { webhookView } from '#runtime/webhookView'
import { decodeCursor, encodeCursor } from '#table/cursor'
import { listWebhooks as listStored } from '#table/webhookEvents'

const list = 'webhooks'
/** As long as events are kept. */
const defaultSpanMs = 90 * 86_400_000

export const run: Run<typeof listWebhooks> = async ({ query }, deps) => {
  // What is being received at this very millisecond is in.
  const to = query.to === undefined ? deps.clock.now() + 1 : Date.parse(query.to)
  const from = query.from === undefined ? to - defaultSpanMs : Date.parse(query.from)
  const { provider, status } = query
  // A position belongs to its filters; `to` moves with the clock where it is not given.
  const name = `${list} ${provider ?? ''} ${status ?? ''} ${query.from ?? ''} ${query.to ?? ''}`
  const position = decodeCursor(name, query.cursor)
  const { events, next } = await listStored(
    deps.table,
    { ...(provider && { provider }), ...(status && { status }), from, to },
    { limit: Number(query.limit ?? defaultLimit), ...(position && { position }) },
  )
  return { data: events.map(webhookView), nextCursor: next === undefined ? null : encodeCursor(name, next) }
}

export const handler = httpHandler(listWebhooks, run, live())
