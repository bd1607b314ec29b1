import { describe, expect, it } from 'vitest'
import { parseCatalogue } from '#domain/catalogueParse'
import { exampleWith, nothing } from '#test/support/catalogues'

const team = ['plans', 1]
const reports = [...team, 'entitlements', 'reports']
const long = 'x'.repeat(65)

describe('a catalogue of the wrong shape is refused with the path and a sentence', () => {
  it.each<[path: (string | number)[], value: unknown, fault: string, message: string]>([
    [[], null, '', 'must be an object'],
    [[], [], '', 'must be an object'],
    [['name'], nothing, 'name', 'is required'],
    [['name'], '', 'name', 'must be at least 1 characters long'],
    [['name'], 'x'.repeat(81), 'name', 'must be at most 80 characters long'],
    [['name'], 'a\u0000b', 'name', 'must be text without control characters'],
    [['name'], '\ud800', 'name', 'must be text without control characters'],
    [['currency'], 'EURO', 'currency', 'must be an ISO 4217 currency code'],
    [['currency'], 'XXX', 'currency', 'must be an ISO 4217 currency code'],
    [['provider'], 'paypal', 'provider', 'must be "razorpay" or "paystack" or "stripe"'],
    [['colour'], 'red', 'colour', 'is not known here'],
    [['plans'], [], 'plans', 'must have at least 1 entries'],
    [['plans'], nothing, 'plans', 'is required'],
    [['plans'], {}, 'plans', 'must be a list'],
    [['features', 'a#b'], { kind: 'flag', name: 'x' }, 'features["a#b"]', idMessage()],
    [['features', long], { kind: 'flag', name: 'x' }, `features["${'x'.repeat(64)}"]`, idMessage()],
    [['features', 'constructor'], { kind: 'flag', name: 'x' }, 'features.constructor', idMessage()],
    [
      ['features', 'sso', 'kind'],
      'switch',
      'features.sso.kind',
      'must be "flag" or "metered" or "level" or "choice" or "gauge"',
    ],
    [['features', 'sso', 'unit'], 'x', 'features.sso.unit', 'is not known here'],
    [['features', 'reports', 'unit'], nothing, 'features.reports.unit', 'is required'],
    [
      ['features', 'reports', 'window'],
      'week',
      'features.reports.window',
      'must be "minute" or "hour" or "day" or "month" or "period" or "lifetime"',
    ],
    [['features', 'reports', 'warnAt'], 0, 'features.reports.warnAt', 'must be more than 0'],
    [['features', 'reports', 'warnAt'], 1.01, 'features.reports.warnAt', 'must be at most 1'],
    [['features', 'image', 'creditCost'], 0.5, 'features.image.creditCost', 'must be a whole number'],
    [['features', 'image', 'creditCost'], -1, 'features.image.creditCost', 'must be at least 0'],
    [['features', 'themes', 'levels'], [], 'features.themes.levels', 'must have at least 1 entries'],
    [[...team, 'id'], 'te am', 'plans[1].id', idMessage()],
    [[...team, 'id'], 'toString', 'plans[1].id', idMessage()],
    [[...team, 'rank'], -1, 'plans[1].rank', 'must be at least 0'],
    [[...team, 'rank'], Number.NaN, 'plans[1].rank', 'must be a number'],
    [[...team, 'trialDays'], 0, 'plans[1].trialDays', 'must be at least 1'],
    [[...team, 'prices'], [], 'plans[1].prices', 'must have at least 1 entries'],
    [[...team, 'prices', 0, 'amount'], 19.5, 'plans[1].prices[0].amount', 'must be a whole number'],
    [[...team, 'prices', 0, 'amount'], '1900', 'plans[1].prices[0].amount', 'must be a number'],
    [[...team, 'prices', 0, 'amount'], -1, 'plans[1].prices[0].amount', 'must be at least 0'],
    [[...team, 'prices', 0, 'amount'], Number.POSITIVE_INFINITY, 'plans[1].prices[0].amount', 'must be a number'],
    [
      [...team, 'prices', 0, 'interval'],
      'week',
      'plans[1].prices[0].interval',
      'must be "month" or "quarter" or "year" or "one-time" or "lifetime"',
    ],
    [[...reports, 'limit'], -1, 'plans[1].entitlements.reports.limit', 'must be at least 0'],
    [[...reports, 'limit'], 1.5, 'plans[1].entitlements.reports.limit', limitMessage()],
    [[...reports, 'limit'], 'all', 'plans[1].entitlements.reports.limit', limitMessage()],
    [[...reports, 'limit'], 1_000_000_000_001, 'plans[1].entitlements.reports.limit', 'must be at most 1000000000000'],
    [[...reports, 'limit'], nothing, 'plans[1].entitlements.reports.limit', 'is required'],
    [[...reports, 'limits'], 3, 'plans[1].entitlements.reports.limits', 'is not known here'],
    [[...reports, 'overage', 'unitAmount'], 0.5, 'plans[1].entitlements.reports.overage.unitAmount', unitMessage()],
    [
      [...reports, 'overage', 'unitAmount'],
      '-0.5',
      'plans[1].entitlements.reports.overage.unitAmount',
      'must be a decimal such as "0.5", at most 9 digits after the point',
    ],
    [[...reports, 'overage', 'maxAmount'], 0, 'plans[1].entitlements.reports.overage.maxAmount', 'must be at least 1'],
    [
      reports,
      3,
      'plans[1].entitlements.reports',
      'must be true or false (flag), a name (level, choice) or {"limit": …} (metered, gauge)',
    ],
    [[...team, 'credits', 'rollover'], 'some', 'plans[1].credits.rollover', 'must be "none", "all" or {"max": …}'],
    [[...team, 'credits', 'rollover', 'max'], -1, 'plans[1].credits.rollover.max', 'must be at least 0'],
    [
      [...team, 'credits', 'window'],
      'hour',
      'plans[1].credits.window',
      'must be "day" or "month" or "period" or "lifetime"',
    ],
    [[...team, 'rateLimit', 'requests'], 0, 'plans[1].rateLimit.requests', 'must be at least 1'],
    [
      ['products', 0, 'expiresAfter'],
      '1 year',
      'products[0].expiresAfter',
      'must be an ISO 8601 duration longer than nothing, such as "P1Y"',
    ],
    [
      ['products', 0, 'expiresAfter'],
      'P0D',
      'products[0].expiresAfter',
      'must be an ISO 8601 duration longer than nothing, such as "P1Y"',
    ],
    [['products', 0, 'credits'], 0, 'products[0].credits', 'must be at least 1'],
    [['products', 1, 'group'], nothing, 'products[1].group', 'is required'],
    [['discounts', 0, 'percentOff'], 101, 'discounts[0].percentOff', 'must be at most 100'],
    [
      ['coupons', 0, 'code'],
      'NO SPACE',
      'coupons[0].code',
      'must be 1–40 of A–Z a–z 0–9 _ -, starting with a letter or digit',
    ],
    [
      ['coupons', 0, 'expiresAt'],
      'tomorrow',
      'coupons[0].expiresAt',
      'must be an instant such as 2027-01-01T00:00:00Z',
    ],
    [['coupons', 0, 'duration'], { periods: 0 }, 'coupons[0].duration.periods', 'must be at least 1'],
    [['ai'], { providers: ['other'], tasks: {} }, 'ai.providers[0]', 'must be "gemini" or "openai"'],
  ])('%j = %j', (path, value, fault, message) => {
    expect(parseCatalogue(exampleWith(path, value))).toEqual({ ok: false, errors: [{ path: fault, message }] })
  })
})

describe('parts that contradict each other are refused', () => {
  it.each<[what: string, path: (string | number)[], value: unknown, fault: string, message: string]>([
    [
      'unknown feature',
      [...team, 'entitlements', 'report'],
      { limit: 1 },
      'plans[1].entitlements.report',
      'is no feature of this catalogue',
    ],
    [
      'number for a flag',
      [...team, 'entitlements', 'sso'],
      { limit: 1 },
      'plans[1].entitlements.sso',
      "must be true or false: the feature's kind is flag",
    ],
    [
      'flag for a metered feature',
      reports,
      true,
      'plans[1].entitlements.reports',
      'must be {"limit": …}: the feature\'s kind is metered',
    ],
    [
      'level that is not in the list',
      [...team, 'entitlements', 'themes'],
      'gold',
      'plans[1].entitlements.themes',
      'must be "basic" or "all": the feature\'s kind is level',
    ],
    [
      'value that is not in the list',
      [...team, 'entitlements', 'model'],
      'huge',
      'plans[1].entitlements.model',
      'must be "small" or "large": the feature\'s kind is choice',
    ],
    [
      'level twice',
      ['features', 'themes', 'levels', 2],
      'basic',
      'features.themes.levels[2]',
      'is the name of features.themes.levels[0] already',
    ],
    [
      'no window anywhere',
      ['features', 'reports', 'window'],
      nothing,
      'plans[0].entitlements.reports.window',
      'is required, as the feature names none',
    ],
    [
      'overage without a limit',
      [...reports, 'limit'],
      'unlimited',
      'plans[1].entitlements.reports.overage',
      'is never reached without a limit',
    ],
    [
      'overage in two currencies',
      [...team, 'prices', 1],
      { id: 'team-eur', amount: 1800, currency: 'EUR', interval: 'month' },
      'plans[1].entitlements.reports.overage',
      'needs a plan whose prices have one currency',
    ],
    [
      'compareAt that is not more',
      [...team, 'prices', 0, 'compareAt'],
      1900,
      'plans[1].prices[0].compareAt',
      'must be more than the amount',
    ],
    [
      'price id twice in two plans',
      [...team, 'prices', 0, 'id'],
      'free',
      'plans[1].prices[0].id',
      'is the price of plans[0].prices[0].id already',
    ],
    [
      'product id twice',
      ['products', 1, 'id'],
      'pack-500',
      'products[1].id',
      'is the product of products[0].id already',
    ],
    [
      'coupon code twice, in other case',
      ['coupons', 1],
      { code: 'welcome', amountOff: 100 },
      'coupons[1].code',
      'is the code of coupons[0].code already',
    ],
    [
      'discount twice',
      ['discounts', 1],
      { planId: 'team', group: 'article', percentOff: 5 },
      'discounts[1]',
      'is the plan and group of discounts[0] already',
    ],
    ['discount on no plan', ['discounts', 0, 'planId'], 'gold', 'discounts[0].planId', 'is no plan of this catalogue'],
    ['discount on no product', ['discounts', 0, 'group'], 'quiz', 'discounts[0].group', 'is the group of no product'],
    [
      'discount of nothing',
      ['discounts', 0],
      { planId: 'team', group: 'article' },
      'discounts[0]',
      'must have freePerPeriod or percentOff',
    ],
    [
      'maxValue without free items',
      ['discounts', 0, 'freePerPeriod'],
      nothing,
      'discounts[0].maxValue',
      'bounds freePerPeriod, which is absent',
    ],
    [
      'upTo without per cent',
      ['discounts', 0, 'percentOff'],
      nothing,
      'discounts[0].upTo',
      'bounds percentOff, which is absent',
    ],
    ['coupon on no plan', ['coupons', 0, 'plans', 0], 'gold', 'coupons[0].plans[0]', 'is no plan of this catalogue'],
    [
      'coupon of both kinds',
      ['coupons', 0, 'amountOff'],
      100,
      'coupons[0]',
      'must have either percentOff or amountOff',
    ],
    [
      'coupon of no kind',
      ['coupons', 0, 'percentOff'],
      nothing,
      'coupons[0]',
      'must have either percentOff or amountOff',
    ],
    [
      'currency of per cent',
      ['coupons', 0, 'currency'],
      'USD',
      'coupons[0].currency',
      'is the currency of amountOff, which is absent',
    ],
    [
      'AI task on no feature',
      ['ai'],
      { providers: ['gemini'], tasks: { chat: { feature: 'chat' } } },
      'ai.tasks.chat.feature',
      'must be a feature of kind metered',
    ],
    [
      'AI task on a flag',
      ['ai'],
      { providers: ['gemini'], tasks: { chat: { feature: 'sso' } } },
      'ai.tasks.chat.feature',
      'must be a feature of kind metered',
    ],
    [
      'AI model that is no choice',
      ['ai'],
      { modelFeature: 'sso', providers: ['gemini'], tasks: {} },
      'ai.modelFeature',
      'must be a feature of kind choice',
    ],
    [
      'AI provider twice',
      ['ai'],
      { providers: ['gemini', 'gemini'], tasks: {} },
      'ai.providers[1]',
      'is the provider of ai.providers[0] already',
    ],
  ])('%s', (_what, path, value, fault, message) => {
    expect(parseCatalogue(exampleWith(path, value))).toEqual({ ok: false, errors: [{ path: fault, message }] })
  })

  it('a plan id twice', () => {
    const json = exampleWith([...team, 'id'], 'free')
    expect(parseCatalogue(json)).toMatchObject({
      ok: false,
      errors: [{ path: 'plans[1].id', message: 'is the plan of plans[0].id already' }, {}, {}],
    })
  })

  it('a gauge has a limit and nothing else', () => {
    const json = exampleWith(['features', 'reports'], { kind: 'gauge', name: 'Seats', unit: 'seat' })
    expect(parseCatalogue(json)).toEqual({
      ok: false,
      errors: [
        { path: 'plans[1].entitlements.reports.window', message: 'is not for a gauge, which only has a limit' },
        { path: 'plans[1].entitlements.reports.overage', message: 'is not for a gauge, which only has a limit' },
      ],
    })
  })
})

function idMessage(): string {
  return 'must be 1–64 of A–Z a–z 0–9 _ -, start with a letter or digit, and not be a name that every object has'
}
function limitMessage(): string {
  return 'must be a whole number from 0 to 1,000,000,000,000 or "unlimited"'
}
function unitMessage(): string {
  return 'must be a whole number of minor units, or a decimal string such as "0.5"'
}
