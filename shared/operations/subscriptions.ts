import * as z from 'zod/mini'
import { paymentProviders } from '#domain/moneyCharge'
import { subscriptionStatuses } from '#domain/subscription'
import { http } from './definition.ts'
import {
  catalogueId,
  currency,
  instant,
  limit,
  orNull,
  ourId,
  pageOf,
  pageQuery,
  reason,
  text,
  time,
} from './fields.ts'
import { checkoutView, paymentView } from './payments.ts'

/** ISO 4217 minor units. */
const minor = z.int()
const status = z.enum(subscriptionStatuses)
/** As the gateways take ids: it becomes part of a key. */
const providerId = z.string().check(z.regex(/^[A-Za-z0-9_.:=-]{1,255}$/))
const window = z.enum(['minute', 'hour', 'day', 'month', 'period', 'lifetime'])

/** What the plan gives of a feature: on or off, a measure, or the name of a level or choice. */
const gives = z.union([z.boolean(), z.object({ limit, window: z.optional(window) }), orNull(z.string())])

/** The subscription, or, where there never was one, the fallback plan with everything else null. */
export const subscriptionDetailView = z.object({
  id: orNull(ourId('sub')),
  planId: orNull(catalogueId),
  priceId: orNull(catalogueId),
  /** At this instant, whether or not any job has run. */
  status: orNull(status),
  currentPeriodStart: orNull(time),
  currentPeriodEnd: orNull(time),
  /** The end of what is paid, periods ahead included; null: without end. */
  paidUntil: orNull(time),
  daysRemaining: orNull(z.int()),
  cancelAtPeriodEnd: z.boolean(),
  canceledAt: orNull(time),
  cancelReason: orNull(z.string()),
  scheduledChange: orNull(z.object({ planId: catalogueId, priceId: catalogueId, effectiveAt: time })),
  features: z.record(catalogueId, gives),
  autoRenew: z.boolean(),
  trial: z.boolean(),
  /** Since when nothing is charged and no grace runs: the account is suspended. */
  pausedAt: orNull(time),
  /** Given by staff: never billed. */
  complimentary: z.boolean(),
  /** What renewals charge; null: the account's default method. */
  paymentMethodId: orNull(ourId('pmt')),
  /** The payment provider that renews it: it is changed and cancelled there. Null: renewed here. */
  managedBy: orNull(z.enum(paymentProviders)),
  /** The plan that holds now: the fallback plan where the subscription is over. */
  activePlanId: orNull(catalogueId),
  createdAt: orNull(time),
  endedAt: orNull(time),
})

export const getSubscription = http({
  id: 'getSubscription',
  area: 'subscriptions',
  summary: 'The subscription as it stands at this instant, and what the plan gives that holds now.',
  ifItFails: 'Customers cannot see their plan; what it gives goes on.',
  routes: ['GET /v1/me/subscription', 'GET /v1/accounts/{accountId}/subscription'],
  scope: 'subscription:read',
  success: 200,
  output: subscriptionDetailView,
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

export const listSubscriptionHistory = http({
  id: 'listSubscriptionHistory',
  area: 'subscriptions',
  summary: 'Every plan the account was on, newest first, with what was paid for it.',
  ifItFails: 'Customers cannot see their earlier plans.',
  routes: ['GET /v1/me/subscription/history', 'GET /v1/accounts/{accountId}/subscription/history'],
  scope: 'subscription:read',
  query: z.strictObject(pageQuery),
  success: 200,
  output: pageOf(
    z.object({
      id: ourId('his'),
      planId: catalogueId,
      previousPlanId: orNull(catalogueId),
      priceId: catalogueId,
      kind: z.enum(['new', 'renewal', 'upgrade', 'downgrade', 'cancel', 'expire', 'grant', 'import']),
      startedAt: time,
      /** Its own end, or the change that replaced it before. */
      endedAt: orNull(time),
      /** It tells of what holds now; of one entry at most. */
      active: z.boolean(),
      amount: minor,
      currency,
      paymentId: orNull(ourId('fpay')),
      provider: orNull(z.enum(paymentProviders)),
      providerPaymentId: orNull(z.string()),
      /** What paid, as far as the provider told it: `visa •••• 4242`. */
      methodLabel: orNull(z.string()),
    }),
  ),
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

const changeFields = {
  priceId: catalogueId,
  couponCode: z.optional(text(64)),
}

export const previewChange = http({
  id: 'previewChange',
  area: 'subscriptions',
  summary: 'What a change of plan would cost now, line by line, with a token that holds it for 15 minutes.',
  ifItFails: 'Customers cannot see what a change costs before they make it.',
  routes: ['POST /v1/me/subscription/preview', 'POST /v1/accounts/{accountId}/subscription/preview'],
  scope: 'subscription:read',
  body: z.strictObject(changeFields),
  success: 200,
  output: z.object({
    /** Credits and discounts are below zero; the lines add up to the total, or to 0 with a surplus that is kept. */
    lines: z.array(
      z.object({
        kind: z.enum(['credit', 'charge', 'discount', 'tax', 'account_credit']),
        description: z.string(),
        amount: minor,
      }),
    ),
    total: minor,
    currency,
    effectiveAt: time,
    daysRemaining: orNull(z.int()),
    token: z.string(),
  }),
  idempotency: 'record',
  errors: ['not_found', 'conflict', 'coupon_invalid'],
  grants: { table: 'readWrite', writeKeys: ['ACCOUNT#*'], paymentSecret: true },
})

export const changeSubscription = http({
  id: 'changeSubscription',
  area: 'subscriptions',
  summary: 'Change the plan: at once when the difference is paid, or at the end of what is paid.',
  ifItFails: 'Customers cannot move to another plan.',
  routes: [
    'POST /v1/me/subscription/change',
    'POST /v1/accounts/{accountId}/subscription/change',
    'POST /v1/admin/accounts/{accountId}/subscription/change',
  ],
  scope: 'subscription:write',
  body: z.strictObject({
    ...changeFields,
    /** Of a preview: the change costs what that said, its coupon included; a coupon that is sent as well is the same one. */
    token: z.optional(z.string().check(z.maxLength(16_000), z.regex(/^[A-Za-z0-9_-]+$/))),
    /** Charged at once, without the customer. */
    paymentMethodId: z.optional(ourId('pmt')),
  }),
  success: 200,
  output: z.object({
    status: z.enum(['scheduled', 'payment_required', 'changed']),
    /** What the provider's browser library needs; null when there is nothing to pay, or when a saved method was charged. */
    checkout: orNull(z.record(z.string(), z.unknown())),
    payment: orNull(paymentView),
    subscription: subscriptionDetailView,
  }),
  idempotency: 'record',
  errors: [
    'not_found',
    'conflict',
    'coupon_invalid',
    'quote_expired',
    'idempotency_in_progress',
    'provider_unavailable',
    'account_suspended',
  ],
  grants: { table: 'readWrite', paymentSecret: true },
  limits: { timeoutSeconds: 29 },
})

export const cancelSubscription = http({
  id: 'cancelSubscription',
  area: 'subscriptions',
  summary: 'Cancel the subscription now or at the end of what is paid.',
  ifItFails: 'A customer cannot stop being charged.',
  routes: [
    'POST /v1/me/subscription/cancel',
    'POST /v1/accounts/{accountId}/subscription/cancel',
    'POST /v1/admin/accounts/{accountId}/subscription/cancel',
  ],
  scope: 'subscription:write',
  body: z.strictObject({ when: z.enum(['now', 'period_end']), reason: z.optional(reason) }),
  success: 200,
  output: subscriptionDetailView,
  idempotency: 'record',
  errors: ['not_found', 'conflict', 'account_suspended'],
  grants: { table: 'readWrite' },
})

export const reactivateSubscription = http({
  id: 'reactivateSubscription',
  area: 'subscriptions',
  summary: 'Take a cancellation back while the time that was paid is not over.',
  ifItFails: 'Customers who change their mind lose the time they have paid for.',
  routes: ['POST /v1/me/subscription/reactivate', 'POST /v1/accounts/{accountId}/subscription/reactivate'],
  scope: 'subscription:write',
  success: 200,
  output: subscriptionDetailView,
  idempotency: 'record',
  errors: ['not_found', 'conflict', 'account_suspended'],
  grants: { table: 'readWrite' },
})

export const updateSubscription = http({
  id: 'updateSubscription',
  area: 'subscriptions',
  summary: 'Turn renewing by itself off (it ends with what is paid) or on (it needs a saved method).',
  ifItFails: 'Customers cannot say whether their plan renews.',
  routes: ['PATCH /v1/me/subscription', 'PATCH /v1/accounts/{accountId}/subscription'],
  scope: 'subscription:write',
  body: z.strictObject({ autoRenew: z.boolean() }),
  success: 200,
  output: subscriptionDetailView,
  idempotency: 'record',
  errors: ['not_found', 'conflict', 'account_suspended'],
  grants: { table: 'readWrite' },
})

export const deleteScheduledChange = http({
  id: 'deleteScheduledChange',
  area: 'subscriptions',
  summary: 'Drop a change of plan that waits for the end of what is paid.',
  ifItFails: 'Customers cannot take a downgrade back.',
  routes: [
    'DELETE /v1/me/subscription/scheduled-change',
    'DELETE /v1/accounts/{accountId}/subscription/scheduled-change',
  ],
  scope: 'subscription:write',
  success: 200,
  output: subscriptionDetailView,
  idempotency: 'record',
  errors: ['not_found', 'conflict', 'account_suspended'],
  grants: { table: 'readWrite' },
})

export const renewSubscription = http({
  id: 'renewSubscription',
  area: 'subscriptions',
  summary: 'Pay the next period by hand: it is added to the end of what is paid, or begins now where that is over.',
  ifItFails: 'Customers without a saved method cannot keep their plan.',
  routes: ['POST /v1/me/subscription/renew', 'POST /v1/accounts/{accountId}/subscription/renew'],
  scope: 'subscription:write',
  body: z.strictObject({
    /** Of a plan that is over; a live one renews at its own price. */
    priceId: z.optional(catalogueId),
    /** Charged at once, without the customer. */
    paymentMethodId: z.optional(ourId('pmt')),
  }),
  success: 201,
  output: checkoutView,
  idempotency: 'guard',
  errors: [
    'not_found',
    'conflict',
    'coupon_invalid',
    'amount_too_small',
    'quote_expired',
    'idempotency_in_progress',
    'provider_unavailable',
  ],
  grants: { table: 'readWrite', paymentSecret: true },
  limits: { timeoutSeconds: 29 },
})

export const startTrial = http({
  id: 'startTrial',
  area: 'subscriptions',
  summary:
    'Try a plan, once: the saved method that is named, else the default one, is charged at the end of the trial; without one it ends then.',
  ifItFails: 'New customers cannot try a plan.',
  routes: ['POST /v1/me/subscription/trial', 'POST /v1/accounts/{accountId}/subscription/trial'],
  scope: 'subscription:write',
  body: z.strictObject({
    priceId: catalogueId,
    /** Charged at its end; absent: the account's default method. */
    paymentMethodId: z.optional(ourId('pmt')),
  }),
  success: 201,
  output: subscriptionDetailView,
  idempotency: 'record',
  errors: ['not_found', 'conflict', 'account_suspended'],
  grants: { table: 'readWrite' },
})

export const extendSubscription = http({
  id: 'extendSubscription',
  area: 'subscriptions',
  summary: 'Let the present period end later, free of charge; the periods after it move with it.',
  ifItFails: 'Staff cannot give a customer more time.',
  routes: ['POST /v1/admin/accounts/{accountId}/subscription/extend'],
  body: z.strictObject({ until: instant, reason }),
  success: 200,
  output: subscriptionDetailView,
  idempotency: 'record',
  errors: ['not_found', 'conflict'],
  grants: { table: 'readWrite' },
})

export const importSubscription = http({
  id: 'importSubscription',
  area: 'subscriptions',
  summary: 'Bring a subscription over that a payment provider renews: from then on it is as the provider says.',
  ifItFails: 'Customers whose subscription a provider renews cannot be brought over.',
  routes: ['POST /v1/admin/accounts/{accountId}/subscription/import'],
  body: z.strictObject({
    provider: z.enum(paymentProviders),
    providerSubscriptionId: providerId,
    /** The price whose plan it gives; what the provider charges is the provider's. */
    priceId: catalogueId,
    currentPeriodStart: instant,
    /** At most 72 hours ago. */
    currentPeriodEnd: instant,
    status: z.optional(z.enum(['active', 'past_due'])),
    gatewayCustomerId: z.optional(providerId),
  }),
  success: 201,
  output: subscriptionDetailView,
  idempotency: 'record',
  errors: ['not_found', 'conflict'],
  grants: { table: 'readWrite', paymentSecret: true },
})

export const listSubscriptions = http({
  id: 'listSubscriptions',
  area: 'subscriptions',
  summary: 'Subscriptions of all accounts, newest first; a page that a filter leaves short goes on at its cursor.',
  ifItFails: 'Staff cannot look through subscriptions.',
  routes: ['GET /v1/admin/subscriptions'],
  query: z.strictObject({ ...pageQuery, status: z.optional(status) }),
  success: 200,
  output: pageOf(
    z.object({
      id: ourId('sub'),
      accountId: z.string(),
      planId: catalogueId,
      priceId: catalogueId,
      status,
      complimentary: z.boolean(),
      currentPeriodStart: time,
      currentPeriodEnd: orNull(time),
      paidUntil: orNull(time),
      cancelAtPeriodEnd: z.boolean(),
      autoRenew: z.boolean(),
      managedBy: orNull(z.enum(paymentProviders)),
      trial: z.boolean(),
      createdAt: time,
      endedAt: orNull(time),
    }),
  ),
  idempotency: 'natural',
  errors: [],
  grants: { table: 'read' },
})
