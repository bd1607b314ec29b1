import { afterAll, expect, it } from 'vitest'
import { historyKey } from '#table/keys'
import { callsOf, deliverAll, settleAll } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ product: 'marketing', now })
afterAll(() => deps.stop())
const { check, getUsage, grantPlan, listNotices, putAccount, recordUsage, setPreferences } = callsOf(deps)

const organisation = async (account: string, priceId?: string) => {
  await putAccount({ account, body: { email: 'billing@example.com', timeZone: 'Africa/Lagos' } })
  if (priceId) await grantPlan({ account, body: { priceId, reason: 'story' } })
  return account
}
const lineOf = async (account: string, feature: string) =>
  (await getUsage({ account })).body.data.find((line) => line.feature === feature)

it('without a plan everything is off: subscription_inactive, 402 payment_required, and the offer of the first plan', async () => {
  const account = await organisation('org-none')
  expect((await check({ account, body: { feature: 'EMAIL_SENT', consume: true } })).body).toMatchObject({
    allowed: false,
    planId: null,
    reason: 'subscription_inactive',
    upgrade: { planId: 'starter', priceId: 'starter-month', amount: 1_500_000, currency: 'NGN' },
  })
  expect(await recordUsage({ account, body: { feature: 'SMS_SENT' } })).toMatchObject({
    status: 402,
    code: 'payment_required',
  })
})

it.each([
  ['starter-month', { EMAIL_SENT: 10_000, SMS_SENT: 1_000, WHATSAPP_SENT: 5_000 }],
  ['growth-month', { EMAIL_SENT: 100_000, SMS_SENT: 10_000, WHATSAPP_SENT: 50_000 }],
  ['growth-year', { EMAIL_SENT: 100_000, SMS_SENT: 10_000, WHATSAPP_SENT: 50_000 }],
])('%s prices what is beyond its limits: e-mail 1, SMS 50, WhatsApp 30 kobo', async (priceId, limits) => {
  const account = await organisation(`org-${priceId}`, priceId)
  const kobo = { EMAIL_SENT: 1, SMS_SENT: 50, WHATSAPP_SENT: 30 }
  for (const [feature, limit] of Object.entries(limits)) {
    const unit = Number(Reflect.get(kobo, feature))
    await recordUsage({ account, body: { feature, quantity: limit } })
    expect(await lineOf(account, feature)).toMatchObject({
      window: 'period',
      limit,
      used: limit,
      remaining: 0,
      overage: { quantity: 0, amount: 0, currency: 'NGN' },
    })
    expect((await check({ account, body: { feature, consume: true, quantity: 7 } })).body.allowed).toBe(true)
    expect(await lineOf(account, feature)).toMatchObject({ overage: { quantity: 7, amount: 7 * unit } })
  }
  for (const feature of ['API_CALL', 'CONTACT_CREATED', 'WORKFLOW_EXECUTED', 'CAMPAIGN_SENT', 'LEADPULSE_VISITOR'])
    expect((await check({ account, body: { feature, consume: true, quantity: 1_000_000 } })).body).toMatchObject({
      allowed: true,
      limit: 'unlimited',
      remaining: null,
    })
})

it('is told at 80 % and at 100 %, is billed for the closed month, and may turn overage off', async () => {
  const account = await organisation('org-month', 'starter-month')
  await deliverAll(deps)
  for (const quantity of [799, 1, 199, 1, 13]) await recordUsage({ account, body: { feature: 'SMS_SENT', quantity } })
  await deliverAll(deps)
  const told = (await listNotices({ account })).body.data.map(({ kind, feature, used }) => [kind, feature, used])
  expect(told.sort()).toEqual([
    ['usage_limit', 'SMS_SENT', 1_000],
    ['usage_warning', 'SMS_SENT', 800],
  ])
  await setPreferences({ account, body: { overage: false } })
  expect(await recordUsage({ account, body: { feature: 'SMS_SENT' } })).toMatchObject({
    status: 403,
    code: 'usage_limit_reached',
    body: { limit: 1_000, used: 1_013, upgrade: { planId: 'growth', priceId: 'growth-month' } },
  })
  deps.clock.set('2026-03-31T23:00:00.000Z')
  expect((await check({ account, body: { feature: 'SMS_SENT' } })).body).toMatchObject({ used: 0, allowed: true })
  await settleAll(deps)
  const overage = Object.values(Object((await deps.table.get(historyKey(account, 'SMS_SENT', '2026-03')))?.overage))
  expect(overage).toMatchObject([{ quantity: 13, amountMinor: 650, price: { planId: 'starter', currency: 'NGN' } }])
  deps.clock.set(now)
})
