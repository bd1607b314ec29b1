import * as z from 'zod/mini'

// The parts of the API's answers that the stories read, as a client of the product would declare them.

const text = z.string()
const instant = z.nullable(z.string())
const provider = z.nullable(z.enum(['razorpay', 'paystack', 'stripe']))
const page = <Row extends z.core.$ZodType>(row: Row) => z.object({ data: z.array(row), nextCursor: z.nullable(text) })

/** Amounts are minor units of the currency. */
export const payment = z.object({
  id: text,
  type: text,
  status: text,
  amount: z.int(),
  currency: text,
  refunded: z.int(),
  provider,
  providerOrderId: z.nullable(text),
  failure: z.nullable(z.object({ reason: z.nullable(text) })),
  description: text,
  createdAt: text,
  completedAt: instant,
})
export type Payment = z.output<typeof payment>

export const payments = page(payment)

export const paymentDetail = z.extend(payment, {
  invoiceNumber: z.nullable(text),
  documents: z.array(
    z.object({
      kind: z.enum(['invoice', 'credit_note']),
      number: z.nullable(text),
      refundId: z.nullable(text),
      total: z.int(),
      issuedOn: text,
      period: z.nullable(z.object({ from: text, to: text })),
    }),
  ),
})

export const checkout = z.object({
  paymentId: text,
  provider,
  providerOrderId: z.nullable(text),
  amount: z.int(),
  currency: text,
  payment,
})
export type Checkout = z.output<typeof checkout>

export const subscription = z.object({
  planId: z.nullable(text),
  priceId: z.nullable(text),
  status: z.nullable(text),
  currentPeriodStart: instant,
  currentPeriodEnd: instant,
  paidUntil: instant,
  daysRemaining: z.nullable(z.int()),
  cancelAtPeriodEnd: z.boolean(),
  scheduledChange: z.nullable(z.object({ planId: text, priceId: text, effectiveAt: text })),
  features: z.record(text, z.unknown()),
  autoRenew: z.boolean(),
  activePlanId: z.nullable(text),
})

export const history = page(
  z.object({
    planId: text,
    previousPlanId: z.nullable(text),
    priceId: text,
    kind: text,
    startedAt: text,
    endedAt: instant,
    active: z.boolean(),
    amount: z.int(),
    currency: text,
    provider,
    paymentId: z.nullable(text),
  }),
)

export const preview = z.object({
  lines: z.array(z.object({ kind: text, description: text, amount: z.int() })),
  total: z.int(),
  currency: text,
  effectiveAt: text,
  token: text,
})

export const change = z.object({
  status: z.enum(['scheduled', 'payment_required', 'changed']),
  payment: z.nullable(payment),
  subscription,
})

const limit = z.nullable(z.union([z.int(), z.literal('unlimited')]))

export const check = z.object({
  allowed: z.boolean(),
  planId: z.nullable(text),
  limit,
  used: z.nullable(z.int()),
  credits: z.object({ cost: z.int(), balance: z.int() }),
  value: z.optional(z.unknown()),
  reason: z.optional(text),
  upgrade: z.optional(z.object({ planId: text, priceId: text, amount: z.int(), currency: text })),
})

export const credits = z.object({
  balance: z.int(),
  grants: z.array(z.object({ amount: z.int(), remaining: z.int(), expiresAt: instant })),
})

export const usage = z.object({ used: z.int(), limit, remaining: z.nullable(z.int()) })

export const notices = page(z.object({ kind: text }))

export const quote = z.object({
  gross: z.int(),
  discounts: z.array(z.object({ kind: text, label: text, amount: z.int() })),
  total: z.int(),
  quote: text,
})

export const purchases = z.object({ data: z.array(z.object({ productId: text, amount: z.int(), quantity: z.int() })) })
export const claimed = z.object({ purchases: z.array(z.object({ productId: text, amount: z.int() })) })
export const session = z.object({ token: text, accountId: text })

/** A payment as staff see it. */
export const staffPayment = z.extend(payment, { accountId: text, captured: z.int() })
export const staffPayments = page(staffPayment)
export const staffPaymentDetail = z.extend(staffPayment, {
  lines: z.array(z.object({ kind: text, description: text, quantity: z.int(), total: z.int() })),
  adjustments: z.array(z.object({ kind: text, amount: z.int() })),
  charges: z.array(z.object({ as: z.nullable(text) })),
  invoices: z.array(z.object({ kind: z.enum(['invoice', 'credit_note']), number: z.nullable(text), total: z.int() })),
})
export const refund = z.object({ id: text, status: text, amount: z.int(), creditsTaken: z.nullable(z.int()) })
