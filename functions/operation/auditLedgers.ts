import { auditLedgers } from '#operations/operation'
import { jobHandler, type RunJob } from '#runtime/job'
import { live } from '#runtime/live'
import { queues } from '#runtime/liveQueues'
import { accountDirectory, accountShards } from '#table/keys'

/** Accounts a message: an ordinary ledger is read in a few milliseconds, so a batch stays far below the worker's time. */
const accountsPerMessage = 25
const pageSize = 250

/** Walks the directory of accounts, shard by shard, page by page, and queues them all. */
export const run: RunJob = async (_at, deps) => {
  let accounts = 0
  for (let shard = 0; shard < accountShards; shard++) {
    let after: Record<string, string> | undefined
    do {
      const page = await deps.table.query({
        index: 'gsi1',
        pk: accountDirectory(shard),
        limit: pageSize,
        ...(after && { after }),
      })
      const ids = page.items.map((item) => String(item.gsi1sk))
      const messages = []
      for (let start = 0; start < ids.length; start += accountsPerMessage)
        messages.push({ accountIds: ids.slice(start, start + accountsPerMessage) })
      await deps.queues.send('audit', messages)
      accounts += ids.length
      after = page.next
    } while (after)
  }
  return { accounts }
}

export const handler = jobHandler(auditLedgers, run, live(queues))
