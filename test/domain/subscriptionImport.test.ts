import { describe, expect, it } from 'vitest'
import { type ImportInput, planImport } from '#domain/subscriptionImport'
import { graceMs } from '#domain/subscriptionState'
import { dayMs } from '#domain/zone'
import { end, month, terms } from './subscriptionFollowSupport.ts'
import { at, codeOf, free, sceneOf, start, termsOf } from './subscriptionSupport.ts'

describe('bringing one over', () => {
  const { account: stored, wallet } = sceneOf({ terms: free })
  const { accessEnd: _end, subscriptionId: _id, ...account } = stored
  const imported = {
    provider: 'stripe' as const,
    providerSubscriptionId: 'sub_A',
    periodStart: month(0),
    periodEnd: end,
    status: 'active' as const,
  }
  const input = { account, wallet, fallback: free, terms, imported, ids: { subscription: 'sub_9', history: 'his_9' } }
  const now = start + dayMs

  it('is one transaction: subscription, account, wallet, count and a line of its own', () => {
    const { subscription, writes, account: after } = planImport(input, now)
    expect(writes.map(({ row }) => row).sort()).toEqual(['account', 'history', 'priceCount', 'subscription', 'wallet'])
    expect(subscription).toMatchObject({
      ...{ status: 'active', managedBy: 'provider', provider: 'stripe', providerSubscriptionId: 'sub_A', paidMinor: 0 },
      ...{ periodStart: month(0), periodEnd: end, complimentary: false, ver: 1 },
    })
    expect(after).toMatchObject({ plan: terms, subscriptionId: 'sub_9', currency: 'INR', accessEnd: end + graceMs })
    expect(after.period).toMatchObject({ start: month(0), end })
    expect(writes).toContainEqual(
      expect.objectContaining({
        row: 'history',
        next: expect.objectContaining({
          kind: 'import',
          startedAt: now,
          endedAt: end,
          amountMinor: 0,
          paymentId: null,
        }),
      }),
    )
  })

  const edges: [string, Partial<typeof imported>, number, string | undefined][] = [
    ['a period that begins now', { periodStart: now }, now, undefined],
    ['a period that begins later', { periodStart: now + 1 }, now, 'validation_failed'],
    ['a period without length', { periodEnd: month(0) }, now, 'validation_failed'],
    ['the last millisecond of grace', {}, end + graceMs - 1, undefined],
    ['grace that is over', {}, end + graceMs, 'validation_failed'],
  ]
  it.each(edges)('%s', (_, over, when, code) => {
    expect(codeOf(() => planImport({ ...input, imported: { ...imported, ...over } }, when))).toBe(code)
  })

  it.each<[string, Partial<ImportInput>, string]>([
    ['a price without an end', { terms: termsOf({ interval: 'lifetime' }) }, 'validation_failed'],
    ['a live subscription', { account: { ...stored, accessEnd: at('2026-01-01T00:00:00Z') } }, 'conflict'],
    ['another currency', { account: { ...account, currency: 'USD' } }, 'conflict'],
    ['an account that is being erased', { account: { ...account, erasingAt: start } }, 'conflict'],
  ])('is refused for %s', (_, over, code) => {
    expect(codeOf(() => planImport({ ...input, ...over }, now))).toBe(code)
  })
})
