import { describe, expect, it } from 'vitest'
import type { Catalogue } from '#domain/catalogue'
import { comfortableTermsBytes, termsBytes } from '#domain/catalogueChecks'
import { comparePlans, plansView } from '#domain/catalogueCompare'
import { fallbackPlan, findPrice, termsOf } from '#domain/catalogueTerms'
import { timesDecimal } from '#domain/money'
import type { Limit, PlanTerms, Term, WindowKind } from '#domain/terms'
import { published, type ReferenceProduct, referenceCatalogue, referenceProducts } from '#test/support/catalogues'

/** The reference products of the specification, read back from their files as an account would hold them. */
const terms = (product: ReferenceProduct, priceId: string): PlanTerms => {
  const catalogue = referenceCatalogue(product)
  return termsOf(published(catalogue), findPrice(catalogue, priceId)?.plan.id ?? '', priceId)
}
const limits = (held: PlanTerms): Record<string, Limit | boolean | string | null> =>
  Object.fromEntries(Object.entries(held.features).map(([id, term]) => [id, given(term)]))
const given = (term: Term): Limit | boolean | string | null => {
  if (term.kind === 'flag') return term.on
  if (term.kind === 'level') return term.level
  return term.kind === 'choice' ? term.value : term.limit
}
const windows = (held: PlanTerms): Record<string, WindowKind> =>
  Object.fromEntries(
    Object.entries(held.features).flatMap(([id, term]) => (term.kind === 'metered' ? [[id, term.window]] : [])),
  )
const prices = ({ plans }: Catalogue) =>
  plans.flatMap((plan) =>
    plan.prices.map(({ id, amount, currency, interval }) => [plan.id, id, amount, currency, interval]),
  )

const U = 'unlimited'

describe.each(referenceProducts)('%s', (product) => {
  const catalogue = referenceCatalogue(product)

  it('has terms of at most 1 KB on every plan', () => {
    for (const plan of catalogue.plans) {
      expect(termsBytes(catalogue, plan)).toBeLessThanOrEqual(1024)
      expect(termsBytes(catalogue, plan)).toBeLessThan(comfortableTermsBytes)
    }
  })
  it('names its prices after plan and interval', () => {
    for (const plan of catalogue.plans) {
      for (const { id, amount, interval } of plan.prices) {
        const plain = amount === 0 || interval === 'one-time' || interval === 'lifetime'
        expect(id).toBe(plain ? plan.id : `${plan.id}-${interval}`)
      }
    }
  })
  it('lists all its plans, and compares each feature on each', () => {
    const view = plansView(published(catalogue))
    expect(view.data.map(({ id }) => id).sort()).toEqual(catalogue.plans.map(({ id }) => id).sort())
    const { rows, columns } = comparePlans(published(catalogue))
    expect(rows.map(({ feature }) => feature)).toEqual(Object.keys(catalogue.features))
    for (const { cells } of rows) expect(cells.map(({ planId }) => planId)).toEqual(columns.map(({ planId }) => planId))
  })
})

describe('A: cv-builder', () => {
  const catalogue = referenceCatalogue('cv-builder')
  it('prices in GHS, paid through Paystack', () => {
    expect([catalogue.currency, catalogue.provider]).toEqual(['GHS', 'paystack'])
    expect(prices(catalogue)).toEqual([
      ['basic', 'basic', 0, 'GHS', 'lifetime'],
      ['pro', 'pro-month', 12_000, 'GHS', 'month'],
      ['premium', 'premium-month', 20_000, 'GHS', 'month'],
    ])
    expect(fallbackPlan(catalogue)?.plan.id).toBe('basic')
  })
  it.each<[string, Limit, Limit, Limit, Limit, Limit, string]>([
    ['basic', 2, 1, 0, 10, 2, 'basic'],
    ['pro-month', U, 10, 3, U, U, 'all'],
    ['premium-month', U, U, U, U, U, 'all'],
  ])('%s', (priceId, cv_generation, cover_letter, ai_optimization, edit, exports, templates) => {
    const held = terms('cv-builder', priceId)
    expect(limits(held)).toEqual({ cv_generation, cover_letter, ai_optimization, edit, export: exports, templates })
    expect(new Set(Object.values(windows(held)))).toEqual(new Set(['month']))
    expect(held.features.templates).toMatchObject({ kind: 'level', levels: ['basic', 'all'] })
  })
})

describe('B: ai-chat', () => {
  const catalogue = referenceCatalogue('ai-chat')
  it('prices, credits and the pack', () => {
    expect(prices(catalogue)).toEqual([
      ['free', 'free', 0, 'USD', 'lifetime'],
      ['subscriber', 'subscriber-month', 1500, 'USD', 'month'],
    ])
    expect(terms('ai-chat', 'free').allowance).toEqual({ included: 20, window: 'month', rollover: 0 })
    expect(terms('ai-chat', 'subscriber-month').allowance).toEqual({ included: 1000, window: 'month', rollover: 500 })
    expect(catalogue.products).toEqual([
      {
        id: 'pack-500',
        kind: 'credit-pack',
        name: '500 credits',
        credits: 500,
        price: { amount: 900, currency: 'USD' },
      },
    ])
    expect(catalogue.ai?.providers).toEqual(['gemini', 'openai'])
  })
  it.each(['free', 'subscriber-month'])(
    'on %s a chat costs 1 credit, an image 5, and only credits limit them',
    (priceId) => {
      expect(terms('ai-chat', priceId).features).toMatchObject({
        chat: { limit: U, creditCost: 1 },
        image: { limit: U, creditCost: 5 },
      })
    },
  )
})

describe('C: marketing', () => {
  const catalogue = referenceCatalogue('marketing')
  const counted = { API_CALL: U, CONTACT_CREATED: U, WORKFLOW_EXECUTED: U, CAMPAIGN_SENT: U, LEADPULSE_VISITOR: U }
  it('prices in NGN, nothing free', () => {
    expect(prices(catalogue)).toEqual([
      ['starter', 'starter-month', 1_500_000, 'NGN', 'month'],
      ['growth', 'growth-month', 4_500_000, 'NGN', 'month'],
      ['growth', 'growth-year', 45_000_000, 'NGN', 'year'],
    ])
    expect(fallbackPlan(catalogue)).toBeUndefined()
  })
  it.each([
    ['starter-month', 1],
    ['growth-month', 10],
    ['growth-year', 10],
  ])('%s: %i times the limits, by billing period', (priceId, times) => {
    const held = terms('marketing', priceId)
    expect(limits(held)).toEqual({
      EMAIL_SENT: 10_000 * times,
      SMS_SENT: 1000 * times,
      WHATSAPP_SENT: 5000 * times,
      ...counted,
    })
    expect(new Set(Object.values(windows(held)))).toEqual(new Set(['period']))
  })
  it.each([
    ['EMAIL_SENT', '1', 1],
    ['SMS_SENT', '50', 50],
    ['WHATSAPP_SENT', '30', 30],
  ])('%s beyond the limit costs %s kobo', (feature, unitAmount, kobo) => {
    expect(terms('marketing', 'starter-month').features[feature]).toMatchObject({
      overage: { unitAmount },
      warnAt: 0.8,
    })
    expect(timesDecimal(1, unitAmount)).toBe(kobo)
  })
  it('shows 16 % saved on the year, rounded down from 16.67', () => {
    const growth = plansView(published(catalogue)).data.find(({ id }) => id === 'growth')
    expect(growth?.prices.map(({ savingPercent }) => savingPercent)).toEqual([null, 16])
  })
})

describe('D: resume-ats', () => {
  const catalogue = referenceCatalogue('resume-ats')
  it('prices in INR, paid through Razorpay', () => {
    expect([catalogue.currency, catalogue.provider]).toEqual(['INR', 'razorpay'])
    expect(prices(catalogue)).toEqual([
      ['free', 'free', 0, 'INR', 'lifetime'],
      ['one-time', 'one-time', 4900, 'INR', 'one-time'],
      ['pro', 'pro-month', 14_900, 'INR', 'month'],
      ['pro', 'pro-year', 149_000, 'INR', 'year'],
      ['premium', 'premium-month', 24_900, 'INR', 'month'],
      ['premium', 'premium-year', 249_000, 'INR', 'year'],
      ['student', 'student-quarter', 9900, 'INR', 'quarter'],
      ['lifetime', 'lifetime', 49_900, 'INR', 'lifetime'],
    ])
    expect(fallbackPlan(catalogue)?.plan.id).toBe('free')
  })

  const rows: [
    price: string,
    resumes: Limit,
    scans: Limit,
    matches: Limit,
    letters: Limit,
    model: string,
    templates: string,
    portfolio: boolean,
    analytics: boolean,
    support: boolean,
    hourly: number,
  ][] = [
    ['free', 1, 0, 0, 0, 'gemini', 'basic', false, false, false, 10],
    ['one-time', 1, 1, 3, 0, 'gpt-4o', 'all', false, false, false, 20],
    ['pro-month', U, 5, 10, 5, 'hybrid', 'all', true, false, false, 100],
    ['pro-year', U, 5, 10, 5, 'hybrid', 'all', true, false, false, 100],
    ['premium-month', U, U, U, U, 'gpt-4o', 'all', true, true, true, 500],
    ['premium-year', U, U, U, U, 'gpt-4o', 'all', true, true, true, 500],
    ['student-quarter', U, 5, 10, 5, 'hybrid', 'all', true, false, false, 100],
    ['lifetime', U, U, U, U, 'gpt-4o', 'all', true, true, true, 500],
  ]
  it.each(rows)(
    '%s',
    (priceId, resumes, scans, matches, letters, model, templates, portfolio, analytics, support, requests) => {
      const held = terms('resume-ats', priceId)
      expect(limits(held)).toEqual({
        resumes,
        'ats-scans': scans,
        'job-matches': matches,
        'cover-letters': letters,
        'ai-model': model,
        templates,
        portfolio,
        analytics,
        'priority-support': support,
      })
      expect(held.rateLimit).toEqual({ requests, seconds: 3600 })
      const span = priceId === 'one-time' ? 'lifetime' : 'month'
      expect(windows(held)).toEqual({
        resumes: span,
        'ats-scans': span,
        'job-matches': 'day',
        'cover-letters': 'month',
      })
    },
  )
  it('names the model feature and the tasks', () => {
    expect(catalogue.ai).toEqual({
      modelFeature: 'ai-model',
      providers: ['gemini', 'openai'],
      tasks: {
        'parse-resume': { feature: 'resumes' },
        'job-match': { feature: 'job-matches' },
        'cover-letter': { feature: 'cover-letters' },
      },
    })
  })
})

describe('E: wellbeing', () => {
  const catalogue = referenceCatalogue('wellbeing')
  it('prices in USD, paid through Stripe, and conversations by day', () => {
    expect([catalogue.currency, catalogue.provider]).toEqual(['USD', 'stripe'])
    expect(prices(catalogue)).toEqual([
      ['free', 'free', 0, 'USD', 'lifetime'],
      ['premium', 'premium-month', 3200, 'USD', 'month'],
    ])
    expect(terms('wellbeing', 'free').features.ai_conversations).toMatchObject({ limit: 5, window: 'day' })
    expect(terms('wellbeing', 'premium-month').features.ai_conversations).toMatchObject({ limit: U })
  })
  it('2 quizzes free up to 50.00, then 20 % off 3 more; 3 articles free, then 30 % off all others', () => {
    expect(catalogue.discounts).toEqual([
      { planId: 'premium', group: 'quiz', freePerPeriod: 2, maxValue: 5000, percentOff: 20, upTo: 3 },
      { planId: 'premium', group: 'article', freePerPeriod: 3, percentOff: 30 },
    ])
  })
  it('sells quizzes and articles, one quiz dearer than what is free', () => {
    const groups = catalogue.products.map((product) => (product.kind === 'item' ? product.group : product.kind))
    expect(new Set(groups)).toEqual(new Set(['quiz', 'article']))
    expect(catalogue.products.some(({ price }) => price.amount > 5000)).toBe(true)
  })
})

describe('the example', () => {
  it('resolves overrides, overage, trial and what a plan leaves out', () => {
    const catalogue = referenceCatalogue('example')
    expect(terms('example', 'team-month')).toEqual({
      planId: 'team',
      priceId: 'team-month',
      catalogueVersion: 1,
      name: 'Team',
      rank: 1,
      amount: 1900,
      currency: 'USD',
      interval: 'month',
      features: {
        reports: { kind: 'metered', limit: 100, window: 'period', overage: { unitAmount: '0.5' }, warnAt: 0.8 },
        image: { kind: 'metered', limit: U, window: 'lifetime', creditCost: 5, warnAt: 0.8 },
        sso: { kind: 'flag', on: true },
        themes: { kind: 'level', level: 'all', levels: ['basic', 'all'] },
        model: { kind: 'choice', value: 'large' },
      },
      allowance: { included: 1000, window: 'month', rollover: 500 },
      rateLimit: { requests: 600, seconds: 3600 },
    })
    expect(catalogue.coupons).toEqual([
      {
        code: 'WELCOME',
        percentOff: 10,
        maxRedemptions: 100,
        expiresAt: '2027-01-01T00:00:00Z',
        plans: ['team'],
        duration: 'once',
      },
    ])
  })
})
