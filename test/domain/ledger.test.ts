import { describe, expect, test } from 'vitest'
import { auditLedger, type Difference, LedgerAudit, replay } from '#domain/ledger'
import type { Entry } from '#domain/walletDraft'
import type { Wallet } from '#domain/walletState'
import { Bench, dayMs, monthly, november, windows } from './walletSupport.ts'

/** One of each: allowance, grants, deduction, refund, commit, expiry. */
function lived(): Bench {
  const bench = new Bench()
  bench.accept({ kind: 'changeAllowance', terms: monthly(20, 5), until: null, next: null, replace: false })
  bench.grant(10, { expiresAt: november + dayMs })
  bench.grant(30, { source: 'purchase' })
  const spent = bench.deduct(12)
  bench.refund(spent, 0, 3)
  const hold = bench.reserve(8, dayMs / 2)
  bench.accept({ kind: 'commit', id: hold.id, amount: 6 })
  bench.at(november + 2 * dayMs).deduct(1)
  return bench
}
const audit = (entries: Entry[], wallet: Wallet, now = november + 2 * dayMs): Difference[] =>
  auditLedger(entries, wallet, now, windows)

describe('replay', () => {
  test('of no entry is nothing', () => {
    expect(replay([])).toEqual({ balance: 0, remaining: new Map() })
  })

  test('gives the balance and what is left of each grant', () => {
    const { entries, wallet } = lived()
    const { balance, remaining } = replay(entries)
    expect(balance).toBe(wallet.balance)
    expect([...remaining].sort()).toEqual(wallet.grants.map((grant) => [grant.id, grant.remaining]).sort())
  })
})

describe('audit', () => {
  test.each([
    ['at once', 2 * dayMs],
    ['with an unwritten window', 40 * dayMs],
    ['years later', 4000 * dayMs],
  ])('a ledger that was lived is right, %s', (_name, later) => {
    const { entries, wallet } = lived()
    expect(audit(entries, wallet, november + later)).toEqual([])
  })

  /** Each damages one thing; the audit must name it. */
  const damages: [string, Difference['kind'][], (entries: Entry[], wallet: Wallet) => void][] = [
    ['an entry is gone', ['sequence'], (entries) => void entries.splice(3, 1)],
    ['the last entry is gone', ['last_entry', 'balance', 'due'], (entries) => void entries.pop()],
    ['an entry is there twice', ['sequence', 'chain'], (entries) => void entries.splice(3, 0, first(entries.slice(3)))],
    [
      'two are exchanged',
      ['sequence'],
      (entries) => void entries.splice(3, 2, first(entries.slice(4)), first(entries.slice(3))),
    ],
    ['an amount is changed', ['chain', 'moves'], (entries) => void (first(entries).amount += 1)],
    ['a balance after is changed', ['chain'], (entries) => void (first(entries).balanceAfter += 1)],
    ['a balance after is below zero', ['chain'], (entries) => void (first(entries).balanceAfter = -1)],
    ['a move is changed', ['moves', 'grant'], (entries) => void (first(first(entries).grantMoves).amount += 1)],
    [
      'a move names another grant',
      ['overspent', 'grant'],
      (entries) => void (first(first(entries.slice(3)).grantMoves).grantId = 'grn_x'),
    ],
    ['a deduction adds', ['sign'], (entries) => void (first(entries).type = 'deduct')],
    ['a grant takes', ['sign'], (entries) => void (first(entries.slice(3)).type = 'grant')],
    ['a refund is of nothing', ['refund'], (entries) => void (first(entries.slice(4)).reference = 'led_x')],
    ['a refund is of less', ['refund'], (entries) => void (first(entries.slice(4)).reference = first(entries).id)],
    [
      'the wallet has more',
      ['balance', 'grant', 'due'],
      (_, wallet) => {
        wallet.balance += 1
        first(wallet.grants).remaining += 1
        first(wallet.grants).amount += 1
      },
    ],
    [
      'the wallet has moved credits between grants',
      ['grant'],
      (_, wallet) => {
        const [one, other] = wallet.grants
        if (!one || !other) throw new Error('two grants are needed')
        one.remaining -= 1
        other.remaining += 1
      },
    ],
    ['the wallet has another number', ['last_entry'], (_, wallet) => void (wallet.seq += 1)],
  ]
  test.each(damages)('%s: %j', (_name, kinds, damage) => {
    const bench = lived()
    const entries = structuredClone(bench.entries)
    const wallet = structuredClone(bench.wallet)
    damage(entries, wallet)
    const found = new Set(audit(entries, wallet).map(({ kind }) => kind))
    for (const kind of kinds) expect(found).toContain(kind)
  })

  test('one more given back than was taken, over several refunds, is found', () => {
    const bench = lived()
    const spent = bench.deduct(4)
    bench.refund(spent, 0, 3)
    bench.refund(spent, 0, 3)
    expect(audit(bench.entries, bench.wallet).map(({ kind, expected, found }) => [kind, expected, found])).toEqual([
      ['refund', 1, 3],
    ])
  })

  test('page by page is the same as at once', () => {
    const { entries, wallet } = lived()
    const pages = new LedgerAudit()
    for (const entry of entries.slice(0, 2)) pages.add(entry)
    for (const entry of entries.slice(2)) pages.add(entry)
    expect(pages.finish(wallet, november + 40 * dayMs, windows)).toEqual([])
  })
})

function first<T>(list: T[]): T {
  const [one] = list
  if (one === undefined) throw new Error('The list is empty')
  return one
}
