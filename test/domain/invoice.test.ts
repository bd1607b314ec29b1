import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { assertedInvoice, type Invoice, invoiceOf, seriesOf } from '#domain/invoice'
import { creditNoteOf, reversalOf } from '#domain/invoiceCreditNote'
import { invoiceNumber, newSeries, numberBatch, openSeries, planNumbers } from '#domain/invoiceNumber'
import { priceOrder } from '#domain/order'
import { initialZones } from '#domain/time'
import { at, parties, payId, paymentOf, zones } from './paymentSupport.ts'

const gst = { name: 'GST', rate: '18', inclusive: true }
const invoiceFor = (unitAmountMinor: number, rule = gst): Invoice => {
  const item = { kind: 'item' as const, id: 'thing', description: 'A thing', quantity: 1, unitAmountMinor }
  const order = priceOrder([{ item }], { currency: 'INR', tax: rule })
  return invoiceOf(paymentOf({ order, amountMinor: order.dueMinor }), { id: 'inv_1', zones, at, ...parties })
}

describe('an invoice', () => {
  it('states lines, tax and totals, buyer and seller as they were', () => {
    expect(invoiceFor(14_900)).toMatchObject({
      kind: 'invoice',
      series: 'INV-2026',
      issuedOn: '2026-01-31',
      paymentId: payId,
      ...parties,
      taxes: [{ name: 'GST', rate: '18', inclusive: true, baseMinor: 12_627, taxMinor: 2273 }],
      subtotalMinor: 12_627,
      taxMinor: 2273,
      totalMinor: 14_900,
      paidMinor: 14_900,
      lines: [{ description: 'A thing', quantity: 1, netMinor: 14_900, taxMinor: 2273, totalMinor: 14_900 }],
    })
    expect(invoiceFor(14_900)).not.toHaveProperty('number')
  })

  it("belongs to the year of the seller's day", () => {
    const newYear = Date.parse('2026-12-31T18:30:00Z')
    const order = paymentOf().order
    const context = { id: 'inv_1', at: newYear, ...parties }
    const india = invoiceOf(paymentOf({ order }), { ...context, zones: initialZones('Asia/Kolkata') })
    expect([india.series, india.issuedOn]).toEqual(['INV-2027', '2027-01-01'])
    expect(invoiceOf(paymentOf({ order }), { ...context, zones }).series).toBe('INV-2026')
    expect(seriesOf('credit_note', '2026-01-01')).toBe('CN-2026')
  })

  it.each<[keyof Invoice, Partial<Invoice>]>([
    ['totalMinor', { totalMinor: 1 }],
    ['taxMinor', { taxMinor: 1 }],
    ['subtotalMinor', { subtotalMinor: 1 }],
    ['paidMinor', { paidMinor: 1 }],
    ['taxes', { taxes: [] }],
    ['adjustments', { adjustments: [{ kind: 'rounding', amountMinor: -1 }] }],
  ])('is not made when its %s do not add up', (_, over) => {
    expect(() => assertedInvoice({ ...invoiceFor(14_900), ...over })).toThrow('does not add up')
  })
})

describe('credit notes', () => {
  const context = { id: 'inv_2', zones, at }
  const note = (invoice: Invoice, amountMinor: number, creditedMinor = 0) =>
    creditNoteOf(invoice, { about: { refundId: 'rfd_1' }, amountMinor, reason: 'Not needed', creditedMinor }, context)

  it('have a series of their own and name invoice and refund', () => {
    expect(note(invoiceFor(11_800), 5900)).toMatchObject({
      kind: 'credit_note',
      series: 'CN-2026',
      invoiceId: 'inv_1',
      refundId: 'rfd_1',
      subtotalMinor: 5000,
      taxMinor: 900,
      totalMinor: 5900,
    })
  })

  it.each([
    [0, 0],
    [11_801, 0],
    [1, 11_800],
  ])('are not made for %i after %i', (amountMinor, credited) => {
    expect(() => note(invoiceFor(11_800), amountMinor, credited)).toThrow(RangeError)
  })

  it('of an invoice with a credit that was taxed otherwise take their part of each rate, and all of it in the end', () => {
    const item = (id: string, unitAmountMinor: number) => ({
      item: { kind: 'proration' as const, id, description: id, quantity: 1, unitAmountMinor },
    })
    const order = priceOrder([{ ...item('credit', -10_000), tax: gst }, item('charge', 30_000)], {
      currency: 'INR',
      tax: { name: 'VAT', rate: '19', inclusive: false },
    })
    const invoice = invoiceOf(paymentOf({ order, amountMinor: order.dueMinor }), { id: 'inv_1', zones, at, ...parties })
    const notes = [note(invoice, 9_000), note(invoice, invoice.totalMinor - 9_000, 9_000)]
    const parts = notes.flatMap(({ taxes }) =>
      taxes.map(({ rate, baseMinor, taxMinor }) => ({ rate, baseMinor, taxMinor })),
    )
    expect(parts).toEqual([
      { rate: '18', baseMinor: -2968, taxMinor: -534 },
      { rate: '19', baseMinor: 10_506, taxMinor: 1996 },
      { rate: '18', baseMinor: -5507, taxMinor: -991 },
      { rate: '19', baseMinor: 19_494, taxMinor: 3704 },
    ])
  })

  test('of part refunds of any size add up to the invoice, tax included', () => {
    const parts = fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(parts, fc.constantFrom('18', '7.5', '0', '33.333'), fc.boolean(), (sizes, rate, inclusive) => {
        const sum = sizes.reduce((total, one) => total + one, 0)
        const invoice = invoiceFor(sum, { name: 'Tax', rate, inclusive })
        let credited = 0
        let tax = 0
        for (const [index, size] of sizes.entries()) {
          const left = invoice.totalMinor - credited
          const one = note(invoice, index === sizes.length - 1 ? left : Math.min(size, left - 1) || 1, credited)
          expect(one.taxMinor).toBeGreaterThanOrEqual(0)
          credited += one.totalMinor
          tax += one.taxMinor
        }
        expect([credited, tax]).toEqual([invoice.totalMinor, invoice.taxMinor])
      }),
    )
  })

  it("are taken back by a document of the invoices' series", () => {
    const one = { ...note(invoiceFor(11_800), 5900), number: 'CN-2026-000001' }
    const back = reversalOf(one, { ...context, id: 'inv_3' })
    expect(back).toMatchObject({ kind: 'invoice', series: 'INV-2026', invoiceId: 'inv_2', totalMinor: 5900 })
    expect(back.lines[0]?.description).toContain('CN-2026-000001')
    expect(back).not.toHaveProperty('number')
  })
})

describe('numbers', () => {
  it.each([
    ['2026-06-01T00:00:00.000Z', ['INV-2025', 'CN-2025', 'INV-2026', 'CN-2026']],
    // 23:59 and midnight at the date line's western side (UTC+14).
    ['2026-12-31T09:59:59.999Z', ['INV-2025', 'CN-2025', 'INV-2026', 'CN-2026']],
    ['2026-12-31T10:00:00.000Z', ['INV-2026', 'CN-2026', 'INV-2027', 'CN-2027']],
    // Still the old year at UTC-12.
    ['2027-01-01T11:59:59.999Z', ['INV-2026', 'CN-2026', 'INV-2027', 'CN-2027']],
  ])('at %s may be waited for in %j', (now, series) => {
    expect(openSeries(Date.parse(now))).toEqual(series)
  })

  const waiting = (id: string, over: object = {}) => ({
    id,
    paymentId: 'fpay_1',
    accountId: 'a',
    series: 'INV-2026',
    issuedAt: at,
    ...over,
  })

  it.each([
    [1, 'INV-2026-000001'],
    [123, 'INV-2026-000123'],
    [999_999, 'INV-2026-999999'],
    [1_000_000, 'INV-2026-1000000'],
  ])('%i is %s', (value, text) => expect(invoiceNumber('INV-2026', value)).toBe(text))

  it('go to the oldest first, to no other series, and to none twice', () => {
    const plan = planNumbers({ series: 'INV-2026', next: 7 }, [
      waiting('inv_b'),
      waiting('inv_a'),
      waiting('inv_old', { issuedAt: at - 1 }),
      waiting('inv_a'),
      waiting('inv_done', { number: 'INV-2026-000006' }),
      waiting('inv_cn', { series: 'CN-2026' }),
    ])
    expect(plan).toEqual({
      series: { series: 'INV-2026', next: 10 },
      seenNext: 7,
      numbered: [
        { invoiceId: 'inv_old', paymentId: 'fpay_1', accountId: 'a', number: 'INV-2026-000007' },
        { invoiceId: 'inv_a', paymentId: 'fpay_1', accountId: 'a', number: 'INV-2026-000008' },
        { invoiceId: 'inv_b', paymentId: 'fpay_1', accountId: 'a', number: 'INV-2026-000009' },
      ],
      more: false,
    })
  })

  it.each([
    [0, undefined, undefined],
    [24, 24, false],
    [numberBatch, 25, false],
    [26, 25, true],
  ])('%i waiting: a batch of %s, more: %s', (count, size, more) => {
    const plan = planNumbers(
      newSeries('INV-2026'),
      Array.from({ length: count }, (_, n) => waiting(`inv_${n}`)),
    )
    expect([plan?.numbered.length, plan?.more]).toEqual([size, more])
  })

  it.each([0, -1, 1.5, Number.NaN])('a series never stands at %s', (next) => {
    expect(() => planNumbers({ series: 'INV-2026', next }, [waiting('inv_1')])).toThrow(RangeError)
  })

  test('have no gap and no double, however batches and arrivals fall, also when a batch is lost and done again', () => {
    const arrivals = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.boolean()), { maxLength: 8 })
    fc.assert(
      fc.property(arrivals, (rounds) => {
        let series = newSeries('INV-2026')
        let made = 0
        let open: ReturnType<typeof waiting>[] = []
        const numbers: string[] = []
        const work = (isLost: boolean): boolean => {
          const plan = planNumbers(series, open)
          if (!plan || isLost) return plan !== undefined
          series = plan.series
          numbers.push(...plan.numbered.map(({ number }) => number))
          const done = new Set(plan.numbered.map(({ invoiceId }) => invoiceId))
          open = open.filter(({ id }) => !done.has(id))
          return true
        }
        for (const [arriving, isLost] of rounds) {
          for (let n = 0; n < arriving; n += 1) open.push(waiting(`inv_${made++}`))
          work(isLost)
        }
        while (work(false));
        expect(numbers).toEqual(Array.from({ length: made }, (_, n) => invoiceNumber('INV-2026', n + 1)))
      }),
    )
  })
})
