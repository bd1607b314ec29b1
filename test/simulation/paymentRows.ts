import * as z from 'zod/mini'
import type { Item } from '#table/port'
import { paymentMembers } from './paymentItem.ts'

/**
 * The stored shapes that the oracle of payments reads. It reads them by itself: with the product's own readers it would
 * share their mistakes. Amounts are minor units.
 */
const payment = z.object({
  id: z.string(),
  accountId: z.string(),
  status: z.string(),
  progress: z.string(),
  amountMinor: z.int(),
  currency: z.string(),
  createdAt: z.int(),
  expiresAt: z.int(),
  released: z.boolean(),
  refundedMinor: z.int(),
  notedMinor: z.optional(z.int()),
  providerOrderId: z.optional(z.string()),
  holds: z.object({ coupon: z.optional(z.object({ code: z.string() })), creditMinor: z.optional(z.int()) }),
  settled: z.optional(z.object({ as: z.string(), at: z.int(), providerPaymentId: z.nullable(z.string()) })),
  subject: z.object({ kind: z.string(), quantity: z.optional(z.int()) }),
  charges: z.array(
    z.object({
      providerPaymentId: z.string(),
      as: z.optional(z.string()),
      capture: z.optional(z.object({ amountMinor: z.int(), currency: z.string() })),
      refundTotalMinor: z.optional(z.int()),
      refunds: z.optional(
        z.array(z.object({ refundId: z.optional(z.string()), amountMinor: z.int(), failed: z.boolean() })),
      ),
      resolved: z.optional(z.object({ as: z.string() })),
      creditShortMinor: z.optional(z.int()),
    }),
  ),
  disputes: z.array(
    z.object({
      disputeId: z.string(),
      providerPaymentId: z.optional(z.string()),
      amountMinor: z.int(),
      outcome: z.optional(z.object({ won: z.boolean(), takenMinor: z.optional(z.int()) })),
    }),
  ),
})
export type PaymentRow = z.output<typeof payment>

const invoice = z.object({
  id: z.string(),
  kind: z.string(),
  series: z.string(),
  number: z.optional(z.string()),
  paymentId: z.string(),
  refundId: z.optional(z.string()),
  disputeId: z.optional(z.string()),
  totalMinor: z.int(),
})

const refund = z.object({
  id: z.string(),
  paymentId: z.string(),
  providerPaymentId: z.string(),
  providerRefundId: z.optional(z.string()),
  reason: z.string(),
  amountMinor: z.int(),
  status: z.string(),
  createdAt: z.int(),
})
const ofPayment = z.object({ paymentId: z.string() })
const creditEntry = z.object({
  pk: z.string(),
  id: z.string(),
  cause: z.string(),
  amountMinor: z.int(),
  balanceAfterMinor: z.int(),
  paymentId: z.string(),
  createdAt: z.int(),
})
const credit = z.object({
  pk: z.string(),
  sk: z.string(),
  accountId: z.string(),
  currency: z.string(),
  balanceMinor: z.int(),
})
const entry = z.object({
  pk: z.string(),
  type: z.string(),
  amount: z.int(),
  reason: z.string(),
  reference: z.optional(z.string()),
})
const notice = z.object({ kind: z.string(), data: z.optional(z.record(z.string(), z.unknown())) })
const wallet = z.object({ pk: z.string(), bal: z.int() })

/** Everything that is stored, by what it is. */
export function rowsIn(items: readonly Item[]) {
  const all = <Schema extends z.ZodMiniType>(schema: Schema, entity: string): z.output<Schema>[] =>
    items.filter((item) => item.entity === entity).map((item) => schema.parse(item))
  return {
    payments: items.filter(({ entity }) => entity === 'payment').map(readRow),
    invoices: all(invoice, 'invoice'),
    refunds: all(refund, 'refund'),
    purchases: all(ofPayment, 'purchase'),
    subscriptions: all(ofPayment, 'subscription'),
    creditEntries: all(creditEntry, 'creditEntry'),
    credits: all(credit, 'accountCredit'),
    entries: all(entry, 'entry'),
    wallets: all(wallet, 'wallet'),
    notices: all(notice, 'notice'),
  }
}
export type Rows = ReturnType<typeof rowsIn>

const readRow = (item: Item): PaymentRow => payment.parse(paymentMembers(item))
export const creditEntryIn = (item: Item | undefined) =>
  item?.entity === 'creditEntry' ? creditEntry.parse(item) : undefined

export const paymentIn = (item: Item | undefined): PaymentRow | undefined => item && readRow(item)
