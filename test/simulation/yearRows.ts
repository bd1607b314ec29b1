import * as z from 'zod/mini'
import type { Item } from '#table/port'
import { paymentMembers } from './paymentItem.ts'

/** The stored shapes that the oracle of years reads, by itself. Amounts are minor units. */
const payment = z.object({
  id: z.string(),
  accountId: z.string(),
  type: z.string(),
  status: z.string(),
  progress: z.string(),
  amountMinor: z.int(),
  createdAt: z.int(),
  released: z.boolean(),
  holds: z.object({ coupon: z.optional(z.object({ code: z.string() })) }),
  lines: z.array(
    z.object({
      kind: z.string(),
      id: z.string(),
      count: z.int(),
      unit: z.int(),
      off: z.optional(z.array(z.object({ amountMinor: z.int() }))),
      net: z.int(),
      total: z.int(),
    }),
  ),
  adjustments: z.optional(z.array(z.object({ amountMinor: z.int() }))),
  settled: z.optional(z.object({ as: z.string(), at: z.int(), providerPaymentId: z.nullable(z.string()) })),
  subject: z.object({
    kind: z.string(),
    priceId: z.optional(z.string()),
    subscriptionId: z.optional(z.string()),
    periodIndex: z.optional(z.int()),
    change: z.optional(z.object({ which: z.string(), pricedAt: z.int() })),
    carried: z.optional(z.object({ id: z.string(), amountMinor: z.int() })),
  }),
})
const subscription = z.object({
  id: z.string(),
  pk: z.string(),
  status: z.string(),
  complimentary: z.boolean(),
  priceId: z.string(),
  periodStart: z.int(),
  periodEnd: z.nullable(z.int()),
  paidMinor: z.optional(z.int()),
  ahead: z.optional(z.array(z.object({ paidMinor: z.int() }))),
  paymentId: z.optional(z.string()),
  createdAt: z.int(),
  pendingCharge: z.optional(
    z.object({ paymentId: z.string(), startedAt: z.int(), processing: z.optional(z.boolean()) }),
  ),
  scheduledChange: z.optional(z.object({ priceId: z.string() })),
  retry: z.optional(z.object({ failed: z.int() })),
})
const invoice = z.object({
  id: z.string(),
  accountId: z.string(),
  kind: z.string(),
  series: z.string(),
  number: z.optional(z.string()),
  paymentId: z.string(),
  totalMinor: z.int(),
})
const refund = z.object({
  id: z.string(),
  accountId: z.string(),
  paymentId: z.string(),
  status: z.string(),
  plan: z.string(),
  effectAt: z.optional(z.int()),
  amountMinor: z.int(),
})
const credit = z.object({ pk: z.string(), accountId: z.string(), balanceMinor: z.int() })
const creditEntry = z.object({ pk: z.string(), amountMinor: z.int() })
const usage = z.object({ pk: z.string(), feature: z.string(), quantity: z.int(), at: z.int() })
const couponCount = z.object({ pk: z.string(), n: z.int() })
/** `businessAt`: when it was decided, which may be long before it is committed. `status`: it was refused. */
const audit = z.object({ action: z.string(), businessAt: z.int(), status: z.optional(z.int()) })

const one =
  <Schema extends z.ZodMiniType>(schema: Schema, entity: string) =>
  (item: Item | undefined): z.output<Schema> | undefined =>
    item?.entity === entity ? schema.parse(item) : undefined
export const paymentIn = (item: Item | undefined) =>
  item?.entity === 'payment' ? payment.parse(paymentMembers(item)) : undefined
export const subscriptionIn = one(subscription, 'subscription')
export const refundIn = one(refund, 'refund')
export const auditIn = one(audit, 'audit')
export const usageIn = one(usage, 'usage')
const [invoiceIn, creditIn, creditEntryIn, couponCountIn] = [
  one(invoice, 'invoice'),
  one(credit, 'accountCredit'),
  one(creditEntry, 'creditEntry'),
  one(couponCount, 'couponCount'),
]

export function yearRowsIn(items: readonly Item[]) {
  const all = <Row>(read: (item: Item) => Row | undefined): Row[] => items.flatMap((item) => read(item) ?? [])
  return {
    payments: all(paymentIn),
    subscriptions: all(subscriptionIn),
    invoices: all(invoiceIn),
    refunds: all(refundIn),
    credits: all(creditIn),
    creditEntries: all(creditEntryIn),
    couponCounts: all(couponCountIn),
  }
}
export type YearRows = ReturnType<typeof yearRowsIn>
export type YearPayment = YearRows['payments'][number]
