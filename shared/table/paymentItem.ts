import * as z from 'zod/mini'
import type { CarriedCoupon } from '#domain/coupon'
import { paymentProviders } from '#domain/moneyCharge'
import { type Adjustment, type LineDiscount, lineKinds, type TaxTotal } from '#domain/order'
import {
  type Attempt,
  type Charge,
  type Dispute,
  type DisputeOutcome,
  differences,
  type Holds,
  type Payment,
  type PaymentSubject,
  type PricedChange,
  paymentStatuses,
  paymentTypes,
  progressSteps,
  type RefundEvidence,
  unlawfulReasons,
} from '#domain/payment'
import type { CarriedItem } from '#domain/subscriptionState'
import type { TaxRule } from '#domain/tax'
import { intervals } from '#domain/terms'
import type { MembersOf } from './stored.ts'

/** What a payment looks like in the table, and the parts of it that invoices and subscriptions hold too. Amounts are minor units. */
export const lineDiscount = z.object({
  kind: z.enum(['plan', 'manual', 'coupon']),
  label: z.string(),
  amountMinor: z.int(),
} satisfies MembersOf<LineDiscount>)

export const taxRule = z.object({
  name: z.string(),
  rate: z.string(),
  inclusive: z.boolean(),
} satisfies MembersOf<TaxRule>)

export const taxTotal = z.object({
  ...taxRule.shape,
  baseMinor: z.int(),
  taxMinor: z.int(),
} satisfies MembersOf<TaxTotal>)

export const adjustment = z.object({
  kind: z.enum(['account_credit', 'rounding']),
  amountMinor: z.int(),
} satisfies MembersOf<Adjustment>)

export const carriedCoupon = z.object({
  code: z.string(),
  percentOff: z.exactOptional(z.number()),
  amountOff: z.exactOptional(z.int()),
  periodsLeft: z.union([z.int(), z.literal('forever')]),
} satisfies MembersOf<CarriedCoupon>)

export const carriedItem = z.object({
  kind: z.enum(lineKinds),
  id: z.string(),
  description: z.string(),
  amountMinor: z.int(),
  taxed: z.exactOptional(z.literal(true)),
} satisfies MembersOf<CarriedItem>)

/** What it says follows its kind: `text` describes it, `unit` and the rest are minor units. The price is count × unit. */
const line = z.object({
  kind: z.enum(lineKinds),
  id: z.string(),
  text: z.string(),
  count: z.int(),
  unit: z.int(),
  off: z.exactOptional(z.array(lineDiscount)),
  net: z.int(),
  tax: z.exactOptional(z.int()),
  total: z.int(),
})

type Subject<Kind> = Extract<PaymentSubject, { kind: Kind }>
const subject = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('plan'),
    planId: z.string(),
    priceId: z.string(),
    name: z.string(),
    interval: z.enum(intervals),
    coupon: z.exactOptional(carriedCoupon),
  } satisfies MembersOf<Subject<'plan'>>),
  z.object({
    kind: z.literal('credit_pack'),
    productId: z.string(),
    name: z.string(),
    quantity: z.int(),
    credits: z.int(),
    expiresAfter: z.exactOptional(z.string()),
  } satisfies MembersOf<Subject<'credit_pack'>>),
  z.object({
    kind: z.literal('item'),
    productId: z.string(),
    name: z.string(),
    quantity: z.int(),
    group: z.string(),
  } satisfies MembersOf<Subject<'item'>>),
  z.object({ kind: z.literal('method'), name: z.string() } satisfies MembersOf<Subject<'method'>>),
  z.object({
    kind: z.literal('subscription'),
    subscriptionId: z.string(),
    planId: z.string(),
    priceId: z.string(),
    periodIndex: z.int(),
    carried: z.exactOptional(carriedItem),
    change: z.exactOptional(
      z.object({
        which: z.enum(['upgrade', 'other_interval']),
        ground: z.string(),
        pricedAt: z.int(),
        chargeMinor: z.int(),
        surplusMinor: z.int(),
        tax: z.exactOptional(taxRule),
        coupon: z.exactOptional(carriedCoupon),
      } satisfies MembersOf<PricedChange>),
    ),
  } satisfies MembersOf<Subject<'subscription'>>),
])

const holds = z.object({
  coupon: z.exactOptional(z.object({ code: z.string() })),
  manualDiscountId: z.exactOptional(z.string()),
  discount: z.exactOptional(
    z.object({ group: z.string(), windowId: z.string(), free: z.int(), percent: z.int() } satisfies MembersOf<
      NonNullable<Holds['discount']>
    >),
  ),
  creditMinor: z.exactOptional(z.int()),
} satisfies MembersOf<Holds>)

const attempt = z.object({
  state: z.enum(['failed', 'processing', 'authorized']),
  at: z.int(),
  providerPaymentId: z.exactOptional(z.string()),
  code: z.exactOptional(z.string()),
  reason: z.exactOptional(z.string()),
} satisfies MembersOf<Attempt>)

/** What became of a charge; its guard says it too. */
export const settledAs = z.enum(['granted', 'account_credit', 'held'])

const charge = z.object({
  id: z.string(),
  capture: z.exactOptional(
    z.object({
      amountMinor: z.int(),
      currency: z.string(),
      at: z.int(),
      differences: z.exactOptional(z.array(z.enum(differences))),
      unlawful: z.exactOptional(z.array(z.enum(unlawfulReasons))),
    }),
  ),
  refundTotalMinor: z.exactOptional(z.int()),
  refunds: z.exactOptional(
    z.array(
      z.object({
        refundId: z.exactOptional(z.string()),
        providerRefundId: z.exactOptional(z.string()),
        amountMinor: z.int(),
        processed: z.boolean(),
        failed: z.boolean(),
      } satisfies MembersOf<RefundEvidence>),
    ),
  ),
  as: z.exactOptional(settledAs),
  lostCreditMinor: z.exactOptional(z.int()),
  creditShortMinor: z.exactOptional(z.int()),
  resolved: z.exactOptional(
    z.object({ as: z.enum(['settled', 'kept', 'returned']), at: z.int() } satisfies MembersOf<
      NonNullable<Charge['resolved']>
    >),
  ),
} satisfies MembersOf<Omit<Charge, 'providerPaymentId'>> & { id: z.ZodMiniType })

const dispute = z.object({
  disputeId: z.string(),
  providerPaymentId: z.exactOptional(z.string()),
  amountMinor: z.int(),
  opened: z.boolean(),
  respondBy: z.exactOptional(z.int()),
  reason: z.exactOptional(z.string()),
  outcome: z.exactOptional(
    z.object({
      won: z.boolean(),
      at: z.int(),
      takenMinor: z.exactOptional(z.int()),
    } satisfies MembersOf<DisputeOutcome>),
  ),
} satisfies MembersOf<Dispute>)

const settled = z.object({
  at: z.int(),
  as: settledAs,
  /** The provider's payment. */
  by: z.nullable(z.string()),
  reference: z.exactOptional(z.string()),
})

/**
 * A payment as the table holds it. A renewal writes it twice, and beyond 1 KB each write costs double: so what follows
 * from the rest is left out (ids that the keys say, sums, flags), and what is nothing, and names are short. Reading makes
 * the payment again, and `putPaymentWrite` asserts that it comes back as it was.
 */
export const storedPayment = z.object({
  type: z.enum(paymentTypes),
  mode: z.enum(['test', 'live']),
  amountMinor: z.int(),
  currency: z.string(),
  lines: z.array(line),
  /** The one rate of all its lines; otherwise `taxes`. */
  tax: z.exactOptional(taxRule),
  taxes: z.exactOptional(z.array(taxTotal)),
  adjustments: z.exactOptional(z.array(adjustment)),
  subject,
  provider: z.nullable(z.enum(paymentProviders)),
  followed: z.exactOptional(z.literal(true)),
  method: z.exactOptional(z.object({ id: z.string(), customer: z.exactOptional(z.string()) })),
  providerOrderId: z.exactOptional(z.string()),
  /** For whoever looks at the table: it follows from the evidence. */
  status: z.enum(paymentStatuses),
  catalogueVersion: z.int(),
  holds: z.exactOptional(holds),
  released: z.exactOptional(z.literal(true)),
  createdAt: z.int(),
  updatedAt: z.int(),
  expiresAt: z.int(),
  progress: z.enum(progressSteps),
  attempt: z.exactOptional(attempt),
  charges: z.exactOptional(z.array(charge)),
  disputes: z.exactOptional(z.array(dispute)),
  settled: z.exactOptional(settled),
  refundedMinor: z.exactOptional(z.int()),
  reversedMinor: z.exactOptional(z.int()),
  notedMinor: z.exactOptional(z.int()),
  ver: z.int(),
} satisfies MembersOf<Omit<Payment, Following>> & Record<'lines' | 'tax' | 'taxes' | 'adjustments', z.ZodMiniType>)
/** What the keys say, what is stored line by line, and what follows from the evidence. */
type Following = 'id' | 'accountId' | 'order' | 'providerPaymentId' | 'capturedMinor' | 'flags'
export type StoredPayment = z.output<typeof storedPayment>
