import { deliverNotice } from '#operations/operation'
import { live } from '#runtime/live'
import { type RunMessage, workerHandler } from '#runtime/worker'
import { commit } from '#table/commit'
import { putNoticeWrite } from '#table/notices'

/** Delivered twice, it is put once: the outbox row's id is the notice's. */
export const run: RunMessage<typeof deliverNotice.message> = async (message, deps) => {
  const { accountId, ...notice } = message
  const body = { v: 1 as const, updatedAt: notice.createdAt, ...notice }
  await commit(deps.table, [putNoticeWrite(accountId, body, deps.clock.real())])
}

export const handler = workerHandler(deliverNotice, run, live())
