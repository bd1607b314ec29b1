import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps({ product: 'resume-ats' })
afterAll(() => deps.stop())
const { listPlans } = callsOf(deps)

describe('listPlans', () => {
  it('200 with the public plans, lowest rank first, prices in minor units', async () => {
    const answer = await listPlans()
    expect(answer).toMatchObject({
      status: 200,
      body: { catalogueVersion: 1, name: 'resume-ats', currency: 'INR', nextCursor: null },
    })
    expect(
      answer.body.data.map(({ id, prices }) => [id, ...prices.map((price) => `${price.id} ${price.amount}`)]),
    ).toEqual([
      ['free', 'free 0'],
      ['one-time', 'one-time 4900'],
      ['pro', 'pro-month 14900', 'pro-year 149000'],
      ['student', 'student-quarter 9900'],
      ['premium', 'premium-month 24900', 'premium-year 249000'],
      ['lifetime', 'lifetime 49900'],
    ])
  })

  it('200 shows the yearly saving rounded down: 1490 instead of 1788 is 16 %', async () => {
    const pro = (await listPlans()).body.data.find(({ id }) => id === 'pro')
    expect(pro?.prices.map(({ savingPercent }) => savingPercent)).toEqual([null, 16])
    expect(pro?.rateLimit).toEqual({ requests: 100, per: 'hour', seconds: 3600 })
  })

  it('carries the quota and the security headers of a public route', async () => {
    const { headers } = await listPlans({ address: '198.51.100.1' })
    expect(headers).toMatchObject({
      'ratelimit-policy': '"public";q=100;w=900',
      ratelimit: expect.stringMatching(/^"public";r=99;t=\d+$/),
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'strict-transport-security': expect.stringContaining('max-age='),
      'x-request-id': expect.any(String),
    })
  })

  it('429 beyond 100 requests in a quarter of an hour from one address; another address goes on', async () => {
    const from = (address: string) => listPlans({ address })
    const statuses = []
    for (let count = 0; count < 115; count++) statuses.push((await from('198.51.100.2')).status)
    expect(statuses.slice(0, 100)).toEqual(Array(100).fill(200))
    expect(statuses.at(-1)).toBe(429)
    expect((await from('198.51.100.3')).status).toBe(200)
    const refused = await from('198.51.100.2')
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    deps.clock.passReal(900_000)
    expect((await from('198.51.100.2')).status).toBe(200)
  })

  it('400 for a query parameter that it does not have', async () => {
    expect(await listPlans({ query: { currency: 'USD' }, address: '198.51.100.4' })).toMatchObject({
      status: 400,
      code: 'validation_failed',
    })
  })
})
