import { describe, expect, it } from 'vitest'
import { planEnd } from '#domain/subscriptionEnd'
import { graceMs } from '#domain/subscriptionState'
import { planTrialStart, type TrialInput } from '#domain/subscriptionTrial'
import { dayMs } from '#domain/zone'
import { codeOf, free, growth, ids, lifetime, rows, sceneOf, start } from './subscriptionSupport.ts'

describe('a trial', () => {
  const { account, wallet } = sceneOf({ autoRenew: false })
  const { subscriptionId: _id, accessEnd: _end, period: _period, ...fresh } = account
  const input = (over: Partial<TrialInput> = {}): TrialInput => ({
    account: { ...fresh, plan: free },
    wallet,
    fallback: free,
    terms: growth,
    trialDays: 14,
    history: [],
    ids: { subscription: 'sub_t', history: 'his_t' },
    method: { id: 'pmt_1', mandate: false },
    ...over,
  })

  it('starts without money, ends where the first period begins', () => {
    const plan = planTrialStart(input(), start)
    expect(rows(plan)).toEqual(['subscription', 'account', 'wallet', 'priceCount', 'history', 'notice'])
    expect(plan.subscription).toMatchObject({
      status: 'trialing',
      ver: 1,
      paidMinor: 0,
      periodEnd: start + 14 * dayMs,
      autoRenew: true,
    })
    expect(plan.account).toMatchObject({ plan: { planId: 'growth' }, accessEnd: start + 14 * dayMs + graceMs })
  })

  it('without a method is over at its end', () => {
    const { method: _none, ...without } = input()
    const plan = planTrialStart(without, start)
    expect(plan.account.accessEnd).toBe(start + 14 * dayMs)
    const trialing = { wallet, fallback: free, account: plan.account, subscription: plan.subscription }
    expect(planEnd(trialing, ids, start + 14 * dayMs).subscription).toMatchObject({ status: 'expired' })
  })

  const tried = {
    ...ids,
    id: 'h',
    planId: 'growth',
    previousPlanId: null,
    priceId: 'p',
    kind: 'new' as const,
    startedAt: 0,
    endedAt: null,
    amountMinor: 0,
    currency: 'INR',
    paymentId: null,
  }
  it.each<[string, Partial<TrialInput>, string | undefined]>([
    ['of a plan that has none', { trialDays: undefined }, 'conflict'],
    ['of a plan that was tried', { history: [tried] }, 'conflict'],
    ['of a plan that was bought before', { history: [{ ...tried, paymentId: 'fpay_1' }] }, undefined],
    ['of another plan than the one tried', { history: [{ ...tried, planId: 'other' }] }, undefined],
    ['beside a live subscription', { account }, 'conflict'],
    ['of a plan without an end', { terms: lifetime }, 'conflict'],
    ['in another currency', { account: { ...fresh, plan: free, currency: 'USD' } }, 'conflict'],
  ])('%s', (_, over, code) => {
    expect(codeOf(() => planTrialStart(input(over), start))).toBe(code)
  })
})
