import type { Invoice, InvoiceLine, Party } from '#domain/invoice'
import { signedMoney } from './invoicePdfMoney.ts'
import {
  contentWidth,
  drawLines,
  drawRule,
  type Element,
  ensureRoom,
  grey,
  group,
  heightOf,
  linesOf,
  page,
  type Sheet,
  type Style,
  tagged,
} from './invoicePdfSheet.ts'

const title: Style = { size: 22, weight: 'semibold' }
const label: Style = { size: 8, color: grey }
const plain: Style = { size: 9 }
const strong: Style = { size: 9, weight: 'semibold' }
const small: Style = { size: 8, color: grey }
const right = page.margin + contentWidth

export const titles = { invoice: 'Invoice', credit_note: 'Credit note' }

/** Title, number and dates. `earlierNumber`: of the document that this one reduces or takes back. */
export function drawHead(sheet: Sheet, invoice: Invoice, earlierNumber: string | undefined): void {
  const { body } = sheet
  tagged(sheet, body, 'H1', () => {
    sheet.y = drawLines(sheet, [titles[invoice.kind]], { x: page.margin, y: sheet.y, width: contentWidth }, title)
  })
  sheet.y += 6
  const earlier = earlierNumber ?? invoice.invoiceId
  const facts: [string, string | undefined][] = [
    ['Number', invoice.number],
    ['Issued on', invoice.issuedOn],
    ['Period', invoice.period && `${invoice.period.from} to ${invoice.period.to}`],
    ['Currency', invoice.currency],
    ['Payment', invoice.paymentId],
    ['Refund', invoice.refundId],
    ['Dispute', invoice.disputeId],
    [invoice.kind === 'credit_note' ? 'Reduces invoice' : 'Takes back', earlier],
  ]
  for (const [name, value] of facts) {
    if (value === undefined) continue
    tagged(sheet, body, 'P', () => {
      drawLines(sheet, [name], { x: page.margin, y: sheet.y + 0.7, width: 90 }, label)
      const lines = linesOf(sheet, value, contentWidth - 90, plain)
      sheet.y = drawLines(sheet, lines, { x: page.margin + 90, y: sheet.y, width: contentWidth - 90 }, plain)
    })
  }
  sheet.y += 14
}

/** Seller and buyer, side by side. */
export function drawParties(sheet: Sheet, { seller, buyer }: Invoice): void {
  const gap = 24
  const width = (contentWidth - gap) / 2
  const top = sheet.y
  const bottoms = [
    drawParty(sheet, ['From', seller], { x: page.margin, y: top, width }),
    drawParty(sheet, ['To', buyer], { x: page.margin + width + gap, y: top, width }),
  ]
  sheet.y = Math.max(...bottoms) + 18
}

function drawParty(
  sheet: Sheet,
  [heading, party]: [string, Party],
  { x, y, width }: { x: number; y: number; width: number },
): number {
  return group(sheet, sheet.body, 'Sect', (section) => {
    let below = tagged(sheet, section, 'H2', () => drawLines(sheet, [heading], { x, y, width }, label))
    for (const [n, text] of partyTexts(party).entries()) {
      const style = { ...(n === 0 ? strong : plain), linesMax: 4 }
      const lines = linesOf(sheet, text, width, style)
      below = tagged(sheet, section, 'P', () => drawLines(sheet, lines, { x, y: below, width }, style))
    }
    return below
  })
}

function partyTexts({ name, address, taxId, email }: Party): string[] {
  const place = address && [address.postalCode, address.city, address.region].filter(Boolean).join(' ')
  const texts = [name, address?.line1, address?.line2, place, address?.country, taxId && `Tax id: ${taxId}`, email]
  return texts.filter((text): text is string => text !== undefined && text !== '')
}

interface Column {
  heading: string
  x: number
  width: number
  align: 'left' | 'right'
  text: (line: InvoiceLine, currency: string) => string
}

const discountOf = ({ discounts }: InvoiceLine): number =>
  discounts.reduce((sum, { amountMinor }) => sum + amountMinor, 0)

const columns: Column[] = [
  { heading: 'Description', width: 179.28, text: ({ description }: InvoiceLine) => description },
  { heading: 'Quantity', width: 48, text: ({ quantity }: InvoiceLine) => String(quantity) },
  {
    heading: 'Unit price',
    width: 72,
    text: (line: InvoiceLine, code: string) => signedMoney(line.unitAmountMinor, code),
  },
  { heading: 'Discount', width: 64, text: (line: InvoiceLine, code: string) => deducted(discountOf(line), code) },
  { heading: 'Tax', width: 64, text: (line: InvoiceLine, code: string) => signedMoney(line.taxMinor, code) },
  { heading: 'Total', width: 72, text: (line: InvoiceLine, code: string) => signedMoney(line.totalMinor, code) },
].map((column, n, all) => ({
  ...column,
  x: page.margin + all.slice(0, n).reduce((sum, { width }) => sum + width, 0),
  align: n === 0 ? 'left' : 'right',
}))
/** Between neighbouring columns. */
const gutter = 6

const deducted = (amountMinor: number, currency: string): string =>
  amountMinor === 0 ? '–' : signedMoney(-amountMinor, currency)

/** The lines; a page that the table continues on begins with its headings. */
export function drawTable(sheet: Sheet, { lines, currency }: Invoice): void {
  group(sheet, sheet.body, 'Table', (table) => {
    // Headings never stand alone at the foot of a page.
    ensureRoom(sheet, 60)
    drawHeadings(sheet, table)
    for (const line of lines) drawRow(sheet, table, line, currency)
  })
  sheet.y += 8
}

function drawHeadings(sheet: Sheet, table: Element): void {
  const style: Style = { ...label, weight: 'semibold' }
  group(sheet, table, 'TR', (row) => {
    for (const { heading, align, ...place } of columns) {
      const at = { x: place.x, width: place.width - (align === 'left' ? gutter : 0), y: sheet.y }
      tagged(sheet, row, 'TH', () => drawLines(sheet, [heading], at, { ...style, align }))
    }
  })
  sheet.y += heightOf([''], style) + 2
  drawRule(sheet, page.margin, contentWidth)
  sheet.y += 5
}

function drawRow(sheet: Sheet, table: Element, line: InvoiceLine, currency: string): void {
  const cells = columns.map((column) => {
    const style: Style = { ...plain, align: column.align }
    const lines = linesOf(sheet, column.text(line, currency), column.width - gutter, style)
    return { column, style, lines }
  })
  const notes = line.discounts.flatMap(({ label: name, amountMinor }) =>
    linesOf(sheet, `${name}: ${signedMoney(-amountMinor, currency)}`, (columns[0]?.width ?? 0) - gutter, {
      ...small,
      linesMax: 3,
    }),
  )
  const tallest = Math.max(...cells.map(({ lines }) => heightOf(lines, plain)))
  const described = heightOf(cells[0]?.lines ?? [], plain) + heightOf(notes, small)
  const height = Math.max(tallest, described)
  if (ensureRoom(sheet, height + 8)) drawHeadings(sheet, table)
  group(sheet, table, 'TR', (row) => {
    for (const [n, { column, style, lines }] of cells.entries()) {
      const at = { x: column.x, y: sheet.y, width: column.width - (n === 0 ? gutter : 0) }
      tagged(sheet, row, 'TD', () => {
        const below = drawLines(sheet, lines, at, style)
        if (n === 0) drawLines(sheet, notes, { ...at, y: below }, small)
      })
    }
  })
  sheet.y += height + 4
  drawRule(sheet, page.margin, contentWidth)
  sheet.y += 4
}

/** Subtotal, each rate's tax, total, what was paid otherwise, and what the provider took or gave back. */
export function drawTotals(sheet: Sheet, invoice: Invoice): void {
  const money = (amountMinor: number) => signedMoney(amountMinor, invoice.currency)
  const rows: { name: string; amountMinor: number; heavy?: boolean }[] = [
    { name: 'Subtotal without tax', amountMinor: invoice.subtotalMinor },
    ...invoice.taxes.map(({ name, rate, inclusive, baseMinor, taxMinor }) => ({
      name: `${name} ${rate}% on ${money(baseMinor)}${inclusive ? ', included in the prices' : ''}`,
      amountMinor: taxMinor,
    })),
    { name: 'Total', amountMinor: invoice.totalMinor, heavy: true },
    ...invoice.adjustments.map(({ kind, amountMinor }) => ({ name: adjustmentNames[kind], amountMinor })),
    { name: invoice.kind === 'credit_note' ? 'Refunded' : 'Paid', amountMinor: invoice.paidMinor, heavy: true },
  ]
  const width = 300
  const amountWidth = 100
  const x = right - width
  for (const { name, amountMinor, heavy } of rows) {
    const style = heavy ? strong : plain
    const lines = linesOf(sheet, name, width - amountWidth - gutter, style)
    ensureRoom(sheet, heightOf(lines, style) + 4)
    tagged(sheet, sheet.body, 'P', () => {
      drawLines(sheet, lines, { x, y: sheet.y, width: width - amountWidth - gutter }, style)
      const at = { x: right - amountWidth, y: sheet.y, width: amountWidth }
      drawLines(sheet, [money(amountMinor)], at, { ...style, align: 'right' })
    })
    sheet.y += heightOf(lines, style) + 4
  }
}

const adjustmentNames: Record<Invoice['adjustments'][number]['kind'], string> = {
  account_credit: 'Account credit',
  rounding: 'Rounding',
}
