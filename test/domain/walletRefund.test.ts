import { describe, expect, test } from 'vitest'
import { auditLedger } from '#domain/ledger'
import { hourMs } from '#domain/zone'
import { Bench, dayMs, fundsAt, movesOf, november, windows } from './walletSupport.ts'

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
    const hold = bench.reserve(4, hourMs)
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
    const hold = bench.reserve(10, hourMs)
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
