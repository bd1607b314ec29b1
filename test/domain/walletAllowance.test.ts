import { describe, expect, test } from 'vitest'
import { guardOf, guardOfId } from '#domain/guard'
import { auditLedger } from '#domain/ledger'
import type { Allowance } from '#domain/terms'
import { nextDueAt } from '#domain/walletDue'
import type { Requests } from '#domain/walletRequest'
import { viewWallet } from '#domain/walletView'
import { Bench, dayMs, december, february, january, monthly, november, windows } from './walletSupport.ts'

const change = (terms: Allowance | null, rest: Partial<Requests['changeAllowance']> = {}) => ({
  kind: 'changeAllowance' as const,
  terms,
  until: null,
  next: null,
  replace: false,
  ...rest,
})
/** A bench on terms since an instant in November. */
const on = (terms: Allowance, at = november + 9 * dayMs, rest: Partial<Requests['changeAllowance']> = {}): Bench => {
  const bench = new Bench(at)
  bench.accept(change(terms, rest))
  return bench
}
const grantsAt = (bench: Bench, now: number) =>
  viewWallet(bench.wallet, now, windows).grants.map(({ source, remaining, expiresAt }) => [
    source,
    remaining,
    expiresAt,
  ])
const balanceAt = (bench: Bench, now: number): number => viewWallet(bench.wallet, now, windows).balance
const rows = (bench: Bench) => bench.entries.map(({ type, amount, effectiveAt }) => [type, amount, effectiveAt])

describe('included credits', () => {
  test('a first window is granted whole, until its end', () => {
    expect(grantsAt(on(monthly(20)), november + 9 * dayMs)).toEqual([['included', 20, december]])
  })

  test.each([
    [-1, [['included', 13, december]]],
    [0, [['included', 20, january]]],
    [1, [['included', 20, january]]],
  ])('%i ms from the new window, written or not: %j', (offset, grants) => {
    const bench = on(monthly(20))
    bench.deduct(7)
    expect(grantsAt(bench, december + offset)).toEqual(grants)
    bench.at(december + offset).accept({ kind: 'settleDue' })
    expect(grantsAt(bench, december + offset)).toEqual(grants)
  })

  test('of a wallet that nobody uses: the nightly job books their end once, and no window after it', () => {
    const bench = on(monthly(20, 5))
      .at(december + 5)
      .bookEnded()
    const ended = [
      ['grant', 20, november + 9 * dayMs],
      ['expire', -20, december],
    ]
    expect(rows(bench)).toEqual(ended)
    expect(balanceAt(bench, december + 5)).toBe(25)
    for (let night = 1; night < 70; night++) bench.at(december + night * dayMs).bookEnded()
    expect(rows(bench)).toEqual(ended)
    expect(balanceAt(bench, bench.now)).toBe(25)
  })

  test('the nightly job books what ends later than a window that nobody used', () => {
    const bench = on(monthly(20))
    bench.grant(7, { expiresAt: december + 3 * dayMs })
    bench.at(december + 4 * dayMs).bookEnded()
    expect(rows(bench).slice(-1)).toEqual([['expire', -7, december + 3 * dayMs]])
    expect(balanceAt(bench, bench.now)).toBe(20)
  })

  test('the first write of a window books it before its own entry', () => {
    const bench = on(monthly(20))
    bench.at(december + 5).deduct(1)
    expect(rows(bench)).toEqual([
      ['grant', 20, november + 9 * dayMs],
      ['expire', -20, december],
      ['grant', 20, december],
      ['deduct', -1, december + 5],
    ])
    expect(bench.entries[2]?.guard).toEqual(guardOf('i', 'due', `included:0:${december}`))
    expect(guardOfId('grn', bench.wallet.grants[0]?.id ?? '')).toEqual(bench.entries[2]?.guard)
  })

  test.each([
    ['day', november + 9 * dayMs + 1, november + 10 * dayMs],
    ['month', november + 9 * dayMs + 1, december],
    ['lifetime', november + 9 * dayMs + 1, null],
  ] as const)('of a %s end with it', (window, at, expiresAt) => {
    expect(grantsAt(on({ included: 5, window, rollover: 0 }, at), at)).toEqual([['included', 5, expiresAt]])
  })

  test('of a lifetime are given once', () => {
    const bench = on({ included: 5, window: 'lifetime', rollover: 0 })
    bench.deduct(5)
    expect(balanceAt(bench, november + 4000 * dayMs)).toBe(0)
  })

  test('years without a call cost a few entries', () => {
    const bench = on({ included: 5, window: 'day', rollover: 0 })
    bench.at(november + 4000 * dayMs + 1).accept({ kind: 'settleDue' })
    expect(bench.entries.map(({ type }) => type)).toEqual(['grant', 'expire', 'grant'])
    expect(grantsAt(bench, bench.now)).toEqual([['included', 5, november + 4001 * dayMs]])
  })

  test('the wallet says when something is due next', () => {
    const bench = on(monthly(20), undefined, { until: january + 5 })
    expect(nextDueAt(bench.wallet, windows)).toBe(december)
    bench.reserve(1, dayMs)
    expect(nextDueAt(bench.wallet, windows)).toBe(november + 10 * dayMs)
    expect(nextDueAt(new Bench().wallet, windows)).toBeUndefined()
  })
})

describe('rollover', () => {
  test.each([
    ['none', 0, 12, [['included', 20, january]]],
    [
      'less than the cap',
      8,
      15,
      [
        ['rollover', 5, january],
        ['included', 20, january],
      ],
    ],
    [
      'just the cap',
      8,
      12,
      [
        ['rollover', 8, january],
        ['included', 20, january],
      ],
    ],
    [
      'more than the cap',
      8,
      11,
      [
        ['rollover', 8, january],
        ['included', 20, january],
      ],
    ],
    [
      'everything',
      'all',
      3,
      [
        ['rollover', 17, january],
        ['included', 20, january],
      ],
    ],
    ['nothing left', 8, 20, [['included', 20, january]]],
  ] as const)('%s: cap %s with %i of 20 spent', (_name, rollover, spent, grants) => {
    const bench = on(monthly(20, rollover))
    bench.deduct(spent)
    expect(grantsAt(bench, december).toSorted()).toEqual([...grants].toSorted())
  })

  test('is an expire entry and a grant, both dated the window', () => {
    const bench = on(monthly(20, 8))
    bench.deduct(15)
    bench.at(december + 99).accept({ kind: 'settleDue' })
    expect(rows(bench).slice(2)).toEqual([
      ['expire', -5, december],
      ['grant', 5, december],
      ['grant', 20, december],
    ])
    expect(bench.entries[3]?.guard).toEqual(guardOf('i', 'due', `rollover:0:${december}`))
  })

  test.each([
    ['none', 0, 20],
    ['at most 8', 8, 28],
    ['at most 30: it grows over the windows', 30, 50],
    ['everything: 3 idle months of 20, and 17 left', 'all', 97],
  ] as const)('over idle windows, %s', (_name, rollover, balance) => {
    const bench = on(monthly(20, rollover))
    bench.deduct(3)
    const march = Date.UTC(2027, 2, 1)
    expect(balanceAt(bench, march)).toBe(balance)
    for (const at of [december, january, february, march]) bench.at(at).accept({ kind: 'settleDue' })
    expect(balanceAt(bench, march)).toBe(balance)
  })

  test('what a hold keeps over the end of the window is not carried, and expires after it', () => {
    const bench = on(monthly(20, 'all'), december - 1000)
    const hold = bench.reserve(15, dayMs)
    expect(balanceAt(bench, december)).toBe(20 + 5 + 15)
    bench.at(december + 1).accept({ kind: 'release', id: hold.id })
    expect(balanceAt(bench, bench.now)).toBe(25)
    expect(auditLedger(bench.entries, bench.wallet, bench.now, windows)).toEqual([])
  })

  test('bought credits neither expire nor roll over with the window', () => {
    const bench = on(monthly(20, 8))
    bench.grant(100, { source: 'purchase' })
    expect(balanceAt(bench, december)).toBe(128)
  })
})

describe('the end of access', () => {
  const ends = december + 9 * dayMs
  const paid = () => on(monthly(1000), november, { until: ends, next: monthly(20) })

  test.each([
    ['at it the last window stays', ends, [['included', 1000, january]]],
    ['1 ms before that window ends', january - 1, [['included', 1000, january]]],
    ["at that window's end the fallback's begins", january, [['included', 20, february]]],
  ])('%s', (_name, at, grants) => {
    expect(grantsAt(paid(), at)).toEqual(grants)
    const bench = paid().at(ends + 1)
    bench.accept({ kind: 'settleDue' })
    if (at > ends) expect(grantsAt(bench, at)).toEqual(grants)
  })

  test.each([
    [december - 1, 0],
    [december, 0],
    [december + 1, 1000],
  ])('access until %i: a window that begins then or later is not granted', (until, balance) => {
    expect(balanceAt(on(monthly(1000), november, { until }), december)).toBe(balance)
  })

  test('a fallback without credits gives none', () => {
    expect(balanceAt(on(monthly(1000), november, { until: ends }), january)).toBe(0)
  })

  test('a plan without credits gives way to the fallback at once', () => {
    const bench = new Bench(november)
    bench.accept(change(null, { until: ends, next: monthly(20) }))
    expect(balanceAt(bench, ends - 1)).toBe(0)
    expect(grantsAt(bench, ends)).toEqual([['included', 20, january]])
  })

  test('a lifetime allowance does not hold the fallback up', () => {
    const bench = on({ included: 5, window: 'lifetime', rollover: 0 }, november, { until: ends, next: monthly(20) })
    expect(balanceAt(bench, ends)).toBe(25)
  })
})

describe('a plan change', () => {
  test('upgrade: the new allowance replaces what is left of the old; bought credits stay', () => {
    const bench = on(monthly(20, 8))
    bench.grant(7, { source: 'purchase' })
    bench.deduct(15)
    bench.at(november + 15 * dayMs).accept(change(monthly(100), { replace: true }))
    expect(grantsAt(bench, bench.now)).toEqual([
      ['included', 100, december],
      ['purchase', 7, null],
    ])
    expect(rows(bench).slice(-2)).toEqual([
      ['expire', -5, bench.now],
      ['grant', 100, bench.now],
    ])
    expect(balanceAt(bench, december)).toBe(107)
  })

  test('upgrade: a hold on the old credits stays good', () => {
    const bench = on(monthly(20))
    const hold = bench.reserve(15, dayMs)
    bench.accept(change(monthly(100), { replace: true }))
    expect(viewWallet(bench.wallet, bench.now, windows)).toMatchObject({ balance: 115, held: 15, available: 100 })
    expect(bench.accept({ kind: 'commit', id: hold.id, amount: 5 })).toMatchObject({ balance: 100, available: 100 })
    expect(auditLedger(bench.entries, bench.wallet, bench.now, windows)).toEqual([])
  })

  test('upgrade twice in a window: each has a grant of its own', () => {
    const bench = on(monthly(20))
    bench.accept(change(monthly(100), { replace: true }))
    bench.accept(change(monthly(100), { replace: true }))
    expect(balanceAt(bench, bench.now)).toBe(100)
    expect(new Set(bench.entries.map(({ guard }) => guard.bits)).size).toBe(bench.entries.length)
  })

  test('otherwise the old grant stays until its end, then the new terms begin', () => {
    const bench = on(monthly(100))
    bench.at(november + 15 * dayMs).accept(change(monthly(20)))
    expect(grantsAt(bench, december - 1)).toEqual([['included', 100, december]])
    expect(grantsAt(bench, december)).toEqual([['included', 20, january]])
  })

  test('to another window kind: the new one begins where the old one ends', () => {
    const bench = on(monthly(100))
    bench.accept(change({ included: 3, window: 'day', rollover: 0 }))
    expect(balanceAt(bench, december - 1)).toBe(100)
    expect(grantsAt(bench, december)).toEqual([['included', 3, december + dayMs]])
  })

  test('changing terms back and forth without replacing grants no window twice', () => {
    const bench = on(monthly(20))
    for (const included of [30, 40, 20]) bench.at(bench.now + dayMs).accept(change(monthly(included)))
    expect(balanceAt(bench, december - 1)).toBe(20)
    bench.at(december).accept({ kind: 'settleDue' })
    for (const included of [30, 40, 20]) bench.at(bench.now + dayMs).accept(change(monthly(included)))
    expect(balanceAt(bench, january - 1)).toBe(20)
  })
})

test('a plan that includes 0 credits gives none, and books nothing', () => {
  const bench = on(monthly(0), november, { until: december, next: monthly(0) })
  bench.at(january).accept({ kind: 'settleDue' })
  expect(bench.entries).toEqual([])
})

describe('a paid period', () => {
  const terms: Allowance = { included: 50, window: 'period', rollover: 10 }
  const [start, end] = [november + 14 * dayMs, december + 14 * dayMs]

  test('is the window; nothing more is granted in grace, and a renewal grants the next with its rollover', () => {
    const bench = on(terms, start, { period: { start, end, until: end + 3 * dayMs }, until: end + 3 * dayMs })
    bench.deduct(44)
    expect(grantsAt(bench, end - 1)).toEqual([['included', 6, end]])
    expect(balanceAt(bench, end + dayMs)).toBe(0)
    bench.at(end + dayMs).accept({ kind: 'settleDue' })
    const next = { start: end, end: january + 14 * dayMs, earlier: [{ start, end }] }
    bench.at(end + 2 * dayMs).accept(change(terms, { period: next }))
    expect(grantsAt(bench, bench.now)).toEqual(
      expect.arrayContaining([
        ['included', 50, next.end],
        ['rollover', 6, next.end],
      ]),
    )
    expect(balanceAt(bench, bench.now)).toBe(56)
  })

  test('overdue without an end of access grants nothing, and does not run for ever', () => {
    const bench = on(terms, start, { period: { start, end } })
    expect(balanceAt(bench, end + 400 * dayMs)).toBe(0)
  })

  test('a renewal before the end does not grant early', () => {
    const bench = on(terms, start, { period: { start, end } })
    bench.at(end - 1).accept(change(terms, { period: { start, end } }))
    expect(balanceAt(bench, end - 1)).toBe(50)
  })
})

test('windows are those of the wallet’s own zones, across daylight saving', () => {
  const bench = new Bench(Date.UTC(2026, 9, 24, 12))
  bench.accept({ kind: 'configure', zones: [{ zone: 'Europe/Berlin', from: 0 }] })
  bench.accept(change({ included: 3, window: 'day', rollover: 0 }))
  const sunday = Date.UTC(2026, 9, 24, 22)
  const monday = Date.UTC(2026, 9, 25, 23)
  expect(grantsAt(bench, sunday)).toEqual([['included', 3, monday]])
  expect(grantsAt(bench, monday - 1)).toEqual([['included', 3, monday]])
  expect(grantsAt(bench, monday)).toEqual([['included', 3, monday + dayMs]])
})
