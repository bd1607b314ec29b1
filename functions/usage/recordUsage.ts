import { Problem } from '#errors/problem'
import { recordUsage } from '#operations/usage'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { recordBatch } from '#runtime/usageBatch'
import { cloudEventCall, eventCall, recordEvent } from '#runtime/usageEvent'

/** One event, one CloudEvent (its source and id are the key), or a batch of them with a line for each. */
export const run: Run<typeof recordUsage> = async (input, deps) => {
  const { body, contentType } = input
  const form = Array.isArray(body) ? 'cloudevents-batch+json' : 'specversion' in body ? 'cloudevents+json' : 'json'
  if (contentType !== `application/${form}`) {
    const message = `is not what ${contentType} says it is: application/${form} would be`
    throw new Problem('validation_failed', `The body ${message}.`, { errors: [{ path: '', message }] })
  }
  if (Array.isArray(body)) return { results: await recordBatch(input, deps, body) }
  return recordEvent(input, deps, 'specversion' in body ? cloudEventCall(input, body) : eventCall(input, body))
}

export const handler = httpHandler(recordUsage, run, live(catalogue))
