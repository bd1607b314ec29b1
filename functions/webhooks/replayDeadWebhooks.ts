import { replayDeadWebhooks } from '#operations/webhooks'
import { commitAnswer } from '#runtime/answers'
import { auditOf } from '#runtime/audit'
import { contend } from '#runtime/contend'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { queues } from '#runtime/liveQueues'
import type { Run } from '#runtime/run'
import { replayAll } from '#runtime/webhookReplay'
import { stuckWebhooks } from '#table/webhookEvents'

/** Two writes and a message each: some seconds at most. */
const mostAtOnce = 50

/**
 * Each event is put back by a write of its own: whoever dies in between has replayed some, and the same call goes on with
 * the rest.
 */
export const run: Run<typeof replayDeadWebhooks> = async (input, deps) => {
  const { status, provider } = input.body
  const { events, more } = await stuckWebhooks(deps.table, status, mostAtOnce, provider)
  const replayed = await replayAll(deps, events, input.requestId)
  const audit = auditOf(input, deps, {
    action: 'replayDeadWebhooks',
    entity: 'webhook',
    entityId: provider ?? 'all',
    after: { status, replayed },
  })
  return contend(deps, () => commitAnswer(replayDeadWebhooks, input, deps, [audit], { replayed, more }))
}

export const handler = httpHandler(replayDeadWebhooks, run, live(queues))
