import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Catalogue } from '#domain/catalogue'
import { comparePlans, plansView, yearlySavingPercent } from '#domain/catalogueCompare'
import { parseCatalogue } from '#domain/catalogueParse'
import { fallbackPlan, featuresOff, findPrice, termsOf } from '#domain/catalogueTerms'
import { upgradeFor } from '#domain/catalogueUpgrade'
import type { PlanTerms } from '#domain/terms'
import { comparePlans as compareOperation, listPlans } from '#operations/catalogue'
import { catalogueFrom, published, type ReferenceProduct, referenceCatalogue } from '#test/support/catalogues'

const price = (id: string, amount: number, over: object = {}) => ({
  id,
  amount,
  currency: 'USD',
  interval: 'month',
  ...over,
})
const plan = (id: string, rank: number, limit: number, prices: object[], over: object = {}) => ({
  id,
  name: id,
  rank,
  prices,
  entitlements: { calls: { limit } },
  ...over,
})
const withPlans = (...plans: object[]): Catalogue =>
  catalogueFrom({
    name: 'x',
    currency: 'USD',
    features: {
      calls: { kind: 'metered', name: 'Calls', unit: 'call', window: 'day' },
      seats: { kind: 'gauge', name: 'Seats', unit: 'seat' },
    },
    plans,
  })
const held = (catalogue: Catalogue, priceId: string): PlanTerms =>
  termsOf(published(catalogue), findPrice(catalogue, priceId)?.plan.id ?? '', priceId)
const callsAbove = (used: number) => (terms: PlanTerms) => {
  const { calls } = terms.features
  return calls?.kind === 'metered' && (calls.limit === 'unlimited' || calls.limit > used)
}

describe('terms', () => {
  it('everything that a plan does not name is off', () => {
    const catalogue = catalogueFrom({
      name: 'x',
      currency: 'USD',
      features: {
        a: { kind: 'metered', name: 'A', unit: 'a', creditCost: 2 },
        b: { kind: 'flag', name: 'B' },
        c: { kind: 'level', name: 'C', levels: ['low'] },
        d: { kind: 'choice', name: 'D', values: ['one'] },
        e: { kind: 'gauge', name: 'E', unit: 'e' },
      },
      plans: [{ id: 'bare', name: 'Bare', rank: 0, prices: [price('bare', 0)], entitlements: {} }],
    })
    const off = {
      a: { kind: 'metered', limit: 0, window: 'month', creditCost: 2, warnAt: 0.8 },
      b: { kind: 'flag', on: false },
      c: { kind: 'level', level: null, levels: ['low'] },
      d: { kind: 'choice', value: null },
      e: { kind: 'gauge', limit: 0 },
    }
    expect(held(catalogue, 'bare').features).toEqual(off)
    expect(featuresOff(catalogue)).toEqual(off)
  })
  it('an entitlement overrides window, warning and credit cost, also with 0', () => {
    const catalogue = catalogueFrom({
      name: 'x',
      currency: 'USD',
      features: { a: { kind: 'metered', name: 'A', unit: 'a', window: 'month', warnAt: 0.5, creditCost: 2 } },
      plans: [
        {
          id: 'p',
          name: 'P',
          rank: 0,
          prices: [price('p', 0)],
          entitlements: {
            a: { limit: 9, window: 'day', warnAt: 1, creditCost: 0, overage: { unitAmount: 3, maxAmount: 90 } },
          },
        },
      ],
    })
    expect(held(catalogue, 'p').features.a).toEqual({
      kind: 'metered',
      limit: 9,
      window: 'day',
      warnAt: 1,
      overage: { unitAmount: '3', maxAmount: 90 },
    })
  })
  it('includes no credits: no allowance', () => {
    const none = withPlans(plan('p', 0, 1, [price('p', 0)], { credits: { included: 0, window: 'month' } }))
    expect(held(none, 'p')).not.toHaveProperty('allowance')
    const all = withPlans(
      plan('p', 0, 1, [price('p', 0)], { credits: { included: 3, window: 'day', rollover: 'all' } }),
    )
    expect(held(all, 'p').allowance).toEqual({ included: 3, window: 'day', rollover: 'all' })
  })
  it.each([
    ['free', 'pro-month'],
    ['gold', 'free'],
    ['free', 'gold'],
    ['constructor', 'free'],
  ])('plan %s has no price %s', (planId, priceId) => {
    expect(() => termsOf(published(referenceCatalogue('resume-ats')), planId, priceId)).toThrow(RangeError)
  })
})

describe('the fallback plan', () => {
  it('is the lowest-ranked with a price of 0, whatever its place and its other prices', () => {
    const catalogue = withPlans(
      plan('paid', 0, 1, [price('paid', 100)]),
      plan('higher', 5, 1, [price('higher', 0)]),
      plan('lower', 2, 1, [price('lower-month', 100), price('lower', 0, { interval: 'lifetime' })]),
    )
    expect(fallbackPlan(catalogue)).toMatchObject({ plan: { id: 'lower' }, price: { id: 'lower' } })
  })
  it('is none where nothing is free', () =>
    expect(fallbackPlan(withPlans(plan('paid', 0, 1, [price('paid', 100)])))).toBeUndefined())
})

describe('an upgrade is offered', () => {
  const offers = (catalogue: Catalogue, from: string | null, used: number) =>
    upgradeFor(published(catalogue), from === null ? null : held(catalogue, from), callsAbove(used))?.priceId

  const ladder = withPlans(
    plan('top', 9, 1000, [price('top-month', 900), price('top-year', 9000, { interval: 'year' })]),
    plan('free', 0, 1, [price('free', 0, { interval: 'lifetime' })]),
    plan('hidden', 1, 50, [price('hidden-month', 60)], { public: false }),
    plan('mid', 3, 10, [price('mid-month', 100), price('mid-year', 1000, { interval: 'year' })]),
    plan('twin', 3, 10, [price('twin-month', 100)]),
  )
  it.each<[what: string, from: string | null, used: number, offer: string | undefined]>([
    ['the lowest rank that allows it', 'free', 1, 'mid-month'],
    ['of one rank the first in the file', 'free', 9, 'mid-month'],
    ['past plans that do not allow it', 'free', 10, 'top-month'],
    ['in the interval that the account pays', 'mid-year', 10, 'top-year'],
    ['not a plan of the same rank', 'mid-month', 5, 'top-month'],
    ['from a plan that is not listed', 'hidden-month', 50, 'top-month'],
    ['nothing above the top', 'top-month', 0, undefined],
    ['nothing when no plan allows it', 'free', 1000, undefined],
    ['every public plan to whoever has none', null, 0, 'free'],
    ['the lowest that allows it to whoever has none', null, 1, 'mid-month'],
  ])('%s', (_what, from, used, offer) => expect(offers(ladder, from, used)).toBe(offer))

  const currencies = withPlans(
    plan('free', 0, 1, [price('free', 0)]),
    plan('euro', 1, 10, [price('euro-month', 100, { currency: 'EUR' })]),
    plan('both', 2, 20, [
      price('both-eur', 200, { currency: 'EUR' }),
      price('both-year', 2000, { interval: 'year' }),
      price('both-usd', 200),
    ]),
    plan('usd', 3, 30, [price('usd-month', 300)]),
  )
  it.each([
    ['another currency to whoever has not paid', 'free', 1, 'euro-month'],
    ['the own currency first', 'free', 10, 'both-usd'],
    ['no other currency to whoever pays', 'usd-month', 0, undefined],
    ["the payer's currency", 'euro-month', 1, 'both-eur'],
    ["no plan without the payer's currency", 'both-eur', 20, undefined],
  ])('%s', (_what, from, used, offer) => expect(offers(currencies, from, used)).toBe(offer))

  it.each<[ReferenceProduct, string, string, string | undefined]>([
    ['resume-ats', 'free', 'cover-letters', 'pro-month'],
    ['resume-ats', 'free', 'ats-scans', 'one-time'],
    ['resume-ats', 'pro-year', 'analytics', 'premium-year'],
    ['resume-ats', 'student-quarter', 'analytics', 'premium-month'],
    ['cv-builder', 'basic', 'ai_optimization', 'pro-month'],
    ['cv-builder', 'premium-month', 'ai_optimization', undefined],
  ])('%s: from %s for %s', (product, from, feature, offer) => {
    const catalogue = referenceCatalogue(product)
    const gives = ({ features }: PlanTerms) => {
      const term = features[feature]
      return term?.kind === 'flag' ? term.on : term?.kind === 'metered' && term.limit !== 0
    }
    expect(upgradeFor(published(catalogue), held(catalogue, from), gives)?.priceId).toBe(offer)
  })
  it('says what it is and costs', () => {
    const catalogue = referenceCatalogue('cv-builder')
    const all = ({ features: { templates } }: PlanTerms) => templates?.kind === 'level' && templates.level === 'all'
    expect(upgradeFor(published(catalogue), held(catalogue, 'basic'), all)).toEqual({
      planId: 'pro',
      priceId: 'pro-month',
      name: 'Pro',
      amount: 12_000,
      currency: 'GHS',
    })
  })
})

describe('the yearly saving is rounded down', () => {
  it.each([
    [14_900, 149_000, 16],
    [1788 / 12, 1788 - 298, 16],
    [100, 1200, 0],
    [100, 1201, 0],
    [100, 1199, 0],
    [100, 1188, 1],
    [100, 1189, 0],
    [100, 0, 100],
    [0, 0, 0],
    [1_000_000_000_000, 6_000_000_000_000, 50],
  ])('12 × %i against %i: %i %%', (month, year, percent) => expect(yearlySavingPercent(month, year)).toBe(percent))

  it('is shown on the year price of the same currency only', () => {
    const catalogue = withPlans(
      plan('p', 0, 1, [
        price('m', 100),
        price('y', 1000, { interval: 'year' }),
        price('e', 1000, { interval: 'year', currency: 'EUR' }),
        price('q', 200, { interval: 'quarter' }),
      ]),
    )
    const [view] = plansView(published(catalogue)).data
    expect(view?.prices.map(({ id, savingPercent }) => [id, savingPercent])).toEqual([
      ['m', null],
      ['y', 16],
      ['e', null],
      ['q', null],
    ])
  })
})

describe('what customers see', () => {
  it('public plans by rank', () => {
    const catalogue = withPlans(
      plan('b', 2, 1, [price('b', 100)]),
      plan('h', 1, 1, [price('h', 100)], { public: false }),
      plan('a', 0, 1, [price('a', 0)]),
    )
    expect(plansView(published(catalogue)).data.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(comparePlans(published(catalogue)).columns.map(({ planId }) => planId)).toEqual(['a', 'b'])
  })
  it.each<[feature: object, entitlement: unknown, included: boolean, value: unknown, text: string]>([
    [{ kind: 'flag' }, true, true, true, 'Included'],
    [{ kind: 'flag' }, false, false, false, 'Not included'],
    [{ kind: 'level', levels: ['basic', 'all'] }, 'all', true, 'all', 'all'],
    [{ kind: 'level', levels: ['basic', 'all'] }, undefined, false, null, 'Not included'],
    [{ kind: 'choice', values: ['small'] }, 'small', true, 'small', 'small'],
    [{ kind: 'gauge', unit: 'seat' }, { limit: 1200 }, true, 1200, '1,200'],
    [{ kind: 'gauge', unit: 'seat' }, { limit: 0 }, false, 0, 'Not included'],
    [{ kind: 'gauge', unit: 'seat' }, { limit: 'unlimited' }, true, 'unlimited', 'Unlimited'],
    [metered('minute'), { limit: 5 }, true, 5, '5 a minute'],
    [metered('hour'), { limit: 5 }, true, 5, '5 an hour'],
    [metered('day'), { limit: 5 }, true, 5, '5 a day'],
    [metered('month'), { limit: 10_000 }, true, 10_000, '10,000 a month'],
    [metered('period'), { limit: 5 }, true, 5, '5 a billing period'],
    [metered('lifetime'), { limit: 1 }, true, 1, '1 in total'],
    [metered('month'), { limit: 0 }, false, 0, 'Not included'],
    [metered('month'), undefined, false, 0, 'Not included'],
    [metered('month'), { limit: 'unlimited', creditCost: 1 }, true, 'unlimited', 'Unlimited, 1 credit each'],
    [metered('month'), { limit: 'unlimited', creditCost: 5 }, true, 'unlimited', 'Unlimited, 5 credits each'],
    [
      metered('period'),
      { limit: 100, overage: { unitAmount: '0.5' } },
      true,
      100,
      '100 a billing period, then USD 0.005 each',
    ],
    [metered('period'), { limit: 0, overage: { unitAmount: 50 } }, true, 0, 'USD 0.50 each'],
  ])('%j with %j', (feature, entitlement, included, value, text) => {
    const catalogue = catalogueFrom({
      name: 'x',
      currency: 'USD',
      features: { f: { name: 'F', ...feature } },
      plans: [
        {
          id: 'p',
          name: 'P',
          rank: 0,
          prices: [price('p', 100)],
          entitlements: entitlement === undefined ? {} : { f: entitlement },
        },
      ],
    })
    expect(comparePlans(published(catalogue)).rows[0]?.cells).toEqual([{ planId: 'p', included, value, text }])
    expect(plansView(published(catalogue)).data[0]?.features).toMatchObject([{ id: 'f', included, value, text }])
  })
  it('the example in full', () => {
    const [free, team] = plansView(published(referenceCatalogue('example'), { version: 7 })).data
    expect(free).toMatchObject({
      id: 'free',
      trialDays: null,
      credits: { included: 20, window: 'month', rollover: 'none' },
      rateLimit: { requests: 60, per: 'hour', seconds: 3600 },
    })
    expect(team).toMatchObject({
      id: 'team',
      trialDays: 14,
      credits: { rollover: 500 },
      features: [
        { id: 'reports', window: 'period', overage: { unitAmount: '0.5', maxAmount: null } },
        { id: 'image', creditCost: 5 },
        {},
        {},
        {},
      ],
    })
  })
})

describe('any catalogue that validates', () => {
  const id = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,20}$/)
  const limit = fc.oneof(fc.nat(1_000_000), fc.constant('unlimited'))
  const kinds = ['flag', 'metered', 'level', 'choice', 'gauge'] as const
  const entry = fc.record({
    kind: fc.constantFrom(...kinds),
    limit,
    on: fc.boolean(),
    named: fc.boolean(),
    cost: fc.nat(9),
    unitAmount: fc.constantFrom('0.5', '1', 50),
  })
  const amounts = fc.uniqueArray(fc.integer({ min: 100, max: 10 ** 12 }), { minLength: 1, maxLength: 4 })
  const build = fc.record({
    features: fc.dictionary(id, entry, { maxKeys: 10 }),
    plans: fc.uniqueArray(
      fc.record({
        id,
        rank: fc.nat(5),
        amounts,
        isPublic: fc.boolean(),
        isFree: fc.boolean(),
        rollover: fc.constantFrom('none', 'all', { max: 5 }),
      }),
      { selector: (one) => one.id, minLength: 1, maxLength: 6 },
    ),
  })
  type Entry = { kind: string; limit: unknown; on: boolean; named: boolean; cost: number; unitAmount: unknown }
  const featureOf = ({ kind, cost }: Entry) => ({
    kind,
    name: 'F',
    ...(kind === 'metered' && { unit: 'u', window: 'day', creditCost: cost }),
    ...(kind === 'gauge' && { unit: 'u' }),
    ...(kind === 'level' && { levels: ['low', 'high'] }),
    ...(kind === 'choice' && { values: ['one', 'two'] }),
  })
  const entitlementOf = (entry: Entry): unknown => {
    if (entry.kind === 'flag') return entry.on
    if (entry.kind === 'level') return entry.on ? 'low' : 'high'
    if (entry.kind === 'choice') return entry.on ? 'one' : 'two'
    const priced = entry.kind === 'metered' && entry.on && entry.limit !== 'unlimited'
    return { limit: entry.limit, ...(priced && { overage: { unitAmount: entry.unitAmount } }) }
  }

  it('has terms at every price, plans and a comparison that pass their schemas, and an offer that is above', () => {
    fc.assert(
      fc.property(build, ({ features, plans }) => {
        const parsed = parseCatalogue({
          name: 'any',
          currency: 'USD',
          features: Object.fromEntries(Object.entries(features).map(([name, entry]) => [name, featureOf(entry)])),
          plans: plans.map((one, index) => ({
            id: one.id,
            name: 'P',
            rank: one.rank,
            public: one.isPublic,
            credits: { included: one.rank, window: 'month', rollover: one.rollover },
            prices: one.amounts.map((amount, at) =>
              price(`p${index}-${at}`, one.isFree ? 0 : amount, { interval: at === 1 ? 'year' : 'month' }),
            ),
            entitlements: Object.fromEntries(
              Object.entries(features)
                .filter(([, { named }]) => named)
                .map(([name, entry]) => [name, entitlementOf(entry)]),
            ),
          })),
        })
        if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
        const version = published(parsed.catalogue)
        for (const { id: planId, prices } of parsed.catalogue.plans) {
          for (const { id: priceId } of prices) {
            const terms = termsOf(version, planId, priceId)
            expect(Object.keys(terms.features)).toEqual(Object.keys(parsed.catalogue.features))
            const offer = upgradeFor(version, terms, () => true)
            if (offer) expect(termsOf(version, offer.planId, offer.priceId).rank).toBeGreaterThan(terms.rank)
          }
        }
        expect(listPlans.output?.parse(plansView(version))).toEqual(plansView(version))
        expect(compareOperation.output?.parse(comparePlans(version))).toEqual(comparePlans(version))
      }),
      { numRuns: 300 },
    )
  })
})

function metered(window: string): object {
  return { kind: 'metered', unit: 'call', window }
}
