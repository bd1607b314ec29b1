import { assertedInvoice, type Invoice, type InvoiceContext, seriesOf } from './invoice.ts'
import { roundHalfUp } from './money.ts'
import { localDateAt } from './time.ts'

/** What a credit note documents. */
export type Credited = { refundId: string } | { disputeId: string }

/**
 * The credit note of a refund or a lost dispute: its share of the invoice's taxes. Shares are taken from running totals, so the notes of
 * several part refunds add up to the invoice exactly, whatever their sizes.
 * `creditedMinor`: the sum of the earlier notes of this invoice.
 * @throws RangeError for more than the invoice has left.
 */
export function creditNoteOf(
  invoice: Invoice,
  what: { about: Credited; amountMinor: number; reason: string; creditedMinor: number },
  context: Pick<InvoiceContext, 'id' | 'zones' | 'at'>,
): Invoice {
  const { about, amountMinor, reason, creditedMinor } = what
  if (amountMinor < 1 || creditedMinor < 0 || creditedMinor + amountMinor > invoice.totalMinor) {
    throw new RangeError('a credit note is for a part of what its invoice has left')
  }
  // A share of the running totals: what this note brings them to, less what the notes before it did.
  const noted = (wholeMinor: number) =>
    shareAt(wholeMinor, creditedMinor + amountMinor, invoice.totalMinor) -
    shareAt(wholeMinor, creditedMinor, invoice.totalMinor)
  const taxes = invoice.taxes.map((tax) => ({
    ...tax,
    baseMinor: noted(tax.baseMinor),
    taxMinor: noted(tax.taxMinor),
  }))
  const taxMinor = taxes.reduce((sum, tax) => sum + tax.taxMinor, 0)
  const netMinor = amountMinor - taxMinor
  const issuedOn = localDateAt(context.zones, context.at)
  return assertedInvoice({
    id: context.id,
    kind: 'credit_note',
    series: seriesOf('credit_note', issuedOn),
    accountId: invoice.accountId,
    paymentId: invoice.paymentId,
    ...about,
    invoiceId: invoice.id,
    seller: invoice.seller,
    buyer: invoice.buyer,
    currency: invoice.currency,
    lines: [
      {
        kind: 'refund',
        description: reason,
        quantity: 1,
        unitAmountMinor: amountMinor,
        discounts: [],
        netMinor,
        taxMinor,
        totalMinor: amountMinor,
      },
    ],
    // A rate of every line has the whole of it as its base; otherwise each has its part.
    taxes: taxes.map((tax) => (isOfAll(invoice) ? { ...tax, baseMinor: netMinor } : tax)),
    subtotalMinor: netMinor,
    taxMinor,
    totalMinor: amountMinor,
    adjustments: [],
    paidMinor: amountMinor,
    issuedAt: context.at,
    issuedOn,
  })
}

const shareAt = (wholeMinor: number, credited: number, total: number): number =>
  Number(roundHalfUp(BigInt(wholeMinor) * BigInt(credited), BigInt(total)))

const isOfAll = ({ taxes: [first, ...others], totalMinor, taxMinor }: Invoice): boolean =>
  others.length === 0 && first?.baseMinor === totalMinor - taxMinor

/** Takes a credit note back whose refund failed, or whose dispute was won, after all: both stay in the books, in their series. */
export function reversalOf(note: Invoice, context: Pick<InvoiceContext, 'id' | 'zones' | 'at'>): Invoice {
  const issuedOn = localDateAt(context.zones, context.at)
  const { number, ...rest } = note
  return assertedInvoice({
    ...rest,
    id: context.id,
    kind: 'invoice',
    series: seriesOf('invoice', issuedOn),
    invoiceId: note.id,
    lines: note.lines.map((line) => ({ ...line, description: `${returned(note)}: ${number ?? note.id}` })),
    issuedAt: context.at,
    issuedOn,
  })
}

const returned = ({ disputeId }: Invoice): string => (disputeId === undefined ? 'Refund returned' : 'Dispute won')
