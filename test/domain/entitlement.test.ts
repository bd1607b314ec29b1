import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AccountState,
  assertNotSuspended,
  type CheckInput,
  type CheckRequest,
  entitlementAt,
  entitlementView,
  liveTerms,
  planCheck,
  windowContext,
} from '#domain/entitlement'
import type { PlanTerms, Term } from '#domain/terms'
import { initialZones, windowAt } from '#domain/time'

const now = Date.parse('2025-06-15T12:00:00Z')
const july = '2025-07-01T00:00:00.000Z'
const levels = ['basic', 'plus', 'all']
const plan = (
  planId: string,
  rank: number,
  features: Record<string, Term>,
  over: Partial<PlanTerms> = {},
): PlanTerms => ({
  planId,
  priceId: `${planId}-month`,
  catalogueVersion: 1,
  name: planId,
  rank,
  amount: rank * 1000,
  currency: 'USD',
  interval: 'month',
  features,
  ...over,
})
const free = plan(
  'free',
  0,
  {
    reports: { kind: 'metered', limit: 3, window: 'month', warnAt: 0.8 },
    image: { kind: 'metered', limit: 'unlimited', window: 'lifetime', creditCost: 5, warnAt: 0.8 },
    scans: { kind: 'metered', limit: 0, window: 'month', warnAt: 0.8 },
    seats: { kind: 'gauge', limit: 2 },
    sso: { kind: 'flag', on: false },
    themes: { kind: 'level', level: 'basic', levels },
    model: { kind: 'choice', value: 'small' },
    video: { kind: 'choice', value: null },
  },
  { allowance: { included: 20, window: 'month', rollover: 0 } },
)
const team = plan(
  'team',
  1,
  {
    reports: {
      kind: 'metered',
      limit: 100,
      window: 'period',
      warnAt: 0.8,
      overage: { unitAmount: '0.5', maxAmount: 5 },
    },
    image: { kind: 'metered', limit: 'unlimited', window: 'lifetime', creditCost: 5, warnAt: 0.8 },
    scans: { kind: 'metered', limit: 0, window: 'month', warnAt: 0.8, overage: { unitAmount: '2' } },
    seats: { kind: 'gauge', limit: 10 },
    sso: { kind: 'flag', on: true },
    themes: { kind: 'level', level: 'plus', levels },
    model: { kind: 'choice', value: 'large' },
  },
  { allowance: { included: 1000, window: 'month', rollover: 500 } },
)
const account = (over: Partial<AccountState> = {}): AccountState => ({
  plan: null,
  suspended: false,
  zones: initialZones('UTC'),
  preferences: { overage: true },
  ...over,
})
interface Setting {
  on?: AccountState
  fallback?: PlanTerms | null
  used?: number
  available?: number
  kind?: CheckInput['kind']
}
const check = (
  request: Partial<CheckRequest> & { feature: string },
  s: Setting = {},
  more: Partial<CheckInput> = {},
) => {
  const of = s.on ?? account()
  const available = s.available ?? 20
  return planCheck({
    request: { quantity: 1, ...request },
    kind: s.kind ?? 'metered',
    used: s.used ?? 0,
    entitlement: entitlementAt(of, request.feature, now, s.fallback === undefined ? free : s.fallback),
    credits: { balance: available, available },
    overage: of.preferences.overage,
    ...more,
  })
}
const onTeam = account({ plan: team })

describe('liveTerms', () => {
  const end = now + 1000
  test.each([
    [end - 1, 'team'],
    [end, 'free'],
    [end + 1, 'free'],
  ])('a plan ends at its access end, no job needed: at %d it is %s', (instant, planId) => {
    expect(liveTerms(account({ plan: team, accessEnd: end }), instant, free)?.planId).toBe(planId)
  })

  test('a plan without an end holds; without plan and fallback nothing does', () => {
    expect(liveTerms(onTeam, now + 1e12, free)).toBe(team)
    expect(liveTerms(account(), now, null)).toBeNull()
    expect(liveTerms(account({ plan: team, accessEnd: now }), now, null)).toBeNull()
  })

  test('an ended plan has calendar months for its periods', () => {
    const period = { start: now - 1e9, end: now + 1e9 }
    const of = account({ plan: team, period, accessEnd: now })
    expect(windowAt('period', now - 1, windowContext(of))).toMatchObject({ start: period.start, end: now })
    expect(windowAt('period', now, windowContext(of))).toMatchObject({ start: now, end: Date.parse(july) })
  })

  test('a suspended account is refused before anything is decided', () => {
    expect(() => assertNotSuspended(account({ suspended: true }))).toThrow(
      expect.objectContaining({ code: 'account_suspended' }),
    )
    expect(assertNotSuspended(account())).toBeUndefined()
  })
})

describe('planCheck', () => {
  test('answers in the shape of the contract', () => {
    expect(check({ feature: 'reports' }, { used: 1 })).toEqual({
      answer: {
        allowed: true,
        feature: 'reports',
        kind: 'metered',
        planId: 'free',
        limit: 3,
        used: 1,
        remaining: 2,
        resetsAt: july,
        credits: { cost: 0, balance: 20 },
      },
      take: null,
    })
  })

  test('with consume the figures are those after', () => {
    const { answer, take } = check({ feature: 'image', quantity: 2, consume: true }, { used: 4 })
    expect(answer).toMatchObject({
      allowed: true,
      used: 6,
      limit: 'unlimited',
      remaining: null,
      resetsAt: null,
      credits: { cost: 10, balance: 10 },
    })
    expect(take).toMatchObject({ quantity: 2, cost: 10, window: { id: 'lifetime' } })
  })

  test('a refusal takes nothing and shows the figures as they are', () => {
    const { answer, take } = check({ feature: 'reports', quantity: 3, consume: true }, { used: 1 })
    expect(answer).toMatchObject({ allowed: false, reason: 'usage_limit_reached', used: 1, remaining: 2 })
    expect(take).toBeNull()
  })

  test.each<[string, Partial<CheckRequest> & { feature: string }, Setting, string | undefined]>([
    ['at the limit', { feature: 'reports' }, { used: 2 }, undefined],
    ['beyond it', { feature: 'reports' }, { used: 3 }, 'usage_limit_reached'],
    ['far beyond after a downgrade', { feature: 'reports' }, { used: 99 }, 'usage_limit_reached'],
    ['a limit of 0', { feature: 'scans' }, {}, 'feature_not_in_plan'],
    ['a limit of 0 with a price', { feature: 'scans' }, { on: onTeam, used: 9 }, undefined],
    ['overage', { feature: 'reports' }, { on: onTeam, used: 109 }, undefined],
    ['overage beyond maxAmount', { feature: 'reports' }, { on: onTeam, used: 110 }, 'usage_limit_reached'],
    [
      'overage turned off',
      { feature: 'reports' },
      { on: { ...onTeam, preferences: { overage: false } }, used: 100 },
      'usage_limit_reached',
    ],
    ['an unknown feature', { feature: 'nothing' }, {}, 'feature_not_in_plan'],
    ['a name of Object', { feature: 'constructor' }, {}, 'feature_not_in_plan'],
    ['credits that suffice', { feature: 'image', quantity: 4 }, { available: 20 }, undefined],
    ['credits one short', { feature: 'image', quantity: 4 }, { available: 19 }, 'insufficient_credits'],
    ['a cost of its own', { feature: 'image', quantity: 4, cost: 21 }, { available: 20 }, 'insufficient_credits'],
    ['a cost of 0', { feature: 'image', quantity: 4, cost: 0 }, { available: 0 }, undefined],
    ['a cost on a flag', { feature: 'sso', cost: 21 }, { on: onTeam }, 'insufficient_credits'],
    ['a flag off', { feature: 'sso' }, {}, 'feature_not_in_plan'],
    ['a flag on', { feature: 'sso' }, { on: onTeam }, undefined],
    ['a level as given', { feature: 'themes', value: 'basic' }, {}, undefined],
    ['a level below', { feature: 'themes', value: 'basic' }, { on: onTeam }, undefined],
    ['a level above', { feature: 'themes', value: 'all' }, { on: onTeam }, 'feature_not_in_plan'],
    ['a level without value', { feature: 'themes' }, {}, undefined],
    ['a level that is none', { feature: 'themes', value: 'gold' }, { on: onTeam }, 'feature_not_in_plan'],
    ['a choice equal', { feature: 'model', value: 'small' }, {}, undefined],
    ['a choice other', { feature: 'model', value: 'large' }, {}, 'feature_not_in_plan'],
    ['a choice that is off', { feature: 'video' }, {}, 'feature_not_in_plan'],
    ['a gauge within', { feature: 'seats' }, { used: 1 }, undefined],
    ['a gauge full', { feature: 'seats' }, { used: 2 }, 'usage_limit_reached'],
    ['no plan at all', { feature: 'reports' }, { fallback: null }, 'subscription_inactive'],
  ])('%s', (_, request, setting, reason) => {
    const { answer } = check(request, setting)
    expect(answer.reason).toBe(reason)
    expect(answer.allowed).toBe(reason === undefined)
  })

  test('reasons come in their order: no plan, not in it, limit, credits', () => {
    const broke = { used: 99, available: 0 }
    expect(check({ feature: 'scans', cost: 5 }, { ...broke, fallback: null }).answer.reason).toBe(
      'subscription_inactive',
    )
    expect(check({ feature: 'scans', cost: 5 }, broke).answer.reason).toBe('feature_not_in_plan')
    expect(check({ feature: 'reports', cost: 5 }, broke).answer.reason).toBe('usage_limit_reached')
    expect(check({ feature: 'reports', cost: 5 }, { available: 0 }).answer.reason).toBe('insufficient_credits')
  })

  test.each([
    ['sso', 'flag', undefined],
    ['themes', 'level', 'basic'],
    ['model', 'choice', 'small'],
  ])('%s counts nothing: its figures are null', (feature, kind, value) => {
    const { answer } = check({ feature })
    expect(answer).toMatchObject({ kind, limit: null, used: null, remaining: null, resetsAt: null })
    expect(answer.value).toBe(value)
  })

  test('without a plan the kind is the catalogue’s and nothing is left', () => {
    expect(check({ feature: 'themes' }, { fallback: null, kind: 'level' }).answer).toMatchObject({
      kind: 'level',
      planId: null,
      limit: null,
      value: null,
    })
    expect(check({ feature: 'reports' }, { fallback: null }).answer).toMatchObject({
      limit: 0,
      used: 0,
      remaining: 0,
      resetsAt: null,
    })
  })

  test('credits on hold are not available, yet part of the balance', () => {
    const { answer } = check({ feature: 'image' }, {}, { credits: { balance: 20, available: 4 } })
    expect(answer).toMatchObject({ allowed: false, reason: 'insufficient_credits', credits: { cost: 5, balance: 20 } })
  })

  test('a gauge is not taken from', () => {
    expect(check({ feature: 'seats', consume: true }, { used: 1 }).answer.used).toBe(1)
  })

  test.each<[string, Partial<CheckRequest> & { feature: string }, Setting, boolean]>([
    ['the limit', { feature: 'reports' }, { used: 3 }, true],
    ['the limit, for more than the better plan has too', { feature: 'reports', quantity: 200 }, { used: 3 }, false],
    ['a limit counted in another window, which starts afresh', { feature: 'reports' }, { used: 120 }, true],
    ['a gauge that is too full for the better plan too', { feature: 'seats' }, { used: 10 }, false],
    ['a flag', { feature: 'sso' }, {}, true],
    ['a level that only a still better one has', { feature: 'themes', value: 'all' }, {}, false],
    [
      'credits that the better plan includes',
      { feature: 'image', quantity: 100 },
      { available: 0, fallback: { ...free, allowance: { included: 0, window: 'month', rollover: 0 } } },
      true,
    ],
    [
      'credits, by what the present plan’s own may still be in the balance',
      { feature: 'image', quantity: 200 },
      { available: 19 },
      false,
    ],
    ['an allowed call', { feature: 'reports' }, { used: 1 }, false],
  ])('offers a plan only when it would allow this very request: %s', (_, request, setting, offered) => {
    const offer = { planId: 'team', priceId: 'team-month', name: 'team', amount: 1000, currency: 'USD' }
    const { answer } = check(request, setting, { upgradeFor: (allows) => (allows(team) ? offer : undefined) })
    expect(answer.upgrade).toEqual(offered ? offer : undefined)
  })

  test('allowed exactly when the total fits, and the remainder never negative', () => {
    const amount = fc.integer({ min: 0, max: 50 })
    fc.assert(
      fc.property(amount, amount, fc.integer({ min: 1, max: 50 }), (limit, used, quantity) => {
        const fallback = plan('p', 0, { f: { kind: 'metered', limit, window: 'day', warnAt: 0.8 } })
        const { answer } = check({ feature: 'f', quantity }, { fallback, used })
        expect(answer.allowed).toBe(limit > 0 && used + quantity <= limit)
        expect(answer.remaining).toBe(Math.max(0, limit - used))
      }),
    )
  })
})

describe('entitlementView', () => {
  test.each([
    ['reports', { enabled: true, limit: 3, used: 2, remaining: 1, window: 'month', resetsAt: july }],
    ['scans', { enabled: false, limit: 0, remaining: 0 }],
    ['seats', { enabled: true, limit: 2, used: 2, remaining: 0, window: null, resetsAt: null }],
    ['image', { enabled: true, limit: 'unlimited', creditCost: 5, overage: null, window: 'lifetime' }],
    ['sso', { enabled: false, limit: null, used: null, value: null, creditCost: null, window: null }],
    ['themes', { enabled: true, value: 'basic' }],
    ['video', { enabled: false, value: null }],
    ['nothing', { enabled: false, kind: 'metered', limit: 0 }],
  ])('%s', (feature, expected) => {
    expect(entitlementView(entitlementAt(account(), feature, now, free), 'metered', 2)).toMatchObject({
      feature,
      planId: 'free',
      ...expected,
    })
  })

  test('shows the price of use beyond the limit', () => {
    const view = (feature: string) => entitlementView(entitlementAt(onTeam, feature, now, free), 'metered', 0).overage
    expect(view('reports')).toEqual({ unitAmount: '0.5', maxAmount: 5 })
    expect(view('scans')).toEqual({ unitAmount: '2', maxAmount: null })
  })

  test('a back-dated instant has its own window, under today’s terms', () => {
    const back = entitlementAt(account(), 'reports', now, free, Date.parse('2025-05-31T23:59:59.999Z'))
    expect(back.window?.id).toBe('month#2025-05-01T00:00:00.000Z')
    expect(back.terms).toBe(free)
  })
})
