import { replayWebhook } from '#operations/webhooks'
import { commitAnswer } from '#runtime/answers'
import { auditOf } from '#runtime/audit'
import { contend } from '#runtime/contend'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { queues } from '#runtime/liveQueues'
import { Reply, type Run } from '#runtime/run'
import { loadWebhook, sendWebhook } from '#runtime/webhookReplay'
import { webhookView } from '#runtime/webhookView'
import { replayWrite } from '#table/webhookEvents'

export const run: Run<typeof replayWebhook> = (input, deps) =>
  contend(deps, async () => {
    const event = await loadWebhook(deps, input.params.webhookId)
    const audit = auditOf(input, deps, {
      action: 'replayWebhook',
      entity: 'webhook',
      entityId: input.params.webhookId,
      before: { status: event.status, attempts: event.attempts },
    })
    const { nextAt: _next, lastError: _error, processedAt: _processed, accountId: _a, paymentId: _p, ...kept } = event
    const answer = await commitAnswer(
      replayWebhook,
      input,
      deps,
      [replayWrite(event, input.requestId, deps.clock.now()), audit],
      webhookView({ ...kept, status: 'received', attempts: 0 }),
    )
    // Not sent for a repeated call: the first one did, or the sweeper does.
    if (typeof answer === 'object' && !(answer instanceof Reply)) await sendWebhook(deps, event, input.requestId)
    return answer
  })

export const handler = httpHandler(replayWebhook, run, live(queues))
