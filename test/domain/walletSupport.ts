import { type Guard, guardOf } from '#domain/guard'
import type { Allowance } from '#domain/terms'
import { initialZones, windowAt } from '#domain/time'
import { decide, decideEnded } from '#domain/walletDecide'
import type { Entry } from '#domain/walletDraft'
import type { Answers, Decision, RefusalReason, RequestKind, Requests } from '#domain/walletRequest'
import { emptyWallet, type Wallet, type Windows } from '#domain/walletState'
import { viewWallet } from '#domain/walletView'

export const windows: Windows = windowAt
export const dayMs = 86_400_000
/** The first instant of November 2026, UTC: the tables' day zero. */
export const november = Date.UTC(2026, 10, 1)
export const december = Date.UTC(2026, 11, 1)
export const january = Date.UTC(2027, 0, 1)
export const february = Date.UTC(2027, 1, 1)

export const guard = (key: string): Guard => guardOf('s', 'credits', key)
export const monthly = (included: number, rollover: Allowance['rollover'] = 0): Allowance => ({
  included,
  window: 'month',
  rollover,
})

/** A wallet and its ledger, moved by requests one after the other: what the table does, without the table. */
export class Bench {
  wallet: Wallet = emptyWallet(initialZones('UTC'))
  readonly entries: Entry[] = []
  now: number
  private made = 0

  constructor(now = november) {
    this.now = now
  }

  at(now: number): this {
    this.now = now
    return this
  }

  decide<K extends RequestKind>(request: { kind: K } & Requests[K]): Decision<K> {
    const decision = decide(this.wallet, request, this.now, windows)
    if (decision.kind === 'accepted' || decision.kind === 'partial') {
      this.wallet = decision.wallet
      this.entries.push(...decision.entries)
    }
    return decision
  }

  /** What the nightly job books. */
  bookEnded(): this {
    const decision = decideEnded(this.wallet, this.now, windows)
    if (decision.kind !== 'accepted') throw new Error(`what has ended was ${decision.kind}`)
    this.wallet = decision.wallet
    this.entries.push(...decision.entries)
    return this
  }

  /** The answer of a request that must be accepted. */
  accept<K extends RequestKind>(request: { kind: K } & Requests[K]): Answers[K] {
    const decision = this.decide(request)
    if (decision.kind !== 'accepted') throw new Error(`${request.kind} was ${reasonOf(decision)}`)
    return decision.answer
  }

  /** Why a request that must be refused is refused. */
  refuse<K extends RequestKind>(request: { kind: K } & Requests[K]): RefusalReason {
    const before = this.wallet
    const decision = this.decide(request)
    if (decision.kind !== 'refused') throw new Error(`${request.kind} was ${decision.kind}`)
    if (this.wallet !== before) throw new Error('A refusal wrote the wallet')
    return decision.reason
  }

  grant(amount: number, rest: Partial<Requests['grant']> = {}): string {
    return this.accept({ kind: 'grant', guard: this.key(), reason: 'test', amount, ...rest }).grantId
  }

  deduct(amount: number): Entry {
    return this.accept({ kind: 'deduct', guard: this.key(), reason: 'test', amount }).entry
  }

  reserve(amount: number, lifeMs: number, key = this.key()) {
    return this.accept({
      kind: 'reserve',
      guard: key,
      amount,
      expiresAt: this.now + lifeMs,
      requestHash: 'hash-of-it',
      reason: 'test',
    })
  }

  refund(entry: Entry, returned: number, amount?: number) {
    return this.accept({
      kind: 'refund',
      guard: this.key(),
      reason: 'test',
      entry,
      returned,
      ...(amount !== undefined && { amount }),
    })
  }

  key(): Guard {
    this.made += 1
    return guard(`key-${this.made}`)
  }
}

export const fundsAt = (bench: Bench, now: number) => {
  const { balance, held, available } = viewWallet(bench.wallet, now, windows)
  return { balance, held, available }
}

/** What each grant gave or took, by id. */
export const movesOf = (entry: Entry): Record<string, number> =>
  Object.fromEntries(entry.grantMoves.map((move) => [move.grantId, move.amount]))

function reasonOf(decision: Decision): string {
  return decision.kind === 'refused' ? decision.reason : decision.kind
}
