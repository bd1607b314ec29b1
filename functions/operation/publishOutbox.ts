import { publishOutbox } from '#operations/operation'
import { live } from '#runtime/live'
import { queues } from '#runtime/liveQueues'
import { publishRow } from '#runtime/outbox'
import { type RunChange, streamHandler } from '#runtime/stream'

/** New rows only: a row's deletion passes here too. */
export const run: RunChange = async ({ before, after }, deps) => {
  if (after && !before) await publishRow(after, deps)
}

export const handler = streamHandler(publishOutbox, run, live(queues))
