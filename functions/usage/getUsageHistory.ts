import { localDateAt } from '#domain/time'
import { historyOf } from '#domain/usageHistory'
import { notFound, Problem } from '#errors/problem'
import { getUsageHistory } from '#operations/usage'
import { loadAccount } from '#runtime/account'
import { counterOf } from '#runtime/consume'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { listHistory, listOpenCounters } from '#table/usageHistory'

const dayMs = 86_400_000
const defaultDays = 30
const mostDays = { day: 366, month: 1_831 }

export const run: Run<typeof getUsageHistory> = async (input, deps) => {
  const { feature, by } = input.query
  const account = await loadAccount(input, deps)
  const { catalogue: current } = await deps.catalogue()
  if (!Object.hasOwn(current.features, feature)) throw notFound('feature')
  const today = localDateAt(account.zones, deps.clock.now())
  const to = input.query.to ?? today
  if (!isDate(to)) throw fault('to', 'is not a date')
  const from = input.query.from ?? new Date(Date.parse(to) - (defaultDays - 1) * dayMs).toISOString().slice(0, 10)
  assertSpan(from, to, mostDays[by])
  const [rows, open] = await Promise.all([
    listHistory(deps.table, account.id, feature, from.slice(0, 7), to.slice(0, 7)),
    listOpenCounters(deps.table, account.id, feature, deps.clock.now()),
  ])
  return { feature, by, data: historyOf(rows, open.map(counterOf), from, to, by) }
}

function assertSpan(from: string, to: string, most: number): void {
  const days = (Date.parse(to) - Date.parse(from)) / dayMs + 1
  if (!isDate(from)) throw fault('from', 'is not a date')
  if (days < 1) throw fault('to', 'lies before "from"')
  if (days > most) throw fault('from', `lies more than ${most} days before "to"`)
}

const fault = (path: string, message: string): Problem =>
  new Problem('validation_failed', `${path}: ${message}`, { errors: [{ path, message }] })

const isDate = (text: string): boolean => {
  const at = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text)
}

export const handler = httpHandler(getUsageHistory, run, live(catalogue))
