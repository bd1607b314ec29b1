import * as z from 'zod/mini'
import { intervals, type PlanTerms, type Term, windowKinds } from '#domain/terms'
import type { MembersOf } from './stored.ts'

/**
 * Terms as an account stores them: one short value a feature, because every renewal writes the account and each KB of it
 * costs two write units. A flag is a boolean; whatever else is told by its first member.
 */
const limit = z.union([z.int(), z.literal('unlimited')])
const metered = z.object({
  limit,
  per: z.enum(windowKinds),
  /** Credits per unit. */
  cost: z.exactOptional(z.int()),
  /** Absent: at `usualWarnAt`. */
  warn: z.exactOptional(z.number()),
  over: z.exactOptional(z.object({ unitAmount: z.string(), maxAmount: z.exactOptional(z.int()) })),
})
const term = z.union([
  z.boolean(),
  metered,
  z.object({ level: z.nullable(z.string()), of: z.array(z.string()) }),
  z.object({ value: z.nullable(z.string()) }),
  z.object({ gauge: limit }),
])
type StoredTerm = z.output<typeof term>

/** The catalogue's default. */
const usualWarnAt = 0.8

const common = {
  planId: z.string(),
  priceId: z.string(),
  catalogueVersion: z.int(),
  name: z.string(),
  rank: z.int(),
  amount: z.int(),
  currency: z.string(),
  interval: z.enum(intervals),
  allowance: z.exactOptional(
    z.object({
      included: z.int(),
      window: z.enum(['day', 'month', 'period', 'lifetime']),
      rollover: z.union([z.int(), z.literal('all')]),
    }),
  ),
  rateLimit: z.exactOptional(z.object({ requests: z.int(), seconds: z.int() })),
} satisfies MembersOf<Omit<PlanTerms, 'features'>>

export const storedTerms = z.object({ ...common, features: z.record(z.string(), term) })
export type StoredTerms = z.output<typeof storedTerms>

export const encodeTerms = ({ features, ...terms }: PlanTerms): StoredTerms => ({
  ...terms,
  features: mapped(features, encodeTerm),
})

export const decodeTerms = ({ features, ...terms }: StoredTerms): PlanTerms => ({
  ...terms,
  features: mapped(features, decodeTerm),
})

const mapped = <One, Other>(record: Record<string, One>, of: (one: One) => Other): Record<string, Other> =>
  Object.fromEntries(Object.entries(record).map(([name, one]) => [name, of(one)]))

function encodeTerm(one: Term): StoredTerm {
  switch (one.kind) {
    case 'flag':
      return one.on
    case 'level':
      return { level: one.level, of: one.levels }
    case 'choice':
      return { value: one.value }
    case 'gauge':
      return { gauge: one.limit }
    case 'metered':
      return {
        limit: one.limit,
        per: one.window,
        ...(one.creditCost !== undefined && { cost: one.creditCost }),
        ...(one.warnAt !== usualWarnAt && { warn: one.warnAt }),
        ...(one.overage && { over: one.overage }),
      }
  }
}

function decodeTerm(one: StoredTerm): Term {
  if (typeof one === 'boolean') return { kind: 'flag', on: one }
  if ('level' in one) return { kind: 'level', level: one.level, levels: one.of }
  if ('value' in one) return { kind: 'choice', value: one.value }
  if ('gauge' in one) return { kind: 'gauge', limit: one.gauge }
  return {
    kind: 'metered',
    limit: one.limit,
    window: one.per,
    warnAt: one.warn ?? usualWarnAt,
    ...(one.cost !== undefined && { creditCost: one.cost }),
    ...(one.over && { overage: one.over }),
  }
}
