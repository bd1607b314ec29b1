import type { Adjustment, LineDiscount, LineKind, TaxTotal } from './order.ts'
import { assertOrder } from './order.ts'
import type { Payment } from './payment.ts'
import { localDateAt, type ZoneSpan } from './time.ts'

/** Whoever sells or buys, as it was when the document was made. */
export interface Party {
  name: string
  email?: string
  address?: { line1: string; line2?: string; city: string; region?: string; postalCode?: string; country: string }
  taxId?: string
}

export interface InvoiceLine {
  kind: LineKind | 'refund'
  description: string
  quantity: number
  unitAmountMinor: number
  discounts: LineDiscount[]
  /** After discounts, without tax that comes on top. */
  netMinor: number
  taxMinor: number
  totalMinor: number
}

/** An invoice or a credit note: immutable, but for the number that it gets within seconds. Amounts are minor units. */
export interface Invoice {
  /** `inv_<ULID>` */
  id: string
  kind: 'invoice' | 'credit_note'
  /** `INV-2026`: numbers have no gap within it. */
  series: string
  /** `INV-2026-000123`; absent: it waits for its number. */
  number?: string
  accountId: string
  paymentId: string
  /** Of a credit note: the refund or the lost dispute that it documents, and the invoice that it reduces. */
  refundId?: string
  disputeId?: string
  invoiceId?: string
  seller: Party
  buyer: Party
  currency: string
  lines: InvoiceLine[]
  taxes: TaxTotal[]
  /** Without tax. */
  subtotalMinor: number
  taxMinor: number
  totalMinor: number
  adjustments: Adjustment[]
  /** What the provider took, or gave back. */
  paidMinor: number
  /** Epoch milliseconds; `issuedOn` is that day in the seller's zone, `yyyy-mm-dd`. */
  issuedAt: number
  issuedOn: string
  /** Of a plan: the time that was paid, from the first day to the day on which the next period begins, `yyyy-mm-dd`. */
  period?: { from: string; to: string }
}

export interface InvoiceContext {
  id: string
  seller: Party
  buyer: Party
  /** The seller's: it says which day, and so which year's series, an instant belongs to. */
  zones: ZoneSpan[]
  at: number
  period?: Invoice['period']
}

const prefixes = { invoice: 'INV', credit_note: 'CN' }

/** `INV-2026`, `CN-2026`: a series for each kind and year. */
export const seriesOf = (kind: Invoice['kind'], issuedOn: string): string => `${prefixes[kind]}-${issuedOn.slice(0, 4)}`

/** The invoice of a settled payment: its order as it was at checkout. */
export function invoiceOf(payment: Payment, { id, seller, buyer, zones, at, period }: InvoiceContext): Invoice {
  const { order } = payment
  assertOrder(order)
  const issuedOn = localDateAt(zones, at)
  return assertedInvoice({
    id,
    kind: 'invoice',
    series: seriesOf('invoice', issuedOn),
    accountId: payment.accountId,
    paymentId: payment.id,
    seller,
    buyer,
    currency: order.currency,
    lines: order.lines.map(({ id: _id, grossMinor: _gross, ...line }) => line),
    taxes: order.taxes,
    subtotalMinor: order.totalMinor - order.taxMinor,
    taxMinor: order.taxMinor,
    totalMinor: order.totalMinor,
    adjustments: order.adjustments,
    paidMinor: order.dueMinor,
    issuedAt: at,
    issuedOn,
    ...(period && { period }),
  })
}

/** Everything on a document adds up. @throws Error otherwise: a defect, and no document is made. */
export function assertedInvoice(invoice: Invoice): Invoice {
  const sum = (all: number[]): number => all.reduce((total, one) => total + one, 0)
  const { lines, taxes, subtotalMinor, taxMinor, totalMinor, adjustments, paidMinor } = invoice
  const holds =
    sum(lines.map((line) => line.totalMinor)) === totalMinor &&
    sum(lines.map((line) => line.taxMinor)) === taxMinor &&
    sum(taxes.map((tax) => tax.taxMinor)) === taxMinor &&
    subtotalMinor + taxMinor === totalMinor &&
    totalMinor + sum(adjustments.map(({ amountMinor }) => amountMinor)) === paidMinor
  if (!holds) throw new Error('a document does not add up')
  return invoice
}
