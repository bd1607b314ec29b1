import { auditLedger } from '#operations/operation'
import { auditAccount } from '#runtime/auditAccount'
import { reportDefect } from '#runtime/defect'
import type { Deps } from '#runtime/deps'
import { live } from '#runtime/live'
import { queues } from '#runtime/liveQueues'
import { settleWallet } from '#runtime/settleWallet'
import { type RunMessage, workerHandler } from '#runtime/worker'
import { accountDirectory } from '#table/keys'

/** Accounts a message: an ordinary ledger is read in a few milliseconds, so a page stays far below the worker's time. */
const pageSize = 50

/**
 * One page of a shard of the directory; the next page is queued first, so that one account's trouble stops no other's
 * audit. A difference is a defect: logged, counted and alarmed.
 */
export const run: RunMessage<typeof auditLedger.message> = async ({ shard, after }, deps, { requestId }) => {
  const page = await deps.table.query({
    index: 'gsi1',
    pk: accountDirectory(shard),
    limit: pageSize,
    ...(after && { after }),
  })
  if (page.next) await deps.queues.send('audit', [{ shard, after: page.next }])
  for (const { gsi1sk } of page.items) {
    const accountId = String(gsi1sk)
    const report = (error: unknown) => reportDefect(auditLedger, deps, error, { requestId, account: accountId })
    // What cannot even be read is a difference too; a page that threw would leave the rest of it unproven.
    await audit(accountId, deps, report).catch(report)
  }
}

async function audit(accountId: string, deps: Deps, report: (error: Error) => void): Promise<void> {
  const { differences } = await auditAccount(deps, accountId)
  for (const { kind, at, expected, found } of differences)
    report(new Error(`ledger and balance differ: ${kind} at ${at}, expected ${expected}, found ${found}`))
  await settleWallet(deps, accountId, { endedOnly: true })
}

export const handler = workerHandler(auditLedger, run, live(queues))
