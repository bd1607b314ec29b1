import { type Invoice, seriesOf } from './invoice.ts'

/** The next number of a series. One row; the worker that gives numbers runs alone. */
export interface InvoiceSeries {
  /** `INV-2026` */
  series: string
  /** 1 for the first. */
  next: number
}

export interface NumberPlan {
  /** Written where `next` is still what was seen, in one transaction with every invoice. */
  series: InvoiceSeries
  seenNext: number
  /** Each written where it has no number yet. Never empty. */
  numbered: { invoiceId: string; paymentId: string; accountId: string; number: string }[]
  /** More of this series are waiting. */
  more: boolean
}

/** A transaction takes 100 writes; 25 invoices leave room, and a lost race costs little. */
export const numberBatch = 25

/** The zone that is furthest ahead: a seller there writes next year's invoices before anybody else. */
const mostAheadMs = 14 * 3_600_000

/** The series in which a document may still wait for its number: of this year and the one before, wherever the seller's year begins. */
export function openSeries(now: number): string[] {
  const year = new Date(now + mostAheadMs).getUTCFullYear()
  return [year - 1, year].flatMap((each) => [seriesOf('invoice', `${each}`), seriesOf('credit_note', `${each}`)])
}

export const newSeries = (series: string): InvoiceSeries => ({ series, next: 1 })

/** `INV-2026-000123`; after a million it grows a digit. */
export const invoiceNumber = (series: string, value: number): string => `${series}-${String(value).padStart(6, '0')}`

type Waiting = Pick<Invoice, 'id' | 'paymentId' | 'accountId' | 'series' | 'number' | 'issuedAt'>

/**
 * Numbers for the oldest invoices of a series that have none, at most 25, one after the other. A list that names an
 * invoice twice, or one that has its number already, costs no number. Undefined: none waits.
 * @throws RangeError when the series' next number is none.
 */
export function planNumbers(series: InvoiceSeries, waiting: readonly Waiting[]): NumberPlan | undefined {
  if (!Number.isSafeInteger(series.next) || series.next < 1) throw new RangeError('a series begins at 1')
  const mine = new Map<string, Waiting>()
  for (const invoice of waiting) if (invoice.series === series.series) mine.set(invoice.id, invoice)
  const numberedAlready = new Set(waiting.filter(({ number }) => number !== undefined).map(({ id }) => id))
  const open = [...mine.values()]
    .filter(({ id }) => !numberedAlready.has(id))
    .sort((a, b) => a.issuedAt - b.issuedAt || (a.id < b.id ? -1 : 1))
  const batch = open.slice(0, numberBatch)
  if (batch.length === 0) return undefined
  return {
    series: { ...series, next: series.next + batch.length },
    seenNext: series.next,
    numbered: batch.map(({ id, paymentId, accountId }, index) => ({
      invoiceId: id,
      paymentId,
      accountId,
      number: invoiceNumber(series.series, series.next + index),
    })),
    more: open.length > batch.length,
  }
}
