import fc from 'fast-check'
import { expect, test } from 'vitest'
import { guardOfId } from '#domain/guard'
import { auditLedger, replay } from '#domain/ledger'
import type { Allowance } from '#domain/terms'
import type { Entry } from '#domain/walletDraft'
import { decodeWallet, encodeWallet } from '#domain/walletItem'
import type { Request, Requests } from '#domain/walletRequest'
import type { Grant, Wallet } from '#domain/walletState'
import { viewWallet } from '#domain/walletView'
import { Bench, dayMs, windows } from './walletSupport.ts'

/** Small numbers on purpose: expiries, lapses and windows must meet often, also in the same millisecond. */
const amount = fc.integer({ min: 1, max: 60 })
const stepMs = fc.oneof(
  fc.constantFrom(0, 1),
  fc.integer({ min: 0, max: 3 }).map((n) => n * 3_600_000),
  fc.integer({ min: 0, max: 40 }).map((n) => n * dayMs),
)
const lifeMs = fc.oneof(fc.constantFrom(1, 3_600_000, dayMs), fc.integer({ min: 1, max: 60 * dayMs }))
const allowance: fc.Arbitrary<Allowance> = fc.record({
  included: fc.integer({ min: 1, max: 40 }),
  window: fc.constantFrom('day', 'month', 'lifetime'),
  rollover: fc.oneof(fc.constant<0 | 'all'>(0), fc.constant<'all'>('all'), fc.integer({ min: 1, max: 70 })),
})
const nullable = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 3 })

const command = fc.oneof(
  fc.record({
    kind: fc.constant('grant' as const),
    amount,
    life: nullable(lifeMs),
    priority: fc.integer({ min: -1, max: 1 }),
  }),
  fc.record({ kind: fc.constant('deduct' as const), amount }),
  fc.record({ kind: fc.constant('adjust' as const), amount: fc.integer({ min: -30, max: 30 }).filter((n) => n !== 0) }),
  fc.record({ kind: fc.constant('refund' as const), pick: fc.nat(), amount: fc.option(amount, { nil: undefined }) }),
  fc.record({ kind: fc.constant('takeBack' as const), pick: fc.nat(), part: fc.integer({ min: 1, max: 100 }) }),
  fc.record({ kind: fc.constant('returnTaken' as const), pick: fc.nat() }),
  fc.record({ kind: fc.constant('reserve' as const), amount, life: lifeMs }),
  fc.record({
    kind: fc.constant('commit' as const),
    pick: fc.nat(),
    amount: fc.option(amount, { nil: undefined }),
    allowAboveHold: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('release' as const), pick: fc.nat() }),
  fc.record({ kind: fc.constant('settleDue' as const) }),
  fc.record({
    kind: fc.constant('changeAllowance' as const),
    terms: nullable(allowance),
    life: nullable(lifeMs),
    next: nullable(allowance),
    replace: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('configure' as const), suspended: fc.boolean() }),
)
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never
const history = fc.array(fc.tuple(stepMs, command), { minLength: 1, maxLength: 25 })

/** Runs commands, remembering what later ones refer to. */
class Story extends Bench {
  readonly holds: string[] = []
  readonly returned = new Map<string, number>()
  /** What was taken back and has not been returned. */
  readonly takenBack: Pick<Requests['returnTaken'], 'grantId' | 'taken' | 'granted' | 'expiresAt'>[] = []

  run(step: number, command: Command): void {
    this.now += step
    const request = this.requestOf(command)
    if (!request) return
    const decision = this.decide(request)
    if (decision.kind !== 'accepted') return
    const { answer } = decision
    if (request.kind === 'reserve' && 'id' in answer) this.holds.push(answer.id)
    if (request.kind === 'refund' && 'returned' in answer) this.returned.set(request.entry.id, answer.returned)
    if (request.kind === 'takeBack' && 'taken' in answer && 'expiresAt' in answer && answer.expiresAt !== undefined) {
      const { grantId, granted } = request
      this.takenBack.push({ grantId, granted, taken: answer.taken, expiresAt: answer.expiresAt })
    }
  }

  private requestOf(command: Command): Request | undefined {
    const movement = { guard: this.key(), reason: 'story' }
    switch (command.kind) {
      case 'grant':
        return { ...movement, ...command, expiresAt: command.life === null ? null : this.now + command.life }
      case 'deduct':
      case 'adjust':
        return { ...movement, ...command }
      case 'refund': {
        const spent = this.entries.filter((entry) => entry.type === 'deduct' || entry.type === 'commit')
        const entry = spent[command.pick % Math.max(1, spent.length)]
        if (!entry) return undefined
        const returned = this.returned.get(entry.id) ?? 0
        return {
          ...movement,
          kind: 'refund',
          entry,
          returned,
          ...(command.amount !== undefined && { amount: command.amount }),
        }
      }
      case 'takeBack': {
        const grant = this.wallet.grants[command.pick % Math.max(1, this.wallet.grants.length)]
        if (!grant) return undefined
        const granted = Math.ceil((grant.amount * command.part) / 100)
        return { ...movement, kind: 'takeBack', grantId: grant.id, granted, ends: command.part < 100 ? 0 : granted }
      }
      case 'returnTaken': {
        const at = command.pick % Math.max(1, this.takenBack.length)
        const [taken] = this.takenBack.splice(at, 1)
        return taken && { ...movement, kind: 'returnTaken', ...taken }
      }
      case 'reserve':
        return { ...movement, ...command, expiresAt: this.now + command.life, requestHash: 'same-hash' }
      case 'commit':
      case 'release': {
        const id = this.holds[command.pick % Math.max(1, this.holds.length)]
        if (!id) return undefined
        const bits = guardOfId('rsv', id)?.bits
        const prior = this.entries.find((entry) => entry.guard.bits === bits)
        const base = { id, ...(prior && { prior }) }
        if (command.kind === 'release') return { kind: 'release', ...base }
        return {
          kind: 'commit',
          ...base,
          allowAboveHold: command.allowAboveHold,
          ...(command.amount !== undefined && { amount: command.amount }),
        }
      }
      case 'settleDue':
        return command
      case 'changeAllowance':
        return { ...command, until: command.life === null ? null : this.now + command.life }
      case 'configure':
        return command
    }
  }
}

const runStory = (steps: [number, Command][]): Story => {
  const story = new Story()
  for (const [step, command] of steps) story.run(step, command)
  return story
}

/** The runner prints the seed and the shortest failing history. */
const forEveryHistory = (check: (story: Story) => void, numRuns = 400) =>
  fc.assert(
    fc.property(history, (steps) => check(runStory(steps))),
    { numRuns },
  )

const stateOf = ({ seq: _seq, version: _version, ...rest }: Wallet) => ({
  ...rest,
  grants: rest.grants.toSorted(byId),
  holds: rest.holds.toSorted((a, b) => (a.bits < b.bits ? -1 : 1)),
})
const byId = (a: Grant, b: Grant): number => (a.id < b.id ? -1 : 1)

test('after every step ledger and wallet agree, the chain has no gap, and nothing is negative', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const story = new Story()
      for (const [step, command] of steps) {
        story.run(step, command)
        expect(auditLedger(story.entries, story.wallet, story.now, windows)).toEqual([])
        const view = viewWallet(story.wallet, story.now, windows)
        expect(Math.min(view.balance, view.held, view.available)).toBeGreaterThanOrEqual(0)
        expect(view.available).toBe(view.balance - view.held)
      }
    }),
    { numRuns: 300 },
  )
})

test('the entries alone reproduce the balance and what is left of every grant', () => {
  forEveryHistory(({ entries, wallet }) => {
    const { balance, remaining } = replay(entries)
    expect(balance).toBe(entries.reduce((sum, entry) => sum + entry.amount, 0))
    expect(balance).toBe(wallet.balance)
    expect(Object.fromEntries(remaining)).toEqual(
      Object.fromEntries(wallet.grants.map((grant) => [grant.id, grant.remaining])),
    )
  })
})

test('every entry has a guard of its own', () => {
  forEveryHistory(({ entries }) => {
    expect(new Set(entries.map((entry) => `${entry.guard.class}${entry.guard.bits}`)).size).toBe(entries.length)
  })
})

test('a view at an instant is the view after everything due was written', () => {
  forEveryHistory((story) => {
    for (const later of [0, 1, dayMs, 33 * dayMs, 400 * dayMs]) {
      const now = story.now + later
      const written = new Bench(now)
      written.wallet = story.wallet
      written.accept({ kind: 'settleDue' })
      expect(viewWallet(written.wallet, now, windows)).toEqual(viewWallet(story.wallet, now, windows))
    }
  })
})

test('settling on the way changes nothing: in one step or in many, the same wallet', () => {
  fc.assert(
    fc.property(
      history,
      fc.array(fc.tuple(fc.oneof(stepMs, fc.integer({ min: 0, max: 5 * dayMs })), fc.boolean()), { maxLength: 6 }),
      (steps, pauses) => {
        const story = runStory(steps)
        const many = new Bench(story.now)
        many.wallet = story.wallet
        for (const [pause, endedOnly] of pauses) {
          many.at(many.now + pause)
          if (endedOnly) many.bookEnded()
          else many.accept({ kind: 'settleDue' })
        }
        many.accept({ kind: 'settleDue' })
        const once = new Bench(many.now)
        once.wallet = story.wallet
        once.accept({ kind: 'settleDue' })
        expect(stateOf(many.wallet)).toEqual(stateOf(once.wallet))
      },
    ),
    { numRuns: 600 },
  )
})

test('a wallet comes back from its item as it was', () => {
  forEveryHistory(({ wallet }) => {
    expect(stateOf(decodeWallet(JSON.parse(JSON.stringify(encodeWallet(wallet)))))).toEqual(stateOf(wallet))
  })
})

test('a deduction takes what a credit-by-credit model takes', () => {
  forEveryHistory((story) => {
    story.accept({ kind: 'settleDue' })
    const { available, grants } = viewWallet(story.wallet, story.now, windows)
    if (available === 0 || story.wallet.suspended) return
    const wanted = Math.ceil(available / 2)
    const expected = oneByOne(story.wallet, grants, wanted)
    expect(sumsOf(story.deduct(wanted))).toEqual(expected)
  })
})

/** Takes single credits, each from the best grant that has one free, chosen by sorting on spelled-out keys. */
function oneByOne(wallet: Wallet, grants: Grant[], wanted: number): Record<string, number> {
  const now = grants.map((grant) => {
    const kept = wallet.holds.flatMap((hold) => hold.parts).filter((part) => part.grantId === grant.id)
    return { ...grant, kept: kept.reduce((sum, part) => sum + part.amount, 0) }
  })
  const taken: Record<string, number> = {}
  for (let credit = 0; credit < wanted; credit += 1) {
    const candidates = now.filter((grant) => grant.remaining - grant.kept - (taken[grant.id] ?? 0) > 0)
    const key = (grant: Grant) =>
      [grant.priority + 10, grant.expiresAt ?? 9e15, grant.id].map((part) => String(part).padStart(32, '0')).join()
    const best = candidates.reduce((a, b) => (key(a) <= key(b) ? a : b))
    taken[best.id] = (taken[best.id] ?? 0) + 1
  }
  return taken
}

const sumsOf = (entry: Entry): Record<string, number> =>
  Object.fromEntries(entry.grantMoves.map((move) => [move.grantId, -move.amount]))
