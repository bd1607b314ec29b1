import { auditLedger } from '#operations/operation'
import { auditAccount } from '#runtime/auditAccount'
import { live } from '#runtime/live'
import { settleWallet } from '#runtime/settleWallet'
import { type RunMessage, workerHandler } from '#runtime/worker'

/** A difference is a defect: it is logged, counted and alarmed, and the message ends in the dead-letter queue for somebody to look at. */
export const run: RunMessage<typeof auditLedger.message> = async ({ accountIds }, deps) => {
  const wrong: string[] = []
  for (const accountId of accountIds) {
    await settleWallet(deps, accountId)
    const { differences } = await auditAccount(deps, accountId)
    if (differences.length > 0)
      wrong.push(`${accountId}: ${differences.map(({ kind, at }) => `${kind} at ${at}`).join(', ')}`)
  }
  if (wrong.length > 0) throw new Error(`ledger and balance differ for ${wrong.join('; ')}`)
}

export const handler = workerHandler(auditLedger, run, live())
