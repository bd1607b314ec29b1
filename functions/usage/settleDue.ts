import { settleDue } from '#operations/usage'
import { closeWindow } from '#runtime/closeWindow'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { settleWallet } from '#runtime/settleWallet'
import { type RunMessage, workerHandler } from '#runtime/worker'

/** What is due says its key; what to do about it, its own state at the moment of looking. */
export const run: RunMessage<typeof settleDue.message> = async (message, deps) => {
  const item = await deps.table.get(message, { consistent: true })
  if (!item) return
  const accountId = item.pk.slice('ACCOUNT#'.length)
  if (item.entity === 'counter') await closeWindow(deps, accountId, item)
  else throw new Error(`nothing is known to do about a due ${String(item.entity)}`)
  await settleWallet(deps, accountId)
}

export const handler = workerHandler(settleDue, run, live(catalogue))
