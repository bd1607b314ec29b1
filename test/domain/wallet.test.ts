import { describe, expect, test } from 'vitest'
import { idTime } from '#domain/guard'
import { decide } from '#domain/walletDecide'
import { hourMs } from '#domain/zone'
import { Bench, dayMs, fundsAt, movesOf, november, windows } from './walletSupport.ts'

describe('burn order', () => {
  test.each([
    ['lower priority first, whatever its expiry', [{ priority: 1, expiresAt: november + 1 }, { priority: 0 }], [1, 0]],
    ['a negative priority before 0', [{ priority: 0 }, { priority: -1 }], [1, 0]],
    ['earlier expiry first', [{ expiresAt: november + 2 }, { expiresAt: november + 1 }], [1, 0]],
    ['no expiry last', [{}, { expiresAt: november + 99 * dayMs }], [1, 0]],
    ['older first', [{}, {}], [0, 1]],
  ])('%s', (_name, grants, order) => {
    const bench = new Bench()
    const ids = grants.map((grant, age) => bench.at(november - 10 + age).grant(10, grant))
    const entry = bench.at(november).deduct(15)
    expect(entry.grantMoves.map((move) => move.grantId)).toEqual(order.map((place) => ids[place]))
    expect(entry.grantMoves.map((move) => move.amount)).toEqual([-10, -5])
  })

  test('one deduction may span grants and is one entry; a spent grant leaves the wallet', () => {
    const bench = new Bench()
    const ids = [bench.grant(1), bench.at(november + 1).grant(2), bench.at(november + 2).grant(4)]
    const entry = bench.deduct(6)
    expect(movesOf(entry)).toEqual({ [ids[0] ?? '']: -1, [ids[1] ?? '']: -2, [ids[2] ?? '']: -3 })
    expect(entry).toMatchObject({ type: 'deduct', amount: -6, balanceAfter: 1, seq: 4 })
    expect(bench.wallet.grants.map((grant) => [grant.id, grant.remaining])).toEqual([[ids[2], 1]])
  })

  test.each([
    [9, 'accepted'],
    [10, 'accepted'],
    [11, 'refused'],
  ])('of 10 available, %i is %s whole', (amount, kind) => {
    const bench = new Bench()
    bench.grant(4)
    bench.grant(6)
    const decision = bench.decide({ kind: 'deduct', guard: bench.key(), reason: '', amount })
    expect(decision.kind).toBe(kind)
    expect(fundsAt(bench, bench.now).balance).toBe(kind === 'accepted' ? 10 - amount : 10)
  })

  test('a refusal says what there is and what was needed, due facts counted, and writes nothing', () => {
    const bench = new Bench()
    bench.grant(10, { expiresAt: november + 5 })
    const before = bench.wallet
    expect(bench.at(november + 5).decide({ kind: 'deduct', guard: bench.key(), reason: '', amount: 3 })).toEqual({
      kind: 'refused',
      reason: 'insufficient_credits',
      required: 3,
      balance: 0,
      held: 0,
      available: 0,
    })
    expect(bench.wallet).toBe(before)
  })
})

describe('expiry', () => {
  const expiresAt = november + dayMs

  test.each([
    [-1, 10],
    [0, 0],
    [1, 0],
  ])('%i ms from expiresAt the balance is %i, written or not', (offset, balance) => {
    const bench = new Bench()
    bench.grant(10, { expiresAt })
    expect(fundsAt(bench, expiresAt + offset)).toEqual({ balance, held: 0, available: balance })
    const decision = bench.at(expiresAt + offset).decide({ kind: 'deduct', guard: bench.key(), reason: '', amount: 1 })
    expect(decision.kind).toBe(balance > 0 ? 'accepted' : 'refused')
  })

  test('the next writer books it before its own entry, dated when it expired', () => {
    const bench = new Bench()
    const [short, long] = [bench.grant(10, { expiresAt }), bench.grant(5)]
    bench.at(expiresAt + 77).deduct(2)
    expect(bench.entries.slice(2)).toMatchObject([
      {
        type: 'expire',
        amount: -10,
        seq: 3,
        balanceAfter: 5,
        effectiveAt: expiresAt,
        createdAt: expiresAt + 77,
        reference: short,
        guard: { class: 'i' },
      },
      { type: 'deduct', amount: -2, seq: 4, balanceAfter: 3, effectiveAt: expiresAt + 77 },
    ])
    expect(bench.wallet.grants.map((grant) => grant.id)).toEqual([long])
  })

  test('several are booked in the order of time', () => {
    const bench = new Bench()
    for (const days of [3, 1, 2]) bench.grant(days, { expiresAt: november + days * dayMs })
    bench.at(november + 9 * dayMs).accept({ kind: 'settleDue' })
    expect(bench.entries.slice(3).map((entry) => entry.amount)).toEqual([-1, -2, -3])
  })

  test.each([
    [-1, 'already_expired'],
    [0, 'already_expired'],
  ])('a grant that ends %i ms from now is refused', (offset, reason) => {
    const bench = new Bench()
    expect(
      bench.refuse({ kind: 'grant', guard: bench.key(), reason: '', amount: 1, expiresAt: november + offset }),
    ).toBe(reason)
  })

  test('a grant that ends 1 ms from now is given', () => {
    const bench = new Bench()
    bench.grant(1, { expiresAt: november + 1 })
    expect(fundsAt(bench, november).balance).toBe(1)
  })
})

describe('adjust', () => {
  test.each([
    [-10, 'accepted', 0],
    [-11, 'refused', 10],
    [5, 'accepted', 15],
  ])('%i on 10 is %s and leaves %i', (amount, kind, balance) => {
    const bench = new Bench()
    bench.grant(10)
    expect(bench.decide({ kind: 'adjust', guard: bench.key(), reason: 'staff', amount }).kind).toBe(kind)
    expect(fundsAt(bench, bench.now).balance).toBe(balance)
  })

  test('above zero it is a grant of its own source', () => {
    const bench = new Bench()
    bench.accept({ kind: 'adjust', guard: bench.key(), reason: 'staff', amount: 5 })
    expect(bench.wallet.grants).toMatchObject([{ amount: 5, source: 'adjust', expiresAt: null }])
    expect(bench.entries).toMatchObject([{ type: 'adjust', amount: 5 }])
  })
})

describe('limits', () => {
  const full = (): Bench => {
    const bench = new Bench()
    for (let n = 0; n < 100; n += 1) bench.grant(1, { expiresAt: november + dayMs + n })
    return bench
  }

  test('the 100th grant is given, the 101st by API refused', () => {
    const bench = full()
    expect(bench.refuse({ kind: 'grant', guard: bench.key(), reason: '', amount: 1 })).toBe('too_many_grants')
  })

  test('a settlement at the cap joins a grant of equal expiry, priority and source', () => {
    const bench = full()
    const alike = bench.wallet.grants[7]
    const id = bench.grant(5, { merge: true, expiresAt: november + dayMs + 7 })
    expect(id).toBe(alike?.id)
    expect(bench.wallet.grants).toHaveLength(100)
    expect(bench.wallet.grants[7]).toMatchObject({ amount: 6, remaining: 6 })
  })

  test.each([
    ['expiry', { expiresAt: november + 9 * dayMs }],
    ['source', { expiresAt: november + dayMs + 7, source: 'purchase' as const }],
    ['priority', { expiresAt: november + dayMs + 7, priority: 1 }],
  ])('a settlement at the cap with another %s is given all the same', (_name, rest) => {
    const bench = full()
    bench.grant(5, { merge: true, ...rest })
    expect(bench.wallet.grants).toHaveLength(101)
  })

  test('what is due does not count against the cap', () => {
    const bench = full()
    bench.at(november + dayMs).grant(1)
    expect(bench.wallet.grants).toHaveLength(100)
  })

  test('more due entries than a transaction takes are booked in parts, in the same order', () => {
    const bench = full().at(november + 9 * dayMs)
    const first = bench.decide({ kind: 'settleDue' })
    expect(first.kind).toBe('partial')
    expect(first.kind === 'partial' && first.entries.length).toBeLessThanOrEqual(90)
    expect(bench.decide({ kind: 'settleDue' }).kind).toBe('accepted')
    expect(bench.wallet.balance).toBe(0)
    expect(bench.entries.map((entry) => entry.seq)).toEqual(Array.from({ length: 200 }, (_, n) => n + 1))
  })

  test('a deduction behind them waits: it decides nothing until they are booked', () => {
    const bench = full()
    bench.grant(7, { merge: true })
    bench.at(november + 9 * dayMs)
    const request = { kind: 'deduct' as const, guard: bench.key(), reason: '', amount: 7 }
    expect(bench.decide(request).kind).toBe('partial')
    expect(bench.decide(request)).toMatchObject({ kind: 'accepted', answer: { balance: 0 } })
  })

  test('a balance beyond 10^15 is not given', () => {
    const bench = new Bench()
    for (let n = 0; n < 90; n += 1) bench.grant(1e12, { expiresAt: november + dayMs })
    const crowded = {
      ...bench.wallet,
      balance: 999_000_000_000_001,
      grants: bench.wallet.grants
        .slice(0, 1)
        .map((grant) => ({ ...grant, amount: 999_000_000_000_001, remaining: 999_000_000_000_001 })),
    }
    const request = { kind: 'grant' as const, guard: bench.key(), reason: '', amount: 1e12 }
    expect(decide(crowded, request, november, windows)).toMatchObject({ kind: 'refused', reason: 'balance_limit' })
    expect(decide(crowded, { ...request, amount: 1e12 - 1 }, november, windows).kind).toBe('accepted')
  })

  test.each([0, -1, 0.5, 1e12 + 1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('no amount of %s', (amount) => {
    const bench = new Bench()
    expect(() => bench.decide({ kind: 'grant', guard: bench.key(), reason: '', amount })).toThrow(RangeError)
    expect(() => bench.decide({ kind: 'deduct', guard: bench.key(), reason: '', amount })).toThrow(RangeError)
    expect(() =>
      bench.decide({
        kind: 'reserve',
        guard: bench.key(),
        reason: '',
        amount,
        expiresAt: november + 1,
        requestHash: '',
      }),
    ).toThrow(RangeError)
  })
})

describe('suspension', () => {
  test('stops spending, not what settles or gives', () => {
    const bench = new Bench()
    bench.grant(20)
    const spent = bench.deduct(2)
    const hold = bench.reserve(5, hourMs)
    bench.accept({ kind: 'configure', suspended: true })
    expect(bench.refuse({ kind: 'deduct', guard: bench.key(), reason: '', amount: 1 })).toBe('suspended')
    expect(
      bench.refuse({
        kind: 'reserve',
        guard: bench.key(),
        reason: '',
        amount: 1,
        expiresAt: november + 1,
        requestHash: '',
      }),
    ).toBe('suspended')
    expect(bench.refuse({ kind: 'commit', id: hold.id, amount: 6, allowAboveHold: true })).toBe('suspended')
    expect(bench.accept({ kind: 'commit', id: hold.id }).taken).toBe(5)
    expect(bench.refund(spent, 0).returned).toBe(2)
    expect(bench.refuse({ kind: 'grant', guard: bench.key(), reason: '', amount: 1 })).toBe('suspended')
    // A settlement is never refused: what was paid for arrives.
    bench.accept({ kind: 'grant', guard: bench.key(), reason: '', amount: 1, source: 'purchase', merge: true })
    bench.accept({ kind: 'configure', suspended: false })
    expect(bench.deduct(1).amount).toBe(-1)
  })
})

test('deciding is pure: the wallet it was given stays as it was', () => {
  const bench = new Bench()
  bench.grant(10, { expiresAt: november + dayMs })
  bench.grant(10)
  bench.reserve(5, hourMs)
  const before = structuredClone(bench.wallet)
  const request = { kind: 'deduct' as const, guard: bench.key(), reason: '', amount: 3 }
  const [one, two] = [1, 2].map(() => decide(bench.wallet, request, november + 2 * dayMs, windows))
  expect(bench.wallet).toEqual(before)
  expect(one).toEqual(two)
})

test('an entry is named after the moment of writing and its guard', () => {
  const bench = new Bench(november + 5)
  bench.grant(1)
  expect(idTime(bench.entries[0]?.id ?? '')).toBe(november + 5)
  expect(bench.entries[0]?.id.endsWith(bench.entries[0].guard.bits)).toBe(true)
})
