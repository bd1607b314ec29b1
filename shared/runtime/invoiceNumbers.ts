import { numberBatch, openSeries, planNumbers } from '#domain/invoiceNumber'
import { commit } from '#table/commit'
import { findSeries, leaveWaitingWrite, numberWrites, waitingInvoices } from '#table/invoices'
import { contend } from './contend.ts'
import type { Deps } from './deps.ts'

/** What one run numbers at most: 40 batches of 25. What is left waits for the next message. */
const mostRounds = 40
/** Four batches: the index may go on naming those that just got their numbers. */
const listedAtOnce = 4 * numberBatch

export interface NumberedSeries {
  numbered: number
  /** There may be more: run again in a moment. */
  more: boolean
}

/**
 * Gives the invoices of a series that wait for a number theirs, oldest first, in batches that are one transaction each:
 * the series moves on together with the invoices or not at all, so that no number is lost or given twice, whoever else
 * runs and wherever a run dies.
 */
export async function numberSeries(deps: Deps, series: string): Promise<NumberedSeries> {
  let numbered = 0
  for (let round = 0; round < mostRounds; round++) {
    const { given, listed, isBeaten } = await contend(deps, () => numberSome(deps, series))
    numbered += given
    // Whoever was faster has moved the series on: looked at again at once, because one of the two always gets through.
    if (isBeaten) continue
    // All that is listed has its number: the index lags, or nothing is left. Only a full list may hide others.
    if (given === 0) return { numbered, more: listed >= listedAtOnce }
    if (listed < numberBatch) return { numbered, more: false }
  }
  return { numbered, more: true }
}

/**
 * Wakes the numbers worker for each series in which something waits: a message that was lost, died, or came before the index
 * knew of its invoice is made good by the next sweep. One query each. Answers how many series there are.
 */
export async function wakeSeries(deps: Deps): Promise<number> {
  const names = openSeries(deps.clock.now())
  const waiting = await Promise.all(names.map((name) => waitingInvoices(deps.table, name, 1)))
  const woken = names.filter((_name, at) => waiting[at]?.length)
  const requestId = `req_${deps.ids.random()}`
  if (woken.length > 0)
    await deps.queues.send(
      'number',
      woken.map((series) => ({ series, requestId })),
    )
  return woken.length
}

interface Round {
  given: number
  listed: number
  isBeaten: boolean
}

async function numberSome(deps: Deps, name: string): Promise<Round> {
  const waiting = await waitingInvoices(deps.table, name, listedAtOnce)
  const listed = waiting.length
  // After the list: a series that is read first could be older than the numbers that the invoices show.
  const plan = planNumbers(await findSeries(deps.table, name), waiting)
  if (!plan) {
    for (const invoice of waiting) await commit(deps.table, [leaveWaitingWrite(invoice)])
    return { given: 0, listed, isBeaten: false }
  }
  const { committed } = await commit(deps.table, numberWrites(plan, deps.clock.now()))
  return { given: committed ? plan.numbered.length : 0, listed, isBeaten: !committed }
}
