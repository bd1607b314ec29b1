import * as z from 'zod/mini'
import { http } from './definition.ts'
import { credits, instant, metadata, orNull, ourId, pageOf, pageQuery, reason, text, time } from './fields.ts'

const amount = z.int()

const grantView = z.object({
  id: ourId('grn'),
  amount: credits,
  remaining: amount,
  expiresAt: orNull(time),
  priority: z.int(),
  source: z.enum(['grant', 'included', 'rollover', 'refund', 'purchase', 'adjust']),
})

export const getCredits = http({
  id: 'getCredits',
  area: 'credits',
  summary: 'Balance, held and available credits, and the live grants.',
  ifItFails: 'Nobody can see how many credits they have; deductions go on working.',
  routes: ['GET /v1/me/credits', 'GET /v1/accounts/{accountId}/credits'],
  scope: 'credits:read',
  success: 200,
  output: z.object({ balance: amount, held: amount, available: amount, grants: z.array(grantView) }),
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

const entryView = z.object({
  id: ourId('led'),
  accountId: z.string(),
  type: z.enum(['grant', 'deduct', 'commit', 'expire', 'refund', 'adjust']),
  amount,
  /** Null for an entry that is due but not yet written. */
  seq: orNull(z.int()),
  balanceAfter: amount,
  grantMoves: z.array(z.object({ grantId: ourId('grn'), amount })),
  reason: z.string(),
  reference: orNull(z.string()),
  idempotencyKey: orNull(z.string()),
  requestId: orNull(z.string()),
  actor: orNull(z.string()),
  effectiveAt: time,
  createdAt: orNull(time),
})

export const listLedger = http({
  id: 'listLedger',
  area: 'credits',
  summary: 'Every change of the balance, newest first.',
  ifItFails: 'Nobody can see why a balance is what it is; deductions go on working.',
  routes: ['GET /v1/me/credits/ledger', 'GET /v1/accounts/{accountId}/credits/ledger'],
  scope: 'credits:read',
  query: z.strictObject(pageQuery),
  success: 200,
  output: pageOf(entryView),
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

export const grantCredits = http({
  id: 'grantCredits',
  area: 'credits',
  summary: 'Give credits, perhaps with an expiry; lower priority numbers are spent first.',
  ifItFails: 'Credits that a customer was promised do not arrive.',
  routes: ['POST /v1/accounts/{accountId}/credits/grants'],
  scope: 'credits:write',
  body: z.strictObject({
    amount: credits,
    expiresAt: z.optional(instant),
    priority: z._default(z.int().check(z.minimum(0), z.maximum(1000)), 0),
    reason,
  }),
  success: 201,
  output: z.object({
    id: ourId('grn'),
    amount: credits,
    expiresAt: orNull(time),
    priority: z.int(),
    balance: amount,
    entryId: ourId('led'),
  }),
  idempotency: 'guard',
  errors: ['not_found', 'conflict', 'account_suspended'],
  grants: { table: 'readWrite' },
})

export const deductCredits = http({
  id: 'deductCredits',
  area: 'credits',
  summary: 'Take credits off the balance, whole or not at all.',
  ifItFails: 'Products cannot charge credits: their paid features stop.',
  routes: ['POST /v1/accounts/{accountId}/credits/deductions'],
  scope: 'credits:write',
  body: z.strictObject({ amount: credits, reason, metadata: z.optional(metadata) }),
  success: 201,
  output: z.object({ id: ourId('ded'), amount: credits, balance: amount, entryId: ourId('led') }),
  idempotency: 'guard',
  errors: ['not_found', 'insufficient_credits', 'account_suspended'],
  grants: { table: 'readWrite' },
})

export const refundCredits = http({
  id: 'refundCredits',
  area: 'credits',
  summary: 'Give back what a deduction took: all of it, or a part; never more than it took.',
  ifItFails: 'Customers wait for credits of work that failed.',
  routes: ['POST /v1/accounts/{accountId}/credits/refunds'],
  scope: 'credits:write',
  body: z.strictObject({ deductionId: ourId('ded'), amount: z.optional(credits), reason: z.optional(text(500)) }),
  success: 201,
  output: z.object({
    id: ourId('rfn'),
    deductionId: ourId('ded'),
    amount: credits,
    balance: amount,
    entryId: ourId('led'),
  }),
  idempotency: 'guard',
  errors: ['not_found', 'conflict'],
  grants: { table: 'readWrite' },
})

const reservationId = z.strictObject({ reservationId: ourId('rsv') })
const reservationView = z.object({
  id: ourId('rsv'),
  amount: credits,
  status: z.enum(['held', 'committed', 'released']),
  expiresAt: time,
  balance: amount,
  available: amount,
  /** With a commit: what was taken, and the entry that took it. */
  committed: z.optional(amount),
  /** What a refund of it names. */
  deductionId: z.optional(ourId('ded')),
  entryId: z.optional(ourId('led')),
})

export const reserveCredits = http({
  id: 'reserveCredits',
  area: 'credits',
  summary: 'Hold credits for work whose cost is not known yet; they lapse back by themselves.',
  ifItFails: 'Work that reserves before it runs cannot start.',
  routes: ['POST /v1/accounts/{accountId}/credits/reservations'],
  scope: 'credits:write',
  body: z.strictObject({
    amount: credits,
    /** Up to a day: what is held longer is a deduction. */
    expiresInSeconds: z._default(z.int().check(z.minimum(1), z.maximum(86_400)), 900),
    reason,
  }),
  success: 201,
  output: reservationView,
  idempotency: 'guard',
  errors: ['not_found', 'insufficient_credits', 'account_suspended', 'rate_limited', 'conflict'],
  grants: { table: 'readWrite' },
})

export const commitReservation = http({
  id: 'commitReservation',
  area: 'credits',
  summary: 'Turn a reservation into a deduction of the actual amount and release the rest.',
  ifItFails: 'Work that was done stays unpaid until its holds lapse.',
  routes: ['POST /v1/accounts/{accountId}/credits/reservations/{reservationId}/commit'],
  scope: 'credits:write',
  params: reservationId,
  body: z.optional(
    z.strictObject({
      /** Default: all that is held. To take nothing, release it. */
      amount: z.optional(credits),
      /** A cost above the hold is taken from what is available, or refused whole. */
      allowAboveHold: z._default(z.boolean(), false),
      reason: z.optional(reason),
    }),
  ),
  success: 200,
  output: reservationView,
  idempotency: 'guard',
  errors: ['not_found', 'conflict', 'reservation_expired', 'insufficient_credits', 'account_suspended'],
  grants: { table: 'readWrite' },
})

export const releaseReservation = http({
  id: 'releaseReservation',
  area: 'credits',
  summary: 'Give a reservation back.',
  ifItFails: 'Credits of abandoned work stay held until the hold lapses.',
  routes: ['POST /v1/accounts/{accountId}/credits/reservations/{reservationId}/release'],
  scope: 'credits:write',
  params: reservationId,
  success: 200,
  output: reservationView,
  idempotency: 'guard',
  errors: ['not_found', 'conflict', 'reservation_expired'],
  grants: { table: 'readWrite' },
})
