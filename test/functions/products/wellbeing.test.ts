import { afterAll, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps({ product: 'wellbeing', now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const { check, grantPlan, putAccount, recordUsage } = callsOf(deps)

it('five conversations a day for nothing, the sixth brings an offer, premium lifts it, and midnight begins anew', async () => {
  const account = 'calm'
  await putAccount({ account, body: { email: 'a@example.com', timeZone: 'Europe/Berlin' } })
  const talk = async () => (await check({ account, body: { feature: 'ai_conversations', consume: true } })).body
  for (let count = 1; count <= 5; count++)
    expect(await talk()).toMatchObject({ allowed: true, used: count, remaining: 5 - count, credits: { cost: 0 } })
  expect(await talk()).toMatchObject({
    allowed: false,
    reason: 'usage_limit_reached',
    used: 5,
    resetsAt: '2026-03-10T23:00:00.000Z',
    upgrade: { planId: 'premium', priceId: 'premium-month', amount: 3_200, currency: 'USD' },
  })
  await grantPlan({ account, body: { priceId: 'premium-month', until: '2026-03-12T00:00:00.000Z', reason: 'story' } })
  expect(await talk()).toMatchObject({ allowed: true, limit: 'unlimited', used: 6, remaining: null })
  deps.clock.set('2026-03-12T00:00:00.000Z')
  for (let count = 1; count <= 5; count++) expect((await talk()).allowed).toBe(true)
  expect((await talk()).allowed).toBe(false)
  deps.clock.set('2026-03-12T23:00:00.000Z')
  expect(await talk()).toMatchObject({ allowed: true, used: 1 })
})

it('a conversation that failed is given back and may be had again', async () => {
  const account = 'again'
  await putAccount({ account, body: { email: 'a@example.com' } })
  const talk = async () => (await check({ account, body: { feature: 'ai_conversations', consume: true } })).body
  const taken = []
  for (let count = 0; count < 5; count++) taken.push((await talk()).usageId)
  expect((await talk()).allowed).toBe(false)
  const back = { feature: 'ai_conversations', quantity: -1, reference: taken[2] }
  expect(await recordUsage({ account, body: back })).toMatchObject({ status: 201, body: { used: 4, remaining: 1 } })
  expect((await talk()).allowed).toBe(true)
  expect((await talk()).allowed).toBe(false)
})
