import { afterAll, expect, it } from 'vitest'
import { auditAccount } from '#runtime/auditAccount'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ product: 'ai-chat', now })
afterAll(() => deps.stop())
const { check, getCredits, grantCredits, grantPlan, listLedger, putAccount, recordUsage } = callsOf(deps)

it('a free account chats and draws its 20 credits away, is refused at 0, and starts the next month with 20', async () => {
  const account = 'chat-free'
  await putAccount({ account, body: { email: 'a@example.com' } })
  const use = (feature: string) => check({ account, body: { feature, consume: true } })
  for (let image = 1; image <= 3; image++)
    expect((await use('image')).body.credits).toEqual({ cost: 5, balance: 20 - 5 * image })
  for (let message = 1; message <= 5; message++)
    expect((await use('chat')).body.credits).toEqual({ cost: 1, balance: 5 - message })
  for (const [feature, cost] of [
    ['chat', 1],
    ['image', 5],
  ] as const)
    expect((await use(feature)).body).toMatchObject({
      allowed: false,
      reason: 'insufficient_credits',
      credits: { cost, balance: 0 },
      upgrade: { planId: 'subscriber', priceId: 'subscriber-month', amount: 1_500, currency: 'USD' },
    })
  expect(await recordUsage({ account, body: { feature: 'chat' } })).toMatchObject({
    status: 402,
    code: 'insufficient_credits',
    body: { balance: 0, required: 1 },
  })
  deps.clock.set('2026-04-01T00:00:00.000Z')
  expect((await getCredits({ account })).body.balance).toBe(20)
  deps.clock.set('2026-05-01T00:00:00.000Z')
  expect((await getCredits({ account })).body.balance).toBe(20)
  deps.clock.set(now)
})

it('a subscriber carries at most 500 over, buys a pack, and gets credits of failed work back', async () => {
  const account = 'chat-subscriber'
  await putAccount({ account, body: { email: 'a@example.com' } })
  await grantPlan({ account, body: { priceId: 'subscriber-month', reason: 'story' } })
  await check({ account, body: { feature: 'image', consume: true, quantity: 60 } })
  expect((await getCredits({ account })).body.balance).toBe(700)
  deps.clock.set('2026-04-01T00:00:00.000Z')
  expect((await getCredits({ account })).body.balance).toBe(1_500)
  await grantCredits({ account, body: { amount: 500, reason: 'pack-500', priority: 10 } })
  const { usageId } = (await check({ account, body: { feature: 'image', consume: true, quantity: 301 } })).body
  expect((await getCredits({ account })).body).toMatchObject({ balance: 495 })
  await recordUsage({ account, body: { feature: 'image', quantity: -301, reference: usageId } })
  expect((await getCredits({ account })).body.balance).toBe(2_000)
  deps.clock.set('2026-05-01T00:00:00.000Z')
  expect((await getCredits({ account })).body.balance).toBe(2_000)
  await check({ account, body: { feature: 'chat', consume: true } })
  expect((await auditAccount(deps, account)).differences).toEqual([])
  expect((await listLedger({ account })).body.data[0]).toMatchObject({ type: 'deduct', amount: -1 })
  deps.clock.set(now)
})
