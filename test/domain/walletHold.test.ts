import { describe, expect, test } from 'vitest'
import { guardOfId, idTime } from '#domain/guard'
import { auditLedger } from '#domain/ledger'
import type { Entry } from '#domain/walletDraft'
import { Bench, dayMs, fundsAt, guard, movesOf, november, windows } from './walletSupport.ts'

const minute = 60_000
const hour = 60 * minute
const fundsOf = (bench: Bench) => fundsAt(bench, bench.now)
/** A bench with 10 credits and a hold of 6 on them, for an hour. */
const withHold = () => {
  const bench = new Bench()
  const grantId = bench.grant(10)
  const hold = bench.reserve(6, hour, guard('hold'))
  return { bench, grantId, hold }
}
const commitEntry = (bench: Bench): Entry => {
  const entry = bench.entries.find(({ type }) => type === 'commit')
  if (!entry) throw new Error('no commit')
  return entry
}

describe('reserve', () => {
  test('takes from available at once, without touching balance or ledger', () => {
    const { bench, hold } = withHold()
    expect(hold).toMatchObject({
      status: 'held',
      amount: 6,
      expiresAt: november + hour,
      balance: 10,
      held: 6,
      available: 4,
    })
    expect(bench.entries).toHaveLength(1)
  })

  test('its id carries expiry and guard', () => {
    const { hold } = withHold()
    expect(idTime(hold.id)).toBe(november + hour)
    expect(guardOfId('rsv', hold.id)).toEqual(guard('hold'))
  })

  test.each([
    [4, 'accepted'],
    [5, 'refused'],
  ])('with 4 available, %i is %s', (amount, kind) => {
    const { bench } = withHold()
    const decision = bench.decide({
      kind: 'reserve',
      guard: bench.key(),
      amount,
      expiresAt: november + 1,
      requestHash: '',
      reason: '',
    })
    expect(decision.kind).toBe(kind)
  })

  test('the 24th hold is given, the 25th refused, and given again once one has lapsed', () => {
    const bench = new Bench()
    bench.grant(100)
    for (let n = 0; n < 24; n += 1) bench.reserve(1, hour + n)
    const request = {
      kind: 'reserve' as const,
      guard: bench.key(),
      amount: 1,
      expiresAt: november + 2 * hour,
      requestHash: '',
      reason: '',
    }
    expect(bench.refuse(request)).toBe('too_many_holds')
    expect(bench.at(november + hour - 1).refuse(request)).toBe('too_many_holds')
    expect(bench.at(november + hour).accept(request).held).toBe(24)
  })

  test('a deduction cannot take what is held', () => {
    const { bench } = withHold()
    expect(bench.refuse({ kind: 'deduct', guard: bench.key(), reason: '', amount: 5 })).toBe('insufficient_credits')
    expect(bench.deduct(4).balanceAfter).toBe(6)
  })
})

describe('the same key', () => {
  const again = (bench: Bench, prior?: Entry, requestHash = 'hash-of-it') =>
    bench.decide({
      kind: 'reserve',
      guard: guard('hold'),
      amount: 6,
      expiresAt: bench.now + hour,
      requestHash,
      reason: '',
      ...(prior && { prior }),
    })

  test.each([
    [hour - 1, 'repeated'],
    [hour, 'accepted'],
  ])('%i ms later it is %s: the hold lapses after an hour', (later, kind) => {
    const { bench, hold } = withHold()
    const decision = again(bench.at(november + later))
    expect(decision.kind).toBe(kind)
    if (decision.kind !== 'repeated' && decision.kind !== 'accepted') throw new Error(decision.kind)
    expect(decision.answer.id === hold.id).toBe(kind === 'repeated')
    expect(decision.answer.status).toBe('held')
  })

  test.each([
    [15 * minute - 1, 'repeated'],
    [15 * minute, 'accepted'],
  ])('%i ms after a release it is %s', (later, kind) => {
    const { bench, hold } = withHold()
    bench.accept({ kind: 'release', id: hold.id })
    const decision = again(bench.at(november + later))
    expect(decision.kind).toBe(kind)
    if (decision.kind === 'repeated')
      expect(decision.answer).toMatchObject({ id: hold.id, status: 'released', amount: 6 })
  })

  test('for ever after a commit it is the committed hold', () => {
    const { bench, hold } = withHold()
    bench.accept({ kind: 'commit', id: hold.id, amount: 2 })
    const decision = again(bench.at(november + 900 * dayMs), commitEntry(bench))
    expect(decision).toMatchObject({
      kind: 'repeated',
      answer: { id: hold.id, status: 'committed', amount: 6, expiresAt: hold.expiresAt },
    })
  })

  test('with another request is refused: open, released and committed', () => {
    const open = withHold()
    expect(again(open.bench, undefined, 'another1')).toMatchObject({ kind: 'refused', reason: 'key_reused' })
    const released = withHold()
    released.bench.accept({ kind: 'release', id: released.hold.id })
    expect(again(released.bench, undefined, 'another1')).toMatchObject({ kind: 'refused', reason: 'key_reused' })
    const committed = withHold()
    committed.bench.accept({ kind: 'commit', id: committed.hold.id })
    expect(again(committed.bench, commitEntry(committed.bench), 'another1')).toMatchObject({ reason: 'key_reused' })
  })

  test('of an open hold cannot become the key of a deduction, nor the reverse', () => {
    const { bench } = withHold()
    expect(bench.refuse({ kind: 'deduct', guard: guard('hold'), reason: '', amount: 1 })).toBe('key_reused')
    const entry = bench.deduct(1)
    expect(
      bench.refuse({
        kind: 'reserve',
        guard: entry.guard,
        amount: 1,
        expiresAt: bench.now + 1,
        requestHash: '',
        reason: '',
        prior: entry,
      }),
    ).toBe('key_reused')
  })

  test('at most 8 released holds are remembered, the newest', () => {
    const bench = new Bench()
    bench.grant(10)
    const holds = Array.from({ length: 9 }, () => {
      const hold = bench.reserve(1, hour)
      bench.accept({ kind: 'release', id: hold.id })
      return hold
    })
    expect(bench.refuse({ kind: 'release', id: holds[0]?.id ?? '' })).toBe('not_found')
    expect(bench.decide({ kind: 'release', id: holds[1]?.id ?? '' }).kind).toBe('repeated')
  })
})

describe('commit', () => {
  test.each([
    [undefined, 6, 4],
    [1, 1, 9],
    [6, 6, 4],
  ])('of %s takes %i and releases the rest', (amount, taken, balance) => {
    const { bench, grantId, hold } = withHold()
    const answer = bench.accept({ kind: 'commit', id: hold.id, ...(amount && { amount }) })
    expect(answer).toMatchObject({ status: 'committed', taken, balance, held: 0, available: balance })
    expect(answer.entry).toMatchObject({ type: 'commit', amount: -taken, guard: guard('hold'), reference: hold.id })
    expect(movesOf(answer.entry)).toEqual({ [grantId]: -taken })
  })

  test.each([
    [7, false, 'above_hold'],
    [11, true, 'insufficient_credits'],
  ])('of %i with allowAboveHold %s is refused, and the hold stays', (amount, allowAboveHold, reason) => {
    const { bench, hold } = withHold()
    expect(bench.refuse({ kind: 'commit', id: hold.id, amount, allowAboveHold })).toBe(reason)
    expect(fundsOf(bench).held).toBe(6)
  })

  test.each([7, 10])('above the hold, up to what is available: %i of 10', (amount) => {
    const { bench, hold } = withHold()
    expect(bench.accept({ kind: 'commit', id: hold.id, amount, allowAboveHold: true })).toMatchObject({
      taken: amount,
      balance: 10 - amount,
    })
  })

  test('above the hold never takes what another hold keeps', () => {
    const { bench, hold } = withHold()
    bench.reserve(4, hour)
    expect(bench.refuse({ kind: 'commit', id: hold.id, amount: 7, allowAboveHold: true })).toBe('insufficient_credits')
  })

  test('twice is the same answer, with another amount a conflict', () => {
    const { bench, hold } = withHold()
    const first = bench.accept({ kind: 'commit', id: hold.id, amount: 2 })
    const prior = commitEntry(bench)
    bench.at(november + 99 * dayMs)
    expect(bench.decide({ kind: 'commit', id: hold.id, amount: 2, prior })).toEqual({ kind: 'repeated', answer: first })
    expect(bench.decide({ kind: 'commit', id: hold.id, prior })).toEqual({ kind: 'repeated', answer: first })
    expect(bench.refuse({ kind: 'commit', id: hold.id, amount: 3, prior })).toBe('conflict')
  })

  test.each([
    [-1, 'accepted'],
    [0, 'reservation_expired'],
    [1, 'reservation_expired'],
    [400 * dayMs, 'reservation_expired'],
  ])('%i ms from its expiry: %s', (offset, outcome) => {
    for (const settledBefore of [false, true]) {
      const { bench, hold } = withHold()
      bench.at(hold.expiresAt + offset)
      if (settledBefore) bench.accept({ kind: 'settleDue' })
      const decision = bench.decide({ kind: 'commit', id: hold.id })
      expect(decision.kind === 'refused' ? decision.reason : decision.kind).toBe(outcome)
    }
  })

  test('takes of the hold in burn order, and the entry can be refunded', () => {
    const bench = new Bench()
    const [short, long] = [bench.grant(4, { expiresAt: november + dayMs }), bench.grant(10)]
    const hold = bench.reserve(9, hour)
    const { entry } = bench.accept({ kind: 'commit', id: hold.id, amount: 6 })
    expect(movesOf(entry)).toEqual({ [short]: -4, [long]: -2 })
    expect(movesOf(bench.refund(entry, 0).entry)).toEqual({ [long]: 2, [short]: 4 })
  })

  test('keeps the reason of the reservation, or takes its own', () => {
    const one = withHold()
    expect(one.bench.accept({ kind: 'commit', id: one.hold.id }).entry.reason).toBe('test')
    const other = withHold()
    expect(other.bench.accept({ kind: 'commit', id: other.hold.id, reason: 'done' }).entry.reason).toBe('done')
  })
})

describe('release', () => {
  test('gives all back without a ledger entry; twice is the same answer', () => {
    const { bench, hold } = withHold()
    const first = bench.accept({ kind: 'release', id: hold.id })
    expect(first).toMatchObject({ status: 'released', balance: 10, held: 0, available: 10 })
    expect(bench.entries).toHaveLength(1)
    expect(bench.decide({ kind: 'release', id: hold.id })).toEqual({ kind: 'repeated', answer: first })
  })

  test('after a commit, and a commit after it, are conflicts', () => {
    const { bench, hold } = withHold()
    bench.accept({ kind: 'commit', id: hold.id })
    expect(bench.refuse({ kind: 'release', id: hold.id, prior: commitEntry(bench) })).toBe('conflict')
    const other = bench.reserve(1, hour)
    bench.accept({ kind: 'release', id: other.id })
    expect(bench.refuse({ kind: 'commit', id: other.id })).toBe('conflict')
  })

  test.each([
    [-1, 'accepted'],
    [0, 'reservation_expired'],
  ])('%i ms from its expiry: %s', (offset, outcome) => {
    const { bench, hold } = withHold()
    const decision = bench.at(hold.expiresAt + offset).decide({ kind: 'release', id: hold.id })
    expect(decision.kind === 'refused' ? decision.reason : decision.kind).toBe(outcome)
  })

  test.each(['', 'rsv_', 'rsv_01ARYZ6S41TSV4RRFFQ69G5FA', 'led_01ARYZ6S410000000000000000', '__proto__'])(
    '%j is not found',
    (id) => {
      const { bench } = withHold()
      expect(bench.refuse({ kind: 'release', id })).toBe('not_found')
      expect(bench.refuse({ kind: 'commit', id })).toBe('not_found')
    },
  )

  test('a hold that never was, still in the future, is not found', () => {
    const { hold } = withHold()
    expect(new Bench().refuse({ kind: 'commit', id: hold.id })).toBe('not_found')
  })
})

describe('a hold over an expiring grant', () => {
  /** 10 credits that expire in half an hour, 6 of them held for an hour. */
  const overExpiring = () => {
    const bench = new Bench()
    bench.grant(10, { expiresAt: november + hour / 2 })
    return { bench, hold: bench.reserve(6, hour) }
  }
  const afterGrant = november + hour / 2

  test.each([
    [afterGrant - 1, { balance: 10, held: 6, available: 4 }],
    [afterGrant, { balance: 6, held: 6, available: 0 }],
    [november + hour - 1, { balance: 6, held: 6, available: 0 }],
    [november + hour, { balance: 0, held: 0, available: 0 }],
  ])('at %i it leaves %j', (now, funds) => {
    const { bench } = overExpiring()
    expect(fundsOf(bench.at(now))).toEqual(funds)
    bench.accept({ kind: 'settleDue' })
    expect(fundsOf(bench)).toEqual(funds)
  })

  test('stays good: the commit takes, and what it leaves expires in the same write', () => {
    const { bench, hold } = overExpiring()
    bench.at(afterGrant + 5).accept({ kind: 'commit', id: hold.id, amount: 2 })
    expect(bench.entries.slice(1).map(({ type, amount, effectiveAt }) => ({ type, amount, effectiveAt }))).toEqual([
      { type: 'expire', amount: -4, effectiveAt: afterGrant },
      { type: 'commit', amount: -2, effectiveAt: afterGrant + 5 },
      { type: 'expire', amount: -4, effectiveAt: afterGrant + 5 },
    ])
    expect(bench.wallet.grants).toEqual([])
    expect(auditLedger(bench.entries, bench.wallet, bench.now, windows)).toEqual([])
  })

  test('what is released or lapses expires then, dated by it', () => {
    const released = overExpiring()
    released.bench.at(afterGrant + 5).accept({ kind: 'release', id: released.hold.id })
    expect(released.bench.entries.at(-1)).toMatchObject({ type: 'expire', amount: -6, effectiveAt: afterGrant + 5 })
    const lapsed = overExpiring()
    lapsed.bench.at(november + dayMs).accept({ kind: 'settleDue' })
    expect(lapsed.bench.entries.slice(1).map(({ amount, effectiveAt }) => [amount, effectiveAt])).toEqual([
      [-4, afterGrant],
      [-6, november + hour],
    ])
  })

  test('a lapse before the expiry gives back first: all of it expires with the grant', () => {
    const bench = new Bench()
    bench.grant(10, { expiresAt: november + hour })
    bench.reserve(6, hour / 2)
    bench.at(november + dayMs).accept({ kind: 'settleDue' })
    expect(bench.entries.slice(1).map(({ amount, effectiveAt }) => [amount, effectiveAt])).toEqual([
      [-10, november + hour],
    ])
  })
})
