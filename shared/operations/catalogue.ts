import * as z from 'zod/mini'
import { http } from './definition.ts'
import { catalogueId, currency, limit } from './fields.ts'

/** The public face of the catalogue. Views are made by `#domain/catalogueCompare`. */

const text = z.string().check(z.maxLength(300))
const amount = z.int().check(z.minimum(0))
const price = z.object({
  id: catalogueId,
  amount,
  currency,
  interval: z.enum(['month', 'quarter', 'year', 'one-time', 'lifetime']),
  compareAt: z.nullable(amount),
  savingPercent: z.nullable(z.int().check(z.minimum(1), z.maximum(100))),
})
const kind = z.enum(['flag', 'metered', 'level', 'choice', 'gauge'])
const cell = {
  included: z.boolean(),
  value: z.nullable(z.union([limit, z.string(), z.boolean()])),
  text,
}
const feature = z.object({
  id: catalogueId,
  name: text,
  kind,
  ...cell,
  unit: z.nullable(text),
  window: z.nullable(z.enum(['minute', 'hour', 'day', 'month', 'period', 'lifetime'])),
  creditCost: z.nullable(z.int().check(z.minimum(1))),
  overage: z.nullable(z.object({ unitAmount: z.string(), maxAmount: z.nullable(amount) })),
})
const plan = z.object({
  id: catalogueId,
  name: text,
  description: z.nullable(text),
  rank: z.int().check(z.minimum(0)),
  trialDays: z.nullable(z.int().check(z.minimum(1))),
  prices: z.array(price),
  features: z.array(feature),
  credits: z.nullable(
    z.object({
      included: amount,
      window: z.enum(['day', 'month', 'period', 'lifetime']),
      rollover: z.union([amount, z.enum(['none', 'all'])]),
    }),
  ),
  rateLimit: z.nullable(
    z.object({
      requests: z.int().check(z.minimum(1)),
      per: z.enum(['second', 'minute', 'hour', 'day']),
      seconds: z.int().check(z.minimum(1)),
    }),
  ),
})
const header = { catalogueVersion: z.int().check(z.minimum(1)), name: text, currency }

export const listPlans = http({
  id: 'listPlans',
  area: 'catalogue',
  summary: 'List the public plans with their prices, features, included credits and rate limits, lowest rank first.',
  ifItFails: 'Visitors and customers see no plans and no prices.',
  routes: ['GET /v1/plans'],
  success: 200,
  output: z.object({ ...header, data: z.array(plan), nextCursor: z.null() }),
  idempotency: 'natural',
  errors: [],
  grants: { table: 'read' },
})

export const comparePlans = http({
  id: 'comparePlans',
  area: 'catalogue',
  summary: 'Compare the public plans: a row for each feature, a column for each plan.',
  ifItFails: 'The comparison on the pricing page is empty.',
  routes: ['GET /v1/plans/compare'],
  success: 200,
  output: z.object({
    ...header,
    columns: z.array(z.object({ planId: catalogueId, name: text, prices: z.array(price) })),
    rows: z.array(
      z.object({
        feature: catalogueId,
        name: text,
        kind,
        unit: z.nullable(text),
        cells: z.array(z.object({ planId: catalogueId, ...cell })),
      }),
    ),
  }),
  idempotency: 'natural',
  errors: [],
  grants: { table: 'read' },
})
