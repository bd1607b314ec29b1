import { extractText, getDocumentProxy } from 'unpdf'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Invoice, type InvoiceLine, invoiceOf } from '#domain/invoice'
import { creditNoteOf } from '#domain/invoiceCreditNote'
import { type DiscountedItem, priceOrder } from '#domain/order'
import { type FontFile, loadFonts } from '#gateways/fonts'
import { invoicePdf } from '#gateways/invoicePdf'
import { at, paymentOf, zones } from '#test/domain/paymentSupport'

const seller = {
  name: 'Faregate Works Ltd',
  email: 'billing@example.com',
  taxId: '27AAPFU0939F1ZV',
  address: { line1: '1 Harbour Road', city: 'Pune', postalCode: '411001', region: 'MH', country: 'IN' },
}
const buyer = {
  name: 'Ama Mensah',
  address: { line1: '5 Ring Road', city: 'Accra', country: 'GH' },
  taxId: 'C0001234567',
}

interface Making {
  currency?: string
  items?: DiscountedItem[]
  rate?: string
  over?: Partial<Invoice>
}
const thing = (unitAmountMinor: number, description = 'A thing', quantity = 1): DiscountedItem => ({
  item: { kind: 'item', id: 'thing', description, quantity, unitAmountMinor },
})

/** Made by the rules, so that what is drawn adds up; `over` replaces members of the document. */
function invoiceFor({ currency = 'INR', items = [thing(149_900)], rate = '18', over = {} }: Making = {}): Invoice {
  const tax = { name: 'GST', rate, inclusive: false }
  const order = priceOrder(items, { currency, tax, coupon: { code: 'WELCOME', percentOff: 10 } })
  const invoice = invoiceOf(paymentOf({ order, amountMinor: order.dueMinor, currency }), {
    id: 'inv_1',
    zones,
    at,
    seller,
    buyer,
  })
  return { ...invoice, number: 'INV-2026-000123', ...over }
}

async function read(bytes: Uint8Array): Promise<{ pages: string[]; all: string }> {
  const { text } = await extractText(await getDocumentProxy(new Uint8Array(bytes)))
  const pages = text.map((page) => page.replace(/\s+/g, ' '))
  return { pages, all: pages.join(' ') }
}
const drawn = async (invoice: Invoice, fonts?: FontFile[]) => read(await invoicePdf(invoice, fonts && { fonts }))

/** Where each text stands on its page: points from the left edge. */
async function placesOf(bytes: Uint8Array) {
  const pdf = await getDocumentProxy(new Uint8Array(bytes))
  const places: { page: number; text: string; left: number; right: number; bottom: number }[] = []
  for (let n = 1; n <= pdf.numPages; n++) {
    for (const item of (await (await pdf.getPage(n)).getTextContent()).items) {
      if (!('str' in item) || item.str.trim() === '') continue
      const [left, bottom] = [Number(item.transform[4]), Number(item.transform[5])]
      places.push({ page: n, text: item.str, left, right: left + item.width, bottom })
    }
  }
  return places
}

describe('an invoice in each currency', () => {
  it.each([
    // currency, minor units, unit price, discount of 10 %, tax of 18 %, total
    ['INR', 149_900, '₹1,499.00', '-₹149.90', '₹242.84', '₹1,591.94'],
    ['NGN', 1_500_000, '₦15,000.00', '-₦1,500.00', '₦2,430.00', '₦15,930.00'],
    ['GHS', 12_000, '₵120.00', '-₵12.00', '₵19.44', '₵127.44'],
    ['USD', 1_000, '$10.00', '-$1.00', '$1.62', '$10.62'],
    ['EUR', 1_000, '€10.00', '-€1.00', '€1.62', '€10.62'],
    ['GBP', 1_000, '£10.00', '-£1.00', '£1.62', '£10.62'],
    ['JPY', 500, 'JPY 500', '-JPY 50', 'JPY 81', 'JPY 531'],
    ['KWD', 12_500, 'KWD 12.500', '-KWD 1.250', 'KWD 2.025', 'KWD 13.275'],
    ['AUD', 1_000, 'AUD 10.00', '-AUD 1.00', 'AUD 1.62', 'AUD 10.62'],
  ])('%s', async (currency, unitAmountMinor, unit, discount, tax, total) => {
    const { all } = await drawn(invoiceFor({ currency, items: [thing(unitAmountMinor)] }))
    expect(all).toContain(`1 ${unit} ${discount} ${tax} ${total}`)
    expect(all).toContain(`Total ${total} Paid ${total}`)
    expect(all).toContain(`Currency ${currency}`)
    expect(all).not.toContain('?')
  })
})

describe('an invoice', () => {
  it('states number, day, period, parties, each tax, and what was paid otherwise', async () => {
    const invoice = invoiceFor()
    const { all } = await drawn({
      ...invoice,
      period: { from: '2026-01-31', to: '2026-02-28' },
      adjustments: [
        { kind: 'account_credit', amountMinor: -5_000 },
        { kind: 'rounding', amountMinor: -94 },
      ],
      paidMinor: invoice.totalMinor - 5_094,
    })
    expect(all).toContain('Invoice Number INV-2026-000123 Issued on 2026-01-31 Period 2026-01-31 to 2026-02-28')
    expect(all).toContain('From Faregate Works Ltd 1 Harbour Road 411001 Pune MH IN Tax id: 27AAPFU0939F1ZV')
    expect(all).toContain('To Ama Mensah 5 Ring Road Accra GH Tax id: C0001234567')
    expect(all).toContain('WELCOME: -₹149.90')
    expect(all).toContain('Subtotal without tax ₹1,349.10 GST 18% on ₹1,349.10 ₹242.84 Total ₹1,591.94')
    expect(all).toContain('Account credit -₹50.00 Rounding -₹0.94 Paid ₹1,541.00')
  })

  it('has the same bytes each time, and others for another invoice', async () => {
    const first = Buffer.from(await invoicePdf(invoiceFor()))
    expect(first.equals(Buffer.from(await invoicePdf(invoiceFor())))).toBe(true)
    expect(first.equals(Buffer.from(await invoicePdf(invoiceFor({ items: [thing(149_901)] }))))).toBe(false)
  })

  it('is a tagged document with language, title and the date of issue, in embedded fonts only', async () => {
    const bytes = await invoicePdf(invoiceFor())
    const { info, hasStructTree } = await (await getDocumentProxy(new Uint8Array(bytes))).getMetadata()
    expect(info).toMatchObject({ Title: 'Invoice INV-2026-000123', Language: 'en', CreationDate: 'D:20260131100000Z' })
    expect(hasStructTree).toBe(true)
    const file = Buffer.from(bytes).toString('latin1')
    expect(file).toContain('/FontFile2')
    expect(file).not.toContain('Helvetica')
  })

  it('is not drawn before it has its number', async () => {
    const { number: _none, ...waiting } = invoiceFor()
    await expect(invoicePdf(waiting)).rejects.toThrow('inv_1 has no number yet')
  })
})

describe('a credit note', () => {
  const invoice = invoiceFor()
  const note: Invoice = {
    ...creditNoteOf(
      invoice,
      { about: { refundId: 'rfd_1' }, amountMinor: 50_000, reason: 'Arrived broken', creditedMinor: 0 },
      { id: 'inv_2', zones, at },
    ),
    number: 'CN-2026-000007',
  }

  it('states the invoice that it reduces, the refund, the reason and what was given back', async () => {
    const { all } = await read(await invoicePdf(note, { earlierNumber: 'INV-2026-000123' }))
    expect(all).toContain('Credit note Number CN-2026-000007')
    expect(all).toContain('Refund rfd_1 Reduces invoice INV-2026-000123')
    expect(all).toContain('Arrived broken 1 ₹500.00')
    expect(all).toContain('Refunded ₹500.00')
    expect(all).not.toContain('Paid')
  })

  it('names that invoice’s id where its number is not given', async () => {
    expect((await drawn(note)).all).toContain('Reduces invoice inv_1')
  })
})

describe('many lines and long ones', () => {
  const items = Array.from({ length: 120 }, (_, n) => thing(1_000 + n, `Thing number ${n}.`))
  const longest = 'Long words and many of them. '.repeat(9)
  const unbroken = 'Donaudampfschifffahrtsgesellschaft'.repeat(5)

  it('120 lines go over pages, each once, under repeated headings and page numbers', async () => {
    const { pages, all } = await drawn(invoiceFor({ items }))
    expect(pages.length).toBeGreaterThan(3)
    for (const [n, page] of pages.entries()) expect(page).toContain(`INV-2026-000123 Page ${n + 1} of ${pages.length}`)
    for (const page of pages.filter((text) => text.includes('Thing number')))
      expect(page.split('Description Quantity Unit price Discount Tax Total')).toHaveLength(2)
    for (let n = 0; n < 120; n++) expect(all.split(`Thing number ${n}.`)).toHaveLength(2)
    expect(pages.at(-1)).toContain('Paid')
  })

  it('everything stays between the margins and above the foot', async () => {
    const [first] = invoiceFor({ items: [thing(99_999_999_999)] }).lines
    if (!first) throw new Error('no line')
    const line = (description: string): InvoiceLine => ({ ...first, description })
    const party = { name: unbroken, email: `${unbroken}@example.com`, address: { ...seller.address, line1: longest } }
    const lines = [...Array.from({ length: 30 }, () => line(longest)), line(unbroken), line('x'.repeat(3_000))]
    const places = await placesOf(await invoicePdf(invoiceFor({ over: { lines, seller: party, buyer: party } })))
    expect(places.length).toBeGreaterThan(200)
    expect(places.filter(({ left, right, bottom }) => left < 47 || right > 548.3 || bottom < 30)).toEqual([])
    // A column keeps to itself: no two texts of one height cover each other.
    const covering = places.filter((one, n) =>
      places
        .slice(n + 1)
        .some(
          (two) =>
            one.page === two.page &&
            one.bottom === two.bottom &&
            one.left < two.right - 0.5 &&
            two.left < one.right - 0.5,
        ),
    )
    expect(covering).toEqual([])
  })

  it('a description without end ends in an ellipsis', async () => {
    const { all } = await drawn(invoiceFor({ items: [thing(1_000, `${'word '.repeat(400)}last`)] }))
    expect(all).toContain('…')
    expect(all).not.toContain('last')
  })
})

describe('letters', () => {
  it.each([
    ['accents', 'Žofie Łukasz Ñuñez Ægir Ọlá Ṣadé'],
    ['accents that come apart', 'Zoë Bjo\u0308rk'.normalize('NFD')],
    ['Vietnamese', 'Nguyễn Thị Hương'],
    ['Greek', 'Ελένη Παπαδοπούλου'],
    ['Cyrillic', 'Олександр Ґонта'],
  ])('%s come back as they are', async (_name, name) => {
    const { all } = await drawn(invoiceFor({ over: { buyer: { name } } }))
    expect(all).toContain(`To ${name.normalize('NFC')}`)
  })

  it.each([
    ['Chinese', '株式会社 Ltd', '???? Ltd'],
    ['Devanagari', 'नम Ltd', '?? Ltd'],
    ['an emoji of several parts', 'Ada 👩\u200d🚀 Ltd', 'Ada ?? Ltd'],
    ['line breaks and control signs', 'Ada\n\u0007Ltd', 'Ada Ltd'],
    ['direction marks', 'Ada\u202e Ltd', 'Ada Ltd'],
  ])('%s: a visible sign for what the fonts lack, nothing for what is never seen', async (_name, name, shown) => {
    expect((await drawn(invoiceFor({ over: { buyer: { name } } }))).all).toContain(`To ${shown}`)
  })

  describe('with the file of Latin letters alone', () => {
    let latin: FontFile[] = []
    beforeAll(async () => {
      latin = (await loadFonts()).filter(({ name }) => /inter-latin-\d/.test(name))
    })

    it.each([
      ['INR', '₹', '?1,499.00'],
      ['NGN', '₦', '?1,499.00'],
      ['GHS', '₵', '?1,499.00'],
    ])('%s: %s is the replacement, so it is the other file that has it', async (currency, sign, shown) => {
      expect(latin).toHaveLength(2)
      const { all } = await drawn(invoiceFor({ currency }), latin)
      expect(all).toContain(shown)
      expect(all).not.toContain(sign)
    })
  })
})
