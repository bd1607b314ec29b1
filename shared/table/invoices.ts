import * as z from 'zod/mini'
import { idTime } from '#domain/guard'
import type { Invoice, InvoiceLine, Party } from '#domain/invoice'
import { type InvoiceSeries, type NumberPlan, newSeries } from '#domain/invoiceNumber'
import { lineKinds } from '#domain/order'
import { accountPk, invoiceKey, invoicePrefix, numberPk, numberPosition, seriesKey } from './keys.ts'
import { adjustment, lineDiscount, taxTotal } from './paymentItem.ts'
import { absent, both, equals, type Item, type Key, lacks, present, type Table, type Write } from './port.ts'
import { type MembersOf, readBody, toItem } from './stored.ts'

/** Whoever sells or buys, as documents and billing profiles hold it. */
export const address = z.object({
  line1: z.string(),
  line2: z.exactOptional(z.string()),
  city: z.string(),
  region: z.exactOptional(z.string()),
  postalCode: z.exactOptional(z.string()),
  country: z.string(),
} satisfies MembersOf<NonNullable<Party['address']>>)

const party = z.object({
  name: z.string(),
  email: z.exactOptional(z.string()),
  address: z.exactOptional(address),
  taxId: z.exactOptional(z.string()),
} satisfies MembersOf<Party>)

const line = z.object({
  kind: z.enum([...lineKinds, 'refund']),
  description: z.string(),
  quantity: z.int(),
  unitAmountMinor: z.int(),
  discounts: z.array(lineDiscount),
  netMinor: z.int(),
  taxMinor: z.int(),
  totalMinor: z.int(),
} satisfies MembersOf<InvoiceLine>)

const invoice = z.object({
  id: z.string(),
  kind: z.enum(['invoice', 'credit_note']),
  series: z.string(),
  number: z.exactOptional(z.string()),
  accountId: z.string(),
  paymentId: z.string(),
  refundId: z.exactOptional(z.string()),
  disputeId: z.exactOptional(z.string()),
  invoiceId: z.exactOptional(z.string()),
  seller: party,
  buyer: party,
  currency: z.string(),
  lines: z.array(line),
  taxes: z.array(taxTotal),
  subtotalMinor: z.int(),
  taxMinor: z.int(),
  totalMinor: z.int(),
  adjustments: z.array(adjustment),
  paidMinor: z.int(),
  issuedAt: z.int(),
  issuedOn: z.string(),
  period: z.exactOptional(z.object({ from: z.string(), to: z.string() })),
} satisfies MembersOf<Invoice>)

const series = z.object({
  series: z.string(),
  next: z.int().check(z.minimum(1)),
} satisfies MembersOf<InvoiceSeries>)

export const readInvoice = (item: Item): Invoice => readBody(invoice, item)

/** BatchGetItem takes 100 keys; a payment has far fewer documents. */
const readAtOnce = 100

/** The invoice and the credit notes of a payment, oldest first. */
export async function invoicesOfPayment(table: Table, accountId: string, paymentId: string): Promise<Invoice[]> {
  const found: Invoice[] = []
  let after: Record<string, string> | undefined
  do {
    const page = await table.query({
      pk: accountPk(accountId),
      sk: { beginsWith: invoicePrefix(paymentId) },
      limit: readAtOnce,
      consistent: true,
      ...(after && { after }),
    })
    found.push(...page.items.map(readInvoice))
    after = page.next
  } while (after)
  return found
}

/** The document, where there is none yet. It stays in the index of those that wait until `numberWrites` takes it out. */
export function putInvoiceWrite(next: Invoice, now: number): Write {
  if (idTime(next.id) === undefined) throw new RangeError(`${next.id} is no invoice's id`)
  const body = {
    v: 1,
    createdAt: now,
    updatedAt: now,
    ...next,
    ...(next.number === undefined && {
      gsi2pk: numberPk(next.series),
      gsi2sk: numberPosition(next.issuedAt, next.id),
    }),
  }
  return { kind: 'put', item: toItem('invoice', keyOf(next), body), when: absent }
}

const keyOf = ({ accountId, paymentId, id }: Pick<Invoice, 'accountId' | 'paymentId' | 'id'>): Key =>
  invoiceKey(accountId, paymentId, id)

/** What its next number is, read consistently; a series that nobody has numbered in begins at 1. */
export async function findSeries(table: Table, name: string): Promise<InvoiceSeries> {
  const item = await table.get(seriesKey(name), { consistent: true })
  return item ? readBody(series, item) : newSeries(name)
}

/**
 * The oldest that wait for a number, at most 100. The index holds keys only and lags: each is read from the table, so one
 * that has its number by now shows it.
 */
export async function waitingInvoices(table: Table, name: string, limit: number): Promise<Invoice[]> {
  const { items } = await table.query({
    index: 'gsi2',
    pk: numberPk(name),
    limit: Math.min(limit, readAtOnce),
  })
  return readAll(
    table,
    items.map(({ pk, sk }) => ({ pk, sk })),
  )
}

async function readAll(table: Table, keys: { pk: string; sk: string }[]): Promise<Invoice[]> {
  if (keys.length === 0) return []
  const items = await table.batchGet(keys, { consistent: true })
  return items.flatMap((item) => (item ? [readInvoice(item)] : []))
}

/** One transaction: the series moves on from what was seen, each invoice takes its number where it has none. */
export function numberWrites({ series: next, seenNext, numbered }: NumberPlan, now: number): Write[] {
  const key = seriesKey(next.series)
  const moved: Write =
    seenNext === 1
      ? { kind: 'put', item: toItem('series', key, { v: 1, createdAt: now, updatedAt: now, ...next }), when: absent }
      : { kind: 'update', key, set: { next: next.next, updatedAt: now }, when: equals('next', seenNext) }
  return [
    moved,
    ...numbered.map(
      ({ accountId, paymentId, invoiceId, number }): Write => ({
        kind: 'update',
        key: invoiceKey(accountId, paymentId, invoiceId),
        set: { number, updatedAt: now },
        remove: ['gsi2pk', 'gsi2sk'],
        when: both(present, lacks('number')),
      }),
    ),
  ]
}

/** Takes one that has its number out of those that wait: the index may also just be late, and then this changes nothing. */
export const leaveWaitingWrite = (invoice: Pick<Invoice, 'accountId' | 'paymentId' | 'id'>): Write => ({
  kind: 'update',
  key: keyOf(invoice),
  remove: ['gsi2pk', 'gsi2sk'],
  when: both({ op: 'present', attr: 'number' }, { op: 'present', attr: 'gsi2pk' }),
})
