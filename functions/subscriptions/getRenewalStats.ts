import { getRenewalStats } from '#operations/renewals'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { dueSubscriptions } from '#runtime/renewalSweep'
import type { Run } from '#runtime/run'
import { listRenewalRuns } from '#table/renewalRuns'

const dayMs = 86_400_000

export const run: Run<typeof getRenewalStats> = async ({ query }, deps) => {
  const days = Number(query.days ?? 7)
  const now = deps.clock.now()
  const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10)
  const first = dayOf(now - (days - 1) * dayMs)
  const months = [...new Set([first.slice(0, 7), dayOf(now).slice(0, 7)])]
  const listed = await Promise.all(months.map((month) => listRenewalRuns(deps.table, month, { limit: 31 })))
  const runs = listed.flat().filter(({ day }) => day >= first)
  const sum = (name: 'due' | 'renewed' | 'failed' | 'skipped') => runs.reduce((total, one) => total + one[name], 0)
  const amounts = new Map<string, number>()
  for (const { amounts: own } of runs)
    for (const [currency, amount] of Object.entries(own)) amounts.set(currency, (amounts.get(currency) ?? 0) + amount)
  let [dueInSevenDays, dueIsComplete] = [0, true]
  for await (const { items, isCut } of dueSubscriptions(deps, now + 7 * dayMs)) {
    dueInSevenDays += items.length
    if (isCut) dueIsComplete = false
  }
  const [renewed, failed] = [sum('renewed'), sum('failed')]
  return {
    days,
    due: sum('due'),
    renewed,
    failed,
    skipped: sum('skipped'),
    amounts: [...amounts].map(([currency, amount]) => ({ currency, amount })),
    successRate: renewed + failed === 0 ? null : renewed / (renewed + failed),
    dueInSevenDays,
    dueIsComplete,
  }
}

export const handler = httpHandler(getRenewalStats, run, live())
