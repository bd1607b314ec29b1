import { exportAccount } from '#operations/accountData'
import { loadAccount } from '#runtime/account'
import { exportPart } from '#runtime/accountExport'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'

/** Of a suspended account too: what is stored about somebody is theirs to see. */
export const run: Run<typeof exportAccount> = async (input, deps) => {
  const { id } = await loadAccount(input, deps)
  const { sections, nextCursor } = await exportPart(deps, id, input.query.cursor)
  return {
    accountId: id,
    exportedAt: new Date(deps.clock.now()).toISOString(),
    complete: nextCursor === null,
    nextCursor,
    ...sections,
  }
}

export const handler = httpHandler(exportAccount, run, live(catalogue))
