import { describe, expect, test } from 'vitest'
import { idTime } from '#domain/guard'
import { auditLedger } from '#domain/ledger'
import { decide } from '#domain/walletDecide'
import { viewWallet } from '#domain/walletView'
import { Bench, dayMs, movesOf, november, windows } from './walletSupport.ts'

const hour = 3_600_000
const fundsAt = (bench: Bench, now: number) => {
  const { balance, held, available } = viewWallet(bench.wallet, now, windows)
  return { balance, held, available }
}

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

describe('refund', () => {
  test('returns credits to the grants they came from, the last taken first', () => {
    const bench = new Bench()
    const [first, second] = [bench.grant(10, { expiresAt: november + dayMs }), bench.grant(10)]
    const spent = bench.deduct(15)
    const part = bench.refund(spent, 0, 7)
    expect(movesOf(part.entry)).toEqual({ [second]: 5, [first]: 2 })
    expect(part.returned).toBe(7)
    const rest = bench.refund(spent, part.returned)
    expect(movesOf(rest.entry)).toEqual({ [first]: 8 })
    expect(rest.entry).toMatchObject({ type: 'refund', amount: 8, reference: spent.id })
    expect(fundsAt(bench, bench.now).balance).toBe(20)
  })

  test('a grant of which nothing was left comes back as itself', () => {
    const bench = new Bench()
    const id = bench.grant(10, { expiresAt: november + 90 * dayMs, priority: 3, source: 'purchase' })
    const given = bench.wallet.grants[0]
    const spent = bench.deduct(10)
    expect(bench.wallet.grants).toEqual([])
    bench.at(november + dayMs).refund(spent, 0)
    expect(bench.wallet.grants).toEqual([given])
    expect(bench.wallet.grants[0]?.id).toBe(id)
  })

  test.each([
    [-1, 'its own', 1],
    [0, 'a new', 30 * dayMs],
    [1, 'a new', 30 * dayMs],
  ])('%i ms from the expiry of the grant, credits return to %s grant', (offset, which, lifeMs) => {
    const bench = new Bench()
    const id = bench.grant(10, { expiresAt: november + dayMs, priority: 3 })
    const spent = bench.deduct(10)
    bench.at(november + dayMs + offset).refund(spent, 0, 4)
    expect(bench.wallet.grants).toMatchObject([
      { remaining: 4, priority: 3, expiresAt: bench.now + lifeMs, source: which === 'its own' ? 'grant' : 'refund' },
    ])
    expect(bench.wallet.grants[0]?.id === id).toBe(which === 'its own')
  })

  test('credits of several expired grants return as one new grant for each priority', () => {
    const bench = new Bench()
    for (const priority of [0, 0, 1]) bench.grant(5, { expiresAt: november + 1, priority })
    const spent = bench.deduct(15)
    bench.at(november + 1).refund(spent, 0)
    expect(bench.wallet.grants.map(({ priority, amount, remaining }) => [priority, amount, remaining]).sort()).toEqual([
      [0, 10, 10],
      [1, 5, 5],
    ])
    expect(auditLedger(bench.entries, bench.wallet, bench.now, windows)).toEqual([])
  })

  test.each([
    ['more than was taken', 0, 11],
    ['more than what is left to return', 6, 5],
    ['anything once all is returned', 10, undefined],
  ])('never %s', (_name, returned, amount) => {
    const bench = new Bench()
    bench.grant(20)
    const entry = bench.deduct(10)
    const request = {
      kind: 'refund' as const,
      guard: bench.key(),
      reason: '',
      entry,
      returned,
      ...(amount && { amount }),
    }
    expect(bench.refuse(request)).toBe('refund_exceeded')
  })

  test('only a deduction or a commit can be refunded', () => {
    const bench = new Bench()
    bench.grant(20)
    const entry = bench.entries[0]
    if (!entry) throw new Error('no entry')
    expect(bench.refuse({ kind: 'refund', guard: bench.key(), reason: '', entry, returned: 0 })).toBe('not_refundable')
  })
})

describe('take back', () => {
  const takeBack = (bench: Bench, grantId: string, granted: number) =>
    bench.accept({ kind: 'takeBack', guard: bench.key(), reason: 'payment refunded', grantId, granted })

  test.each([
    ['untouched', 0, 10, 0],
    ['partly spent', 4, 6, 4],
    ['spent', 10, 0, 10],
  ])('%s: of 10 credits with %i spent, %i come back and %i are reported spent', (_name, deducted, taken, spent) => {
    const bench = new Bench()
    const id = bench.grant(10, { source: 'purchase' })
    if (deducted > 0) bench.deduct(deducted)
    expect(takeBack(bench, id, 10)).toMatchObject({ taken, spent, balance: 0 })
    expect(auditLedger(bench.entries, bench.wallet, bench.now, windows)).toEqual([])
  })

  test('what a hold keeps stays good for it, and is not free again after it', () => {
    const bench = new Bench()
    const id = bench.grant(10, { source: 'purchase' })
    const hold = bench.reserve(4, hour)
    expect(takeBack(bench, id, 10)).toMatchObject({ taken: 6, spent: 4, balance: 4, available: 0 })
    bench.at(november + 1).accept({ kind: 'release', id: hold.id })
    expect(fundsAt(bench, bench.now)).toEqual({ balance: 0, held: 0, available: 0 })
  })
})

describe('return what was taken', () => {
  const taken = (bench: Bench, grantId: string, granted: number, ends = granted) => {
    const answer = bench.accept({ kind: 'takeBack', guard: bench.key(), reason: 'refunded', grantId, granted, ends })
    return { grantId, taken: answer.taken, granted: 10, expiresAt: answer.expiresAt ?? null }
  }
  const back = (bench: Bench, request: ReturnType<typeof taken>) =>
    bench.accept({ kind: 'returnTaken', guard: bench.key(), reason: 'the refund failed', ...request })

  test.each([
    ['never expires', null],
    ['expires', november + 10 * dayMs],
  ])('to a grant that %s: it is as it was', (_name, expiresAt) => {
    const bench = new Bench()
    const before = bench.wallet.grants
    const id = bench.grant(10, { source: 'purchase', expiresAt })
    const granted = bench.wallet.grants
    expect(back(bench, taken(bench, id, 10))).toMatchObject({ balance: 10, available: 10 })
    expect([before, bench.wallet.grants]).toEqual([[], granted])
    expect(auditLedger(bench.entries, bench.wallet, bench.now, windows)).toEqual([])
  })

  test('nothing was taken: no entry, and what a hold kept is good again', () => {
    const bench = new Bench()
    const id = bench.grant(10, { source: 'purchase' })
    const hold = bench.reserve(10, hour)
    const request = taken(bench, id, 10)
    const booked = bench.entries.length
    expect(back(bench, request)).not.toHaveProperty('entry')
    bench.at(november + 1).accept({ kind: 'release', id: hold.id })
    expect([bench.entries.length, fundsAt(bench, bench.now).available]).toEqual([booked, 10])
  })

  test('what was spent of it before comes back to it too', () => {
    const bench = new Bench()
    const id = bench.grant(10, { source: 'purchase' })
    const entry = bench.deduct(9)
    back(bench, { ...taken(bench, id, 1, 0), granted: 1 })
    bench.accept({ kind: 'refund', guard: bench.key(), reason: 'the call failed', entry, returned: 0 })
    expect(bench.wallet.grants).toMatchObject([{ id, amount: 10, remaining: 10 }])
  })

  test('two packs that were merged may both come back', () => {
    const bench = new Bench()
    const id = bench.grant(10, { source: 'purchase' })
    const [one, two] = [taken(bench, id, 5, 0), taken(bench, id, 5, 0)]
    back(bench, { ...one, granted: 5 })
    expect(back(bench, { ...two, granted: 5 })).toMatchObject({ balance: 10 })
    expect(bench.wallet.grants).toMatchObject([{ id, amount: 10, remaining: 10 }])
  })

  test.each([
    ['1 ms before its end', -1, november + 10 * dayMs],
    ['at its end', 0, november + 40 * dayMs],
  ])('%s a grant comes back with an end that lies ahead', (_name, offsetMs, expiresAt) => {
    const bench = new Bench()
    const id = bench.grant(10, { source: 'purchase', expiresAt: november + 10 * dayMs })
    const request = taken(bench, id, 10)
    bench.at(november + 10 * dayMs + offsetMs)
    expect(back(bench, request)).toMatchObject({ balance: 10 })
    expect(bench.wallet.grants).toMatchObject([{ id, expiresAt }])
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
    const hold = bench.reserve(5, hour)
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
  bench.reserve(5, hour)
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
