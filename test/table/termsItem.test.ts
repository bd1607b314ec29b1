import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newAccount } from '#domain/account'
import { fallbackTermsOf, termsAt } from '#domain/catalogueTerms'
import { intervals, type PlanTerms, type Term, windowKinds } from '#domain/terms'
import { putAccountWrite, readAccount } from '#table/accounts'
import { decodeTerms, encodeTerms } from '#table/termsItem'
import { published, referenceCatalogue, referenceProducts } from '#test/support/catalogues'
import { itemBytes } from '#test/support/itemSize'

const limit = fc.oneof(fc.nat(), fc.constant('unlimited' as const))
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T
const term: fc.Arbitrary<Term> = fc.oneof(
  fc
    .record({
      kind: fc.constant('metered' as const),
      limit,
      window: fc.constantFrom(...windowKinds),
      creditCost: optional(fc.nat()),
      overage: optional(fc.record({ unitAmount: fc.constantFrom('0.5', '1') })),
      warnAt: fc.constantFrom(0.5, 0.8, 1),
    })
    .map((one) => defined(one) as Term),
  fc.record({ kind: fc.constant('flag' as const), on: fc.boolean() }),
  fc.record({
    kind: fc.constant('level' as const),
    level: fc.option(fc.string()),
    levels: fc.array(fc.string(), { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('choice' as const), value: fc.option(fc.string()) }),
  fc.record({ kind: fc.constant('gauge' as const), limit }),
)
const terms: fc.Arbitrary<PlanTerms> = fc
  .record({
    planId: fc.string(),
    priceId: fc.string(),
    catalogueVersion: fc.nat(),
    name: fc.string(),
    rank: fc.nat(),
    amount: fc.nat(),
    currency: fc.constant('USD'),
    interval: fc.constantFrom(...intervals),
    features: fc.dictionary(fc.stringMatching(/^[a-z-]{1,8}$/), term),
    allowance: optional(
      fc.record({
        included: fc.nat(),
        window: fc.constantFrom('day' as const, 'month' as const),
        rollover: fc.oneof(fc.nat(), fc.constant('all' as const)),
      }),
    ),
    rateLimit: optional(fc.record({ requests: fc.nat(), seconds: fc.nat() })),
  })
  .map((one) => defined(one) as PlanTerms)

describe('terms as an account stores them', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(terms, (one) => {
        expect(decodeTerms(encodeTerms(one))).toEqual(one)
      }),
    )
  })

  it('leave an account of every reference product below 1 KB: a renewal writes it', () => {
    const now = Date.UTC(2027, 0, 31)
    for (const name of referenceProducts) {
      const version = published(referenceCatalogue(name))
      for (const plan of version.catalogue.plans) {
        for (const price of plan.prices) {
          const held = termsAt(version, { plan, price })
          const id = '6f1c2a4e-90b7-4d35-8a11-000000000000'
          const period = { start: now, end: now + 1, earlier: [{ start: now - 1, end: now }] }
          const account = {
            ...newAccount(id, fallbackTermsOf(version), now),
            ...{
              email: 'benchmark@example.com',
              name: 'Ada Lovelace Rao',
              currency: 'USD',
              country: 'IN',
              hasPaid: true,
            },
            ...{ plan: held, subscriptionId: 'sub_01MB78QN00PFAAR1XRER34Z6N0', accessEnd: now, period },
          }
          const { item } = putAccountWrite(account, undefined)
          expect(readAccount(item)).toEqual(account)
          expect(itemBytes(item), `${name} ${price.id}`).toBeLessThanOrEqual(1024)
        }
      }
    }
  })
})
