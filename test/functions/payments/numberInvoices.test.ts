import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/payments/numberInvoices'
import { numberInvoices } from '#operations/paymentHistory'
import { numberSeries } from '#runtime/invoiceNumbers'
import { handleMessages } from '#runtime/worker'
import { findSeries, invoicesOfPayment, waitingInvoices } from '#table/invoices'
import { invoiceKey, numberPk } from '#table/keys'
import type { Table } from '#table/port'
import { recordsOf, takeSent } from '#test/support/calls'
import { type TestDeps, testDeps } from '#test/support/deps'
import { paymentOf, putInvoice } from './historySupport.ts'

const all: TestDeps[] = []
afterAll(() => Promise.all(all.map((deps) => deps.stop())))
/** A table of its own: a series belongs to the deployment. */
const fresh = async (now = '2026-06-10T12:00:00.000Z') => {
  const deps = await testDeps({ now })
  all.push(deps)
  return deps
}

const account = 'numbered'
async function waiting(deps: TestDeps, count: number): Promise<string[]> {
  const made = Array.from({ length: count }, () => {
    deps.clock.advance(1)
    return putInvoice(deps, paymentOf(deps, account))
  })
  return Promise.all(made)
}
/** The payment that `putInvoice` made an invoice of. */
const paymentIdOf = (id: string): string => id.replace('inv_', 'fpay_')
const invoiceOf = async (deps: TestDeps, id: string) =>
  (await invoicesOfPayment(deps.table, account, paymentIdOf(id))).find((one) => one.id === id)
const numbersOf = async (deps: TestDeps, ids: string[]) =>
  Promise.all(ids.map(async (id) => (await invoiceOf(deps, id))?.number))
const numbers = (count: number, from = 1, series = 'INV-2026') =>
  Array.from({ length: count }, (_, index) => `${series}-${String(from + index).padStart(6, '0')}`)
const message = (series = 'INV-2026') => ({ series, requestId: 'test' })
const work = async (deps: TestDeps, ...messages: object[]) =>
  (await handleMessages(numberInvoices, run, deps, recordsOf(messages))).batchItemFailures.length

describe('numberInvoices', () => {
  it('gives numbers in the order in which the invoices were issued, and goes on where it stopped', async () => {
    const deps = await fresh()
    const ids = await waiting(deps, 30)
    expect(await work(deps, message())).toBe(0)
    expect(await numbersOf(deps, ids)).toEqual(numbers(30))
    const later = await waiting(deps, 2)
    expect(await work(deps, message(), message())).toBe(0)
    expect(await numbersOf(deps, later)).toEqual(numbers(2, 31))
    expect(await findSeries(deps.table, 'INV-2026')).toEqual({ series: 'INV-2026', next: 33 })
    expect(await waitingInvoices(deps.table, 'INV-2026', 10)).toEqual([])
    expect(takeSent(deps, 'number')).toEqual([])
  })

  it('race: three workers over 120 invoices give 1…120, no gap, none twice', async () => {
    const deps = await fresh()
    const ids = await waiting(deps, 120)
    const ran = await Promise.all([1, 2, 3].map(() => numberSeries(deps, 'INV-2026')))
    expect(ran.reduce((sum, { numbered }) => sum + numbered, 0)).toBe(120)
    expect(await numbersOf(deps, ids)).toEqual(numbers(120))
    expect((await findSeries(deps.table, 'INV-2026')).next).toBe(121)
  })

  it('a run that dies between reading and writing, or before it hears of its write, loses no number', async () => {
    const deps = await fresh()
    const ids = await waiting(deps, 60)
    const dying = (dies: 'before' | 'after'): Table => ({
      get: (key, options) => deps.table.get(key, options),
      batchGet: (keys, options) => deps.table.batchGet(keys, options),
      query: (request) => deps.table.query(request),
      write: async (writes) => {
        if (dies === 'after') await deps.table.write(writes)
        throw new Error('died')
      },
    })
    await expect(numberSeries({ ...deps, table: dying('before') }, 'INV-2026')).rejects.toThrow('died')
    expect(await numbersOf(deps, ids)).toEqual(ids.map(() => undefined))
    await expect(numberSeries({ ...deps, table: dying('after') }, 'INV-2026')).rejects.toThrow('died')
    expect((await findSeries(deps.table, 'INV-2026')).next).toBe(26)
    expect(await numberSeries(deps, 'INV-2026')).toEqual({ numbered: 35, more: false })
    expect(await numbersOf(deps, ids)).toEqual(numbers(60))
  })

  it('an index that still names those that have their numbers costs none', async () => {
    const deps = await fresh()
    const ids = await waiting(deps, 40)
    const old = await deps.table.query({ index: 'gsi2', pk: numberPk('INV-2026'), limit: 100 })
    const lagging: Table = {
      get: (key, options) => deps.table.get(key, options),
      batchGet: (keys, options) => deps.table.batchGet(keys, options),
      write: (writes) => deps.table.write(writes),
      query: async (request) => (request.index === 'gsi2' ? old : deps.table.query(request)),
    }
    expect(await numberSeries({ ...deps, table: lagging }, 'INV-2026')).toEqual({ numbered: 40, more: false })
    expect(await numberSeries({ ...deps, table: lagging }, 'INV-2026')).toEqual({ numbered: 0, more: false })
    expect(await numbersOf(deps, ids)).toEqual(numbers(40))
    expect((await findSeries(deps.table, 'INV-2026')).next).toBe(41)
  })

  it('one that has its number and waits all the same leaves the list and takes none', async () => {
    const deps = await fresh()
    const [id = ''] = await waiting(deps, 1)
    const key = invoiceKey(account, paymentIdOf(id), id)
    await deps.table.write([{ kind: 'update', key, set: { number: 'INV-2026-000007' }, when: 'unconditional' }])
    expect(await numberSeries(deps, 'INV-2026')).toEqual({ numbered: 0, more: false })
    expect(await waitingInvoices(deps.table, 'INV-2026', 10)).toEqual([])
    expect(await invoiceOf(deps, id)).toMatchObject({ number: 'INV-2026-000007' })
    expect((await findSeries(deps.table, 'INV-2026')).next).toBe(1)
  })

  it('a run is bounded: what is left is a message to itself', async () => {
    const deps = await fresh()
    const full = Array.from({ length: 100 }, (_, index) => ({
      pk: `ACCOUNT#${account}`,
      sk: `PAY#fpay_${index}#INV#inv_${index}`,
    }))
    const [id = ''] = await waiting(deps, 1)
    await numberSeries(deps, 'INV-2026')
    const item = (await deps.table.get(invoiceKey(account, paymentIdOf(id), id))) ?? { pk: '', sk: '' }
    // A full list of invoices that all have their numbers may hide others behind it.
    const late: Table = {
      get: (key, options) => deps.table.get(key, options),
      batchGet: async (keys) => keys.map(() => item),
      write: (writes) => deps.table.write(writes),
      query: async () => ({ items: full }),
    }
    expect(await work({ ...deps, table: late }, message())).toBe(0)
    expect(takeSent(deps, 'number')).toEqual([message()])
  })

  it('the turn of the year is two series, each from 1', async () => {
    const deps = await fresh('2026-12-31T23:59:59.990Z')
    const old = await waiting(deps, 5)
    deps.clock.set('2027-01-01T00:00:00.000Z')
    const young = await waiting(deps, 3)
    expect(await work(deps, message('INV-2027'), message('INV-2026'))).toBe(0)
    expect(await numbersOf(deps, old)).toEqual(numbers(5))
    expect(await numbersOf(deps, young)).toEqual(numbers(3, 1, 'INV-2027'))
  })

  it('a series without invoices is done; a message of another shape is reported back', async () => {
    const deps = await fresh()
    expect(await work(deps, message('CN-2031'))).toBe(0)
    expect((await findSeries(deps.table, 'CN-2031')).next).toBe(1)
    expect(await work(deps, { series: 'INV', requestId: 'x' }, message())).toBe(1)
  })
})
