import { recordUsage } from '#operations/usage'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { recordBatch } from '#runtime/usageBatch'
import { cloudEventCall, eventCall, recordEvent } from '#runtime/usageEvent'

/** One event, one CloudEvent (its source and id are the key), or a batch of them with a line for each. */
export const run: Run<typeof recordUsage> = async (input, deps) => {
  const { body } = input
  if (Array.isArray(body)) return { results: await recordBatch(input, deps, body) }
  return 'specversion' in body
    ? recordEvent(input, deps, cloudEventCall(input, body))
    : recordEvent(input, deps, eventCall(input, body))
}

export const handler = httpHandler(recordUsage, run, live(catalogue))
