import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Invoice } from '#domain/invoice'
import { planNumbers } from '#domain/invoiceNumber'
import { dynamoTable } from '#table/dynamo'
import { findSeries, invoicesOfPayment, numberWrites, waitingInvoices } from '#table/invoices'
import { invoiceKey, seriesKey } from '#table/keys'
import { Contention, type Table } from '#table/port'
import { type Engine, startEngine } from '#test/support/engine'
import { at, idAt, invoice, minuteMs, payment, spoil, write } from './paymentSupport.ts'

let engine: Engine
let table: Table
beforeAll(async () => {
  engine = await startEngine()
  table = dynamoTable({ client: engine.client, tableName: await engine.createTable() })
})
afterAll(async () => engine?.stop())

const series = (name: string, one: Invoice): Invoice => ({ ...one, series: name })
const put = (one: Invoice) => write(table, [{ row: 'invoice', next: one }])

/** One run of the worker that gives numbers; false when another was quicker. */
async function number(name: string, limit = 25): Promise<boolean | undefined> {
  const plan = planNumbers(await findSeries(table, name), await waitingInvoices(table, name, limit))
  if (!plan) return undefined
  try {
    return (await table.write(numberWrites(plan, at))).committed
  } catch (error) {
    if (error instanceof Contention) return false
    throw error
  }
}

describe('an invoice', () => {
  it('comes back as it was written, once, under its account and its payment', async () => {
    const one: Invoice = {
      ...invoice(payment({ accountId: 'acc_doc' })),
      buyer: {
        name: 'Buyer',
        address: { line1: 'A', line2: 'B', city: 'C', region: 'D', postalCode: 'E', country: 'IN' },
      },
    }
    expect(await put(one)).toBeUndefined()
    expect(await put(one)).toEqual(['invoice'])
    expect(await invoicesOfPayment(table, 'acc_doc', one.paymentId)).toEqual([one])
    expect(await invoicesOfPayment(table, 'acc_other', one.paymentId)).toEqual([])
  })

  it('is found from its payment with its credit notes, oldest first, and no other payment’s', async () => {
    const [one, other] = [payment({ accountId: 'acc_notes' }), payment({ accountId: 'acc_notes' })]
    const first = invoice(one)
    const note: Invoice = {
      ...invoice(one, at + minuteMs),
      kind: 'credit_note',
      series: 'CN-2026',
      refundId: 'rfd_1',
      invoiceId: first.id,
      lines: first.lines.map((line) => ({ ...line, kind: 'refund' })),
    }
    for (const document of [note, first, invoice(other)]) await put(document)
    expect(await invoicesOfPayment(table, 'acc_notes', one.id)).toEqual([first, note])
    expect(await invoicesOfPayment(table, 'acc_notes', payment().id)).toEqual([])
  })

  it('without an id of ours is not written', async () => {
    await expect(put({ ...invoice(payment()), id: 'inv_1' })).rejects.toThrow('no invoice')
  })

  it('spoiled in the table is a defect', async () => {
    const one = invoice(payment({ accountId: 'acc_bad_doc' }))
    await put(one)
    const item = await table.get(invoiceKey('acc_bad_doc', one.paymentId, one.id), { consistent: true })
    if (!item) throw new Error('it is not stored')
    await spoil(table, item, { totalMinor: '5' })
    await expect(invoicesOfPayment(table, 'acc_bad_doc', one.paymentId)).rejects.toThrow('its own shape')
  })
})

describe('numbers', () => {
  it('are given once each, without gaps, oldest first, when several workers run at once', async () => {
    const name = 'RACE-2026'
    const made = Array.from({ length: 30 }, (_, minute) =>
      series(name, invoice(payment({ accountId: `acc_n${minute % 3}` }), at + (30 - minute) * minuteMs)),
    )
    for (const one of made) expect(await put(one)).toBeUndefined()
    expect(await findSeries(table, name)).toEqual({ series: name, next: 1 })
    for (let round = 0; round < 50; round++) {
      const answers = await Promise.all([number(name, 4), number(name, 4), number(name, 4)])
      if (answers.every((answer) => answer === undefined)) break
    }
    const numbered = await Promise.all(made.map((one) => invoicesOfPayment(table, one.accountId, one.paymentId)))
    expect(numbered.toReversed().map(([one]) => one?.number)).toEqual(
      Array.from({ length: 30 }, (_, index) => `${name}-${String(index + 1).padStart(6, '0')}`),
    )
    expect(await findSeries(table, name)).toEqual({ series: name, next: 31 })
    expect(await waitingInvoices(table, name, 100)).toEqual([])
    const { accountId = '', paymentId = '', id = '' } = made[0] ?? {}
    const item = await table.get(invoiceKey(accountId, paymentId, id), { consistent: true })
    expect(item).not.toHaveProperty('gsi2pk')
  })

  it('go only where there is none: a document that has its number keeps it, and the series stays', async () => {
    const name = 'KEEP-2026'
    const one = series(name, invoice(payment({ accountId: 'acc_keep' })))
    await put(one)
    const waiting = await waitingInvoices(table, name, 25)
    const plan = planNumbers({ series: name, next: 1 }, waiting)
    if (!plan) throw new Error('nothing waits')
    expect(await table.write(numberWrites(plan, at))).toEqual({ committed: true })
    // The same list again, as a run that died after its write would send it.
    expect(await table.write(numberWrites(plan, at))).toMatchObject({ committed: false })
    const late = planNumbers(await findSeries(table, name), waiting)
    if (!late) throw new Error('nothing waits')
    expect(late.seenNext).toBe(2)
    expect(await table.write(numberWrites(late, at))).toMatchObject({ committed: false })
    expect(await invoicesOfPayment(table, 'acc_keep', one.paymentId)).toEqual([{ ...one, number: `${name}-000001` }])
    expect(await findSeries(table, name)).toEqual({ series: name, next: 2 })
  })

  it('one number never goes to two documents of two runs that saw the same series', async () => {
    const name = 'SAME-2026'
    const [first, second, third] = [0, 1, 2].map((minute) =>
      series(name, invoice(payment({ accountId: 'acc_same' }), at + minute * minuteMs)),
    )
    if (!first || !second || !third) throw new Error('not made')
    for (const one of [first, second, third]) await put(one)
    const run = (one: Invoice, next: number) => {
      const plan = planNumbers({ series: name, next }, [one])
      return plan ? table.write(numberWrites(plan, at)) : undefined
    }
    expect(await run(first, 1)).toEqual({ committed: true })
    expect(await run(second, 1)).toMatchObject({ committed: false })
    expect(await run(second, 2)).toEqual({ committed: true })
    expect(await run(third, 2)).toMatchObject({ committed: false })
    expect(await run(third, 3)).toEqual({ committed: true })
    expect(await findSeries(table, name)).toEqual({ series: name, next: 4 })
  })

  it('are never given to a document that is not there', async () => {
    const plan = planNumbers({ series: 'GONE-2026', next: 1 }, [
      { id: idAt('inv'), paymentId: payment().id, accountId: 'acc_gone', series: 'GONE-2026', issuedAt: at },
    ])
    if (!plan) throw new Error('nothing waits')
    expect(await table.write(numberWrites(plan, at))).toMatchObject({ committed: false })
    expect(await table.get(seriesKey('GONE-2026'), { consistent: true })).toBeUndefined()
  })

  it('a series that begins below 1 is a defect', async () => {
    const item = { ...seriesKey('BAD-2026'), entity: 'series', v: 1, series: 'BAD-2026', next: 0 }
    await table.write([{ kind: 'put', item, when: 'unconditional' }])
    await expect(findSeries(table, 'BAD-2026')).rejects.toThrow('its own shape')
  })
})
