import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MeteredTerm } from '#domain/terms'
import { initialZones } from '#domain/time'
import { overageOfCounter, planGiveBack, planUsage, type UsageContext, type UsageCounter } from '#domain/usage'
import {
  type ClosePlan,
  type HistoryRow,
  historyOf,
  monthBefore,
  monthsToClose,
  type OverageLine,
  planClose,
  usageStatistics,
  withOverage,
} from '#domain/usageHistory'
import { dayMs } from '#domain/zone'

const now = Date.parse('2025-06-15T12:00:00Z')
const july = Date.parse('2025-07-01T00:00:00Z')
const context: UsageContext = { zones: initialZones('UTC'), planId: 'team', currency: 'USD', overage: true }
const term: MeteredTerm = { kind: 'metered', limit: 10, window: 'month', warnAt: 0.8, overage: { unitAmount: '0.5' } }

function use(counter: UsageCounter | undefined, quantity: number, at = now, of = term, when = Math.max(at, now)) {
  const plan = planUsage(counter, { quantity, at, outcome: 'success', durationMs: 100 }, of, when, context)
  if (!plan.accepted) throw new Error(plan.reason)
  return plan.next
}

/** Closes and insists that something was due. */
function close(counter: UsageCounter, rows: HistoryRow[], at: number): ClosePlan {
  const plan = planClose(counter, new Map(rows.map((row) => [row.month, row])), at)
  if (!plan) throw new Error('nothing was due')
  return plan
}

describe('planClose', () => {
  test('does nothing before the window is over, and all of it the instant it is', () => {
    const counter = use(use(undefined, 3), 4, now - dayMs)
    expect(planClose(counter, new Map(), july - 1)).toBeNull()
    const { next, rows, overage } = close(counter, [], july)
    expect(next).toMatchObject({ n: 7, ver: counter.ver + 1, d: {}, s: {} })
    expect(next.due).toBeUndefined()
    expect(overage).toBeUndefined()
    expect(rows).toMatchObject([
      { month: '2025-06', ver: 1, days: { '14': 4, '15': 3 }, total: 7, statistics: { ok: 2, timed: 2, sumMs: 200 } },
    ])
  })

  test('twice moves nothing twice', () => {
    const first = close(use(undefined, 3), [], july)
    expect(planClose(first.next, new Map(first.rows.map((row) => [row.month, row])), july + dayMs)).toBeNull()
  })

  test('a late event makes it due again, and only that event moves', () => {
    const first = close(use(undefined, 3), [], july)
    const late = use(first.next, 2, now - dayMs, term, july + dayMs)
    expect(late.due).toBe(july)
    const second = close(late, first.rows, july + dayMs)
    expect(second.rows).toMatchObject([{ month: '2025-06', ver: 2, days: { '14': 2, '15': 3 }, total: 5 }])
  })

  test('a give-back after the close takes its units out of history', () => {
    const first = close(use(undefined, 3), [], july)
    const back = planGiveBack(first.next, 2, { quantity: 3, cost: 0, at: now }, undefined, term, context)
    if (!back.accepted) throw new Error('refused')
    expect(close(back.next, first.rows, july + 1).rows).toMatchObject([{ days: { '15': 1 }, total: 1 }])
  })

  test('gives the overage of a closed window as a total, again after a late event', () => {
    const first = close(use(undefined, 13), [], july)
    expect(first.overage).toMatchObject({ quantity: 3, amountMinor: 2, price: { planId: 'team', currency: 'USD' } })
    const second = close(use(first.next, 1, now, term, july + 1), first.rows, july + 1)
    expect(second.overage).toMatchObject({ quantity: 4, amountMinor: 2 })
  })

  test('an overage that was given back is a line of zero', () => {
    const first = close(use(undefined, 12), [], july)
    const back = planGiveBack(first.next, 5, { quantity: 12, cost: 0, at: now }, undefined, term, context)
    expect(back.accepted && close(back.next, first.rows, july + 1).overage).toMatchObject({
      quantity: 0,
      amountMinor: 0,
    })
  })

  test('an endless window rolls up month by month and charges nothing', () => {
    const lifetime: MeteredTerm = { ...term, window: 'lifetime' }
    const counter = use(use(undefined, 20, now, lifetime), 1, Date.parse('2025-05-31T00:00:00Z'), lifetime)
    expect(monthsToClose(counter)).toEqual(['2025-05', '2025-06'])
    const { next, rows, overage } = close(counter, [], july)
    expect(rows.map(({ month, total }) => [month, total])).toEqual([
      ['2025-05', 1],
      ['2025-06', 20],
    ])
    expect(next).toMatchObject({ n: 21, end: null })
    expect(overage).toBeUndefined()
  })

  test('whenever closes run, history holds every unit once', () => {
    const step = fc.record({
      advance: fc.integer({ min: 0, max: 20 }),
      back: fc.integer({ min: 0, max: 30 }),
      quantity: fc.integer({ min: 1, max: 5 }),
      close: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50, size: 'max' }), (steps) => {
        const unlimited: MeteredTerm = { kind: 'metered', limit: 'unlimited', window: 'lifetime', warnAt: 0.8 }
        let counter: UsageCounter | undefined
        const rows = new Map<string, HistoryRow>()
        let instant = now
        let used = 0
        for (const each of steps) {
          instant += each.advance * dayMs
          counter = use(counter, each.quantity, instant - each.back * dayMs, unlimited, instant)
          used += each.quantity
          const plan = each.close ? planClose(counter, rows, instant) : null
          if (plan) {
            counter = plan.next
            for (const row of plan.rows) rows.set(row.month, row)
          }
          const points = historyOf([...rows.values()], [counter], '2025-01-01', '2029-12-31', 'month')
          expect(points.reduce((sum, point) => sum + point.used, 0)).toBe(used)
          expect(counter.n).toBe(used)
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('historyOf', () => {
  const rows = close(use(use(undefined, 3), 4, now - 2 * dayMs), [], july).rows
  const open = use(undefined, 2, july, term, july)

  test('joins history and open counters by day, quiet days as 0', () => {
    expect(historyOf(rows, [open], '2025-06-13', '2025-06-16', 'day')).toEqual([
      { on: '2025-06-13', used: 4 },
      { on: '2025-06-14', used: 0 },
      { on: '2025-06-15', used: 3 },
      { on: '2025-06-16', used: 0 },
    ])
  })

  test('by month counts only the days asked for', () => {
    expect(historyOf(rows, [open], '2025-05-20', '2025-07-01', 'month')).toEqual([
      { on: '2025-05', used: 0 },
      { on: '2025-06', used: 7 },
      { on: '2025-07', used: 2 },
    ])
    expect(historyOf(rows, [open], '2025-06-14', '2025-06-30', 'month')).toEqual([{ on: '2025-06', used: 3 }])
  })

  test('366 days are a history, 367 are not', () => {
    expect(historyOf([], [], '2024-01-01', '2024-12-31', 'day')).toHaveLength(366)
    expect(() => historyOf([], [], '2024-01-01', '2025-01-01', 'day')).toThrow(RangeError)
    expect(historyOf([], [], '2025-06-02', '2025-06-01', 'day')).toEqual([])
  })
})

describe('usageStatistics', () => {
  test('reads history and open counters, with the change on the month before', () => {
    const { rows } = close(use(use(undefined, 1), 1), [], july)
    const open = use(use(use(undefined, 1, july, term, july), 1, july, term, july), 1, july, term, july)
    expect(usageStatistics(rows, [open], '2025-07')).toMatchObject({
      month: '2025-07',
      count: 3,
      successRate: 1,
      meanMs: 100,
      change: 0.5,
    })
    expect(usageStatistics(rows, [open], '2025-06')).toMatchObject({ count: 2, change: null })
  })

  test.each([
    ['2025-01', '2024-12'],
    ['2025-03', '2025-02'],
  ])('before %s is %s', (month, before) => {
    expect(monthBefore(month)).toBe(before)
  })
})

describe('overage of a paid period', () => {
  const start = Date.parse('2025-06-15T10:00:00Z')
  const end = Date.parse('2025-07-15T10:00:00Z')
  const paid = { ...context, period: { start, end, until: end + 3 * dayMs } }
  const priced: MeteredTerm = { ...term, window: 'period' }
  const used = (counter: UsageCounter | undefined, quantity: number, at: number, when = at) => {
    const plan = planUsage(counter, { quantity, at, outcome: 'success' }, priced, when, paid)
    if (!plan.accepted) throw new Error(plan.reason)
    return plan.next
  }

  test.each([-1, 0, 1])('use %i ms from its end leaves the counter its end, and is counted there', (offset) => {
    const counter = used(used(undefined, 15, start), 1, end + offset)
    expect(counter).toMatchObject({ n: 16, over: 6, end, due: Date.parse('2025-07-01T00:00:00Z') })
    expect(counter.late).toBe(offset < 0 ? undefined : 1)
    expect(close(counter, [], end + 1).overage).toMatchObject({ quantity: 6, amountMinor: 3 })
  })

  test('use in grace makes a closed counter due at once', () => {
    const { next } = close(used(undefined, 15, start), [], end)
    const later = used(next, 1, end + dayMs)
    expect(later).toMatchObject({ end, due: end, late: 1, closed: end })
  })

  test('what is on an order is final, what was used after it comes on the next, and what was dated back does not', () => {
    const first = close(used(undefined, 15, start), [], end)
    const lines = withOverage({}, 'w', first.overage as OverageLine, () => false)
    const later = close(used(used(first.next, 3, end + dayMs), 4, end - 1, end + dayMs), first.rows, end + dayMs)
    expect(later.overage).toMatchObject({ quantity: 12, amountMinor: 6, late: 3 })
    expect(withOverage(lines, 'w', later.overage as OverageLine, () => false)).toEqual({ w: later.overage })
    expect(withOverage(lines, 'w', later.overage as OverageLine, (id) => id === 'w')).toMatchObject({
      w: { quantity: 5, amountMinor: 3 },
      'w~2': { quantity: 3, amountMinor: 1, late: 3 },
    })
  })

  test('whatever is used, closed and ordered in whatever order, all of it is charged once', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ use: fc.integer({ min: 1, max: 9 }), late: fc.boolean() }),
        fc.constant('close' as const),
        fc.constant('order' as const),
      ),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(steps, (all) => {
        let counter = used(undefined, 8, start)
        let lines: Record<string, OverageLine> = {}
        const billed = new Set<string>()
        const closed = (now: number) => {
          const plan = planClose(counter, new Map(), now)
          if (!plan) return
          counter = plan.next
          if (plan.overage) lines = withOverage(lines, 'w', plan.overage, (id) => billed.has(id))
        }
        let now = end - dayMs
        for (const step of all) {
          now += 60_000
          if (step === 'close') closed(now)
          else if (step === 'order') for (const id of Object.keys(lines)) billed.add(id)
          else {
            if (step.late) now = Math.max(now, end)
            counter = used(counter, step.use, now)
          }
        }
        closed(end + 3 * dayMs)
        const charged = Object.values(lines).reduce((sum, { amountMinor }) => sum + amountMinor, 0)
        expect(charged).toBe(overageOfCounter(counter)?.amountMinor ?? 0)
      }),
    )
  })
})
