import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { guardOf, idOf } from '#domain/guard'
import type { HistoryEntry } from '#domain/paymentWrite'
import { endOfLine, methodLabel } from '#domain/planHistory'
import { at as instant } from './subscriptionSupport.ts'

const day = (text: string): number => instant(`2025-${text}T00:00:00Z`)
/** A line that was written on a day, about a span; `null`: without an end. */
const line = (kind: HistoryEntry['kind'], written: string, start: string, end: string | null): HistoryEntry => ({
  id: idOf('his', day(written), guardOf('i', 'test', `${kind} ${written} ${start}`)),
  planId: 'pro',
  previousPlanId: null,
  priceId: 'pro-month',
  kind,
  startedAt: day(start),
  endedAt: end === null ? null : day(end),
  amountMinor: 0,
  currency: 'INR',
  paymentId: null,
  providerPaymentId: null,
})
const bought = line('new', '06-01', '06-01', '07-01')

describe('the end of a line', () => {
  it.each<[string, HistoryEntry, HistoryEntry[], string | null]>([
    ['its own, while nothing came after it', bought, [], '07-01'],
    ['none, where it has none', line('new', '06-01', '06-01', null), [], null],
    ['its own, where it was renewed', bought, [line('renewal', '07-01', '07-01', '08-01')], '07-01'],
    ['its own, where it was paid late', bought, [line('renewal', '07-03', '07-01', '08-01')], '07-01'],
    ['the upgrade', bought, [line('upgrade', '06-16', '06-16', '07-01')], '06-16'],
    [
      'the upgrade, of an endless one',
      line('new', '06-01', '06-01', null),
      [line('upgrade', '06-16', '06-16', null)],
      '06-16',
    ],
    [
      'the first of several changes',
      bought,
      [line('upgrade', '06-10', '06-10', '07-01'), line('upgrade', '06-20', '06-20', '07-01')],
      '06-10',
    ],
    ['the plan that staff gave', bought, [line('grant', '06-09', '06-09', null)], '06-09'],
    ['the cancellation', bought, [line('cancel', '06-20', '06-20', null)], '06-20'],
    [
      'the cancellation, also where it was taken back',
      bought,
      [line('cancel', '06-20', '06-20', null), line('renewal', '06-22', '06-22', '07-01')],
      '06-20',
    ],
    [
      'the reactivation, of the cancellation',
      line('cancel', '06-20', '06-20', null),
      [line('renewal', '06-22', '06-22', '07-01')],
      '06-22',
    ],
    [
      'the next plan, of the free one after an end',
      line('expire', '07-04', '07-04', null),
      [line('new', '08-01', '08-01', '09-01')],
      '08-01',
    ],
    [
      'its own, of one that was replaced while a period ahead of it was paid',
      bought,
      [line('renewal', '06-10', '07-01', '08-01'), line('upgrade', '06-16', '06-16', '07-01')],
      '06-16',
    ],
    [
      'its start, of a period paid ahead that the upgrade took the place of',
      line('renewal', '06-10', '07-01', '08-01'),
      [line('upgrade', '06-16', '06-16', '07-01')],
      '07-01',
    ],
    [
      'its own, of a period paid ahead before another one',
      line('renewal', '06-10', '07-01', '08-01'),
      [line('renewal', '06-11', '08-01', '09-01')],
      '08-01',
    ],
    [
      'its own, whatever an older subscription’s end says late of earlier days',
      line('new', '07-05', '07-05', '08-05'),
      [line('expire', '07-10', '07-04', null)],
      '08-05',
    ],
    ['its start, of one replaced in the same instant', bought, [line('upgrade', '06-02', '06-01', '07-01')], '06-01'],
  ])('is %s', (_, one, later, end) => {
    expect(endOfLine(one, later)).toBe(end === null ? null : day(end))
    expect(endOfLine(one, later.toReversed())).toBe(end === null ? null : day(end))
  })

  it('never comes after its own, never before its start, and lines of one plan after another do not overlap', () => {
    const step = fc.record({ after: fc.integer({ min: 1, max: 40 }), length: fc.integer({ min: 1, max: 60 }) })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        let at = day('01-01')
        const lines = steps.map(({ after, length }, n): HistoryEntry => {
          at += after * 86_400_000
          const id = idOf('his', at, guardOf('i', 'test', String(n)))
          return { ...bought, id, startedAt: at, endedAt: at + length * 86_400_000 }
        })
        lines.forEach((one, n) => {
          const end = endOfLine(one, lines.slice(n + 1)) ?? 0
          expect(end).toBeLessThanOrEqual(one.endedAt ?? 0)
          expect(end).toBeGreaterThan(one.startedAt)
          expect(end).toBeLessThanOrEqual(lines[n + 1]?.startedAt ?? end)
        })
      }),
    )
  })
})

it.each([
  [{ kind: 'card', brand: 'visa', last4: '4242' }, 'visa •••• 4242'],
  [{ kind: 'card', last4: '4242' }, 'card •••• 4242'],
  [{ kind: 'unknown', last4: '4242' }, 'card •••• 4242'],
  [{ kind: 'card', brand: 'visa' }, 'visa'],
  [{ kind: 'upi' }, 'upi'],
  [{ kind: 'unknown' }, undefined],
  [{ kind: 'x'.repeat(99), last4: '99994242' }, `${'x'.repeat(40)} •••• 4242`],
])('a method is called by what is told of it: %j', (method, label) => {
  expect(methodLabel(method)).toBe(label)
})
