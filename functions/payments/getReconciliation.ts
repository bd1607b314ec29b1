import { notFound } from '#errors/problem'
import { getReconciliation } from '#operations/payments'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { findReconciliation, totalsOf } from '#table/reconciliations'

const dayMs = 86_400_000

export const run: Run<typeof getReconciliation> = async ({ query }, deps) => {
  const day = query.day ?? new Date(deps.clock.now() - dayMs).toISOString().slice(0, 10)
  const report = await findReconciliation(deps.table, day)
  if (!report) throw notFound('comparison of that day')
  const { differences, updatedAt } = report
  return { day, ...totalsOf(report), differences, comparedAt: new Date(updatedAt).toISOString() }
}

export const handler = httpHandler(getReconciliation, run, live())
