import { listRenewalRuns } from '#operations/renewals'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { listRenewalRuns as listStored } from '#table/renewalRuns'

export const run: Run<typeof listRenewalRuns> = async ({ query }, deps) => {
  const month = query.month ?? new Date(deps.clock.now()).toISOString().slice(0, 7)
  const runs = await listStored(deps.table, month, { limit: 31 })
  return {
    month,
    data: runs.map(({ amounts, ...figures }) => ({
      ...figures,
      amounts: Object.entries(amounts).map(([currency, amount]) => ({ currency, amount })),
    })),
  }
}

export const handler = httpHandler(listRenewalRuns, run, live())
