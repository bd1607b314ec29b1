import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Catalogue } from '#domain/catalogue'
import { diffCatalogues } from '#domain/catalogueDiff'
import { planPublish, pricesToCount } from '#domain/cataloguePublish'
import { catalogueFrom, published, referenceCatalogue } from '#test/support/catalogues'

const price = (id: string, currency = 'USD') => ({ id, amount: 500, currency, interval: 'month' })
/** One plan for each list of prices: `selling(['a', 'b'], ['c'])`. */
const selling = (...plans: (string | ReturnType<typeof price>)[][]): Catalogue =>
  catalogueFrom({
    name: 'x',
    currency: 'USD',
    features: {},
    plans: plans.map((prices, index) => ({
      id: `plan${index}`,
      name: 'P',
      rank: index,
      entitlements: {},
      prices: prices.map((one) => (typeof one === 'string' ? price(one) : one)),
    })),
  })

describe('publishing', () => {
  it('the first version is 1 and strands nobody', () => {
    expect(planPublish(undefined, selling(['a']), {})).toEqual({
      kind: 'publish',
      version: 1,
      successors: {},
      mustBeEmpty: [],
    })
    expect(pricesToCount(undefined)).toEqual([])
  })
  it('the next version is one higher; prices that stay may change their amount', () => {
    const current = published(selling(['a']), { version: 41 })
    const next = catalogueFrom({
      ...selling(['a']),
      plans: [{ id: 'plan0', name: 'P', rank: 0, entitlements: {}, prices: [{ ...price('a'), amount: 900 }] }],
    })
    expect(planPublish(current, next, { a: 1000 })).toEqual({
      kind: 'publish',
      version: 42,
      successors: {},
      mustBeEmpty: [],
    })
  })
  it('the same catalogue again is no new version', () => {
    const current = published(referenceCatalogue('resume-ats'), { version: 3 })
    expect(planPublish(current, referenceCatalogue('resume-ats'), { free: 9 })).toEqual({
      kind: 'unchanged',
      version: 3,
    })
  })

  const current = published(selling(['a', 'b'], ['c']))
  it.each<
    [what: string, next: Catalogue, counts: Record<string, number>, stranded: { priceId: string; count: number }[]]
  >([
    ['one subscriber', selling(['a'], ['c']), { a: 5, b: 1, c: 5 }, [{ priceId: 'b', count: 1 }]],
    [
      'subscribers of two plans',
      selling(['d']),
      { a: 2, b: 0, c: 7 },
      [
        { priceId: 'a', count: 2 },
        { priceId: 'c', count: 7 },
      ],
    ],
    [
      'an id that comes back in another currency',
      selling([price('a', 'EUR'), 'b'], ['c']),
      { a: 3 },
      [{ priceId: 'a', count: 3 }],
    ],
    ['an id that comes back on another plan', selling(['b'], ['a', 'c']), { a: 3 }, [{ priceId: 'a', count: 3 }]],
  ])('is refused when it strands %s', (_what, next, counts, stranded) => {
    expect(planPublish(current, next, counts)).toEqual({ kind: 'refused', stranded, errors: [] })
  })
  it('a price without subscribers may go, and must still have none when the version is written', () => {
    expect(planPublish(current, selling(['a'], ['c']), { a: 5, b: 0 })).toEqual({
      kind: 'publish',
      version: 2,
      successors: {},
      mustBeEmpty: ['b'],
    })
    expect(planPublish(current, selling(['a'], ['c']), { a: 5 })).toMatchObject({ mustBeEmpty: ['b'] })
  })
  it('a mapped price may go with its subscribers', () => {
    expect(planPublish(current, selling(['a'], ['c']), { b: 9 }, { b: 'a' })).toEqual({
      kind: 'publish',
      version: 2,
      successors: { b: 'a' },
      mustBeEmpty: [],
    })
  })
  it('a mapping of one price does not excuse another', () => {
    expect(planPublish(current, selling(['a']), { b: 9, c: 1 }, { b: 'a' })).toEqual({
      kind: 'refused',
      stranded: [{ priceId: 'c', count: 1 }],
      errors: [],
    })
  })
  it.each<[mapping: Record<string, string>, next: Catalogue, priceId: string, message: string]>([
    [{ z: 'a' }, selling(['a', 'b'], ['c']), 'z', 'is mapped, but no published price has this id'],
    [{ constructor: 'a' }, selling(['a', 'b'], ['c']), 'constructor', 'is mapped, but no published price has this id'],
    [{ b: 'z' }, selling(['a'], ['c']), 'b', 'is mapped to z, which the new catalogue does not have'],
    [{ b: 'e' }, selling(['a', price('e', 'EUR')], ['c']), 'b', 'is mapped to e, which is in EUR and not in USD'],
  ])('a mapping %j is refused', (mapping, next, priceId, message) => {
    expect(planPublish(current, next, { b: 1 }, mapping)).toMatchObject({
      kind: 'refused',
      errors: [{ priceId, message }],
    })
  })

  describe('after a price has been mapped', () => {
    const second = published(selling(['a'], ['c']), { version: 2, successors: { b: 'a' } })
    it('its subscribers still count', () => expect(pricesToCount(second)).toEqual(['a', 'c', 'b']))
    it('it stays mapped', () => {
      expect(planPublish(second, selling(['a', 'd'], ['c']), { b: 4 })).toMatchObject({
        kind: 'publish',
        version: 3,
        successors: { b: 'a' },
      })
    })
    it('its subscribers are stranded when the successor goes', () => {
      expect(planPublish(second, selling(['d'], ['c']), { a: 0, b: 4 })).toEqual({
        kind: 'refused',
        stranded: [{ priceId: 'b', count: 4 }],
        errors: [],
      })
    })
    it("they follow the successor's own mapping", () => {
      expect(planPublish(second, selling(['d'], ['c']), { a: 3, b: 4 }, { a: 'd' })).toMatchObject({
        kind: 'publish',
        successors: { a: 'd', b: 'd' },
      })
    })
    it('it may be sold again', () => {
      expect(planPublish(second, selling(['a', 'b'], ['c']), { b: 4 })).toEqual({
        kind: 'publish',
        version: 3,
        successors: {},
        mustBeEmpty: [],
      })
    })
  })

  it('whatever is dropped and mapped: nobody is left on a price that is gone, and every refusal names the right count', () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f']
    const some = fc.subarray(ids, { minLength: 1 })
    const mappings = fc.dictionary(fc.constantFrom(...ids), fc.constantFrom(...ids), { maxKeys: 3 })
    fc.assert(
      fc.property(
        some,
        some,
        fc.dictionary(fc.constantFrom(...ids), fc.nat(3)),
        mappings,
        (before, after, counts, mapping) => {
          const plan = planPublish(published(selling(before)), selling(after), counts, mapping)
          if (plan.kind === 'refused') {
            for (const { priceId, count } of plan.stranded)
              expect([before.includes(priceId), after.includes(priceId), counts[priceId]]).toEqual([true, false, count])
            expect(plan.stranded.length + plan.errors.length).toBeGreaterThan(0)
          }
          if (plan.kind !== 'publish') return
          for (const priceId of before.filter((one) => !after.includes(one))) {
            const heir = plan.successors[priceId]
            if (heir === undefined)
              expect([plan.mustBeEmpty.includes(priceId), counts[priceId] ?? 0]).toEqual([true, 0])
            else expect(after).toContain(heir)
          }
        },
      ),
    )
  })
})

describe('the difference of two catalogues', () => {
  it.each(['example', 'resume-ats', 'wellbeing'] as const)(
    'of %s and itself, plans in another order, is none',
    (product) => {
      const one = referenceCatalogue(product)
      expect(diffCatalogues(one, { ...referenceCatalogue(product), plans: one.plans.toReversed() })).toEqual([])
    },
  )
  it('is told by ids', () => {
    const older = referenceCatalogue('example')
    const newer = referenceCatalogue('example')
    const [free, team] = newer.plans
    if (!free || !team?.prices[0]) throw new Error('the example has two plans')
    team.prices[0].amount = 2100
    team.entitlements.reports = { limit: 100, window: 'period' }
    delete free.entitlements.sso
    newer.products.pop()
    newer.coupons.push({ code: 'MORE', amountOff: 100, duration: 'once' })
    newer.features.model = { kind: 'choice', name: 'AI model', values: ['small', 'large', 'huge'] }
    expect(diffCatalogues(older, newer)).toEqual([
      { path: 'features.model.values', change: 'changed', from: ['small', 'large'], to: ['small', 'large', 'huge'] },
      { path: 'plans.free.entitlements.sso', change: 'removed', from: false },
      { path: 'plans.team.prices.team-month.amount', change: 'changed', from: 1900, to: 2100 },
      { path: 'plans.team.entitlements.reports.overage', change: 'removed', from: { unitAmount: '0.5' } },
      { path: 'products.guide', change: 'removed', from: older.products[1] },
      { path: 'coupons.MORE', change: 'added', to: { code: 'MORE', amountOff: 100, duration: 'once' } },
    ])
  })
})
