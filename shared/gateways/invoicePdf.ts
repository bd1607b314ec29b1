import type { Invoice } from '#domain/invoice'
import { type FontFile, loadFonts } from './fonts.ts'
import { drawHead, drawParties, drawTable, drawTotals, titles } from './invoicePdfParts.ts'
import { artifact, contentWidth, drawLines, grey, openSheet, page, type Sheet } from './invoicePdfSheet.ts'
import { openFaces } from './invoicePdfText.ts'

export interface InvoicePdfOptions {
  /** Of the invoice that a credit note reduces, or of the note that an invoice takes back; without it that one's id is named. */
  earlierNumber?: string
  /** Default: the embedded ones. */
  fonts?: readonly FontFile[]
}

/**
 * The A4 document of an invoice or a credit note that has its number. The same invoice gives the same bytes: the file's date
 * is the invoice's, and its id follows from that. Tagged, with language and title, for screen readers.
 * @throws Error for one without a number: it is not a document yet.
 */
export async function invoicePdf(invoice: Invoice, options: InvoicePdfOptions = {}): Promise<Uint8Array> {
  if (invoice.number === undefined) throw new Error(`${invoice.id} has no number yet`)
  const { default: Document } = await import('pdfkit')
  const faces = openFaces(options.fonts ?? (await loadFonts()))
  const document = new Document({
    size: 'A4',
    // Drawn to the edge of a page, text would start another one by itself.
    margin: 0,
    autoFirstPage: false,
    bufferPages: true,
    // The standard fonts are read from a disk that a function has not.
    font: '',
    pdfVersion: '1.7',
    tagged: true,
    lang: 'en',
    displayTitle: true,
    info: {
      Title: `${titles[invoice.kind]} ${invoice.number}`,
      Author: invoice.seller.name,
      CreationDate: new Date(invoice.issuedAt),
    },
  })
  const bytes = bytesOf(document)
  const sheet = openSheet(document, faces)
  drawHead(sheet, invoice, options.earlierNumber)
  drawParties(sheet, invoice)
  drawTable(sheet, invoice)
  drawTotals(sheet, invoice)
  sheet.body.end()
  drawFooters(sheet, invoice.number)
  document.end()
  return bytes
}

function bytesOf(document: PDFKit.PDFDocument): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  return new Promise((resolve, reject) => {
    document.on('data', (chunk: Buffer) => chunks.push(chunk))
    document.once('error', reject)
    document.once('end', () => resolve(new Uint8Array(Buffer.concat(chunks))))
  })
}

/** The number and "Page 1 of 3", once it is known how many there are. */
function drawFooters(sheet: Sheet, number: string): void {
  const { count } = sheet.document.bufferedPageRange()
  const place = { x: page.margin, y: page.height - 40, width: contentWidth }
  for (let n = 0; n < count; n++) {
    sheet.document.switchToPage(n)
    artifact(sheet, 'Pagination', () => {
      drawLines(sheet, [number], place, { size: 8, color: grey })
      drawLines(sheet, [`Page ${n + 1} of ${count}`], place, { size: 8, color: grey, align: 'right' })
    })
  }
}
