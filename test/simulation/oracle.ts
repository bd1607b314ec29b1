import type { Callers, Dialogue } from './caller.ts'
import { availableAt, type EntryRow, entryIn, type WalletImage, walletIn } from './evidence.ts'
import { type Commit, Violation, type World } from './world.ts'

/** What an intent is expected to have done, once its answer is known. */
export interface Effect {
  /** Credits, signed. */
  credits: number
  /** Units counted, signed. */
  units: number
  /** Holds opened. */
  holds: number
  /** Plans begun. */
  plans: number
}
export const nothing: Effect = { credits: 0, units: 0, holds: 0, plans: 0 }

/**
 * Judges a run by what reached the table and who caused it, never by the product's guards: a guard that fails cannot
 * hide its own failure. Laws of the moment are checked at each commit; effects are counted when all is settled.
 */
export class Oracle {
  readonly #callers: Callers
  /** What was seen to be done, by group of intents. */
  readonly #deeds = new Map<string, Effect>()
  readonly #remainders = new Map<string, number>()
  /** Every image of the wallet with the instant from which it held. */
  readonly #wallets: { from: number; wallet: WalletImage }[] = []
  readonly #limits: Record<string, number>
  readonly #notices = new Map<string, number>()

  /** `limits`: by feature, what no window may ever pass. */
  constructor(world: World, callers: Callers, limits: Record<string, number> = {}) {
    this.#callers = callers
    this.#limits = limits
    world.watch((commit) => this.#see(commit))
  }

  #see(commit: Commit): void {
    const entries = commit.changes.flatMap((change) => entryIn(change) ?? []).sort((a, b) => a.seq - b.seq)
    const wallet = commit.changes.find(({ key }) => key.sk === 'WALLET')
    if (wallet || entries.length > 0)
      this.#seeCredits(commit, walletIn(wallet?.before), walletIn(wallet?.after), entries)
    for (const { key, before, after } of commit.changes) {
      if (key.sk.startsWith('USE#')) this.#seeUsage(commit, key.sk, Number(before?.n ?? 0), Number(after?.n ?? 0))
      if (key.sk.startsWith('SUB#') && !before) this.#count(commit.cause, { ...nothing, plans: 1 })
      if (key.pk.startsWith('OUT#') && after && !before)
        this.#seeNotice(`${after.kind} ${after.feature} ${after.resetsAt}`)
    }
  }

  #seeCredits(commit: Commit, before: WalletImage, after: WalletImage, entries: EntryRow[]): void {
    let { seq, balance } = before
    for (const entry of entries) {
      require(!entry.rewritten, `the entry ${entry.sk} was written twice`)
      require(entry.seq === ++seq, `the ledger goes from ${seq - 1} to ${entry.seq}`)
      balance += entry.amount
      require(entry.balanceAfter === balance, `entry ${entry.seq} leaves ${entry.balanceAfter}, not ${balance}`)
      for (const move of entry.moves) this.#move(move.grantId, move.amount)
    }
    require(after.seq === seq, `the wallet is at ${after.seq}, its ledger at ${seq}`)
    require(after.balance === balance, `the wallet holds ${after.balance}, its ledger says ${balance}`)
    assertWalletImage(after)
    for (const [id, { remaining }] of after.grants) {
      require(this.#remainders.get(id) ===
        remaining, `grant ${id} has ${remaining} left, its moves say ${this.#remainders.get(id)}`)
    }
    this.#wallets.push({ from: commit.at, wallet: after })
    const own = entries.filter((entry) => !isDue(entry))
    const known = new Set(before.holds.map(({ bits }) => bits))
    const holds = after.holds.filter(({ bits }) => !known.has(bits)).length
    if (own.length > 0 || holds > 0)
      this.#count(commit.cause, { ...nothing, credits: sum(own.map(({ amount }) => amount)), holds })
  }

  #move(grantId: string, amount: number): void {
    const left = (this.#remainders.get(grantId) ?? 0) + amount
    require(left >= 0, `grant ${grantId} is overspent`)
    this.#remainders.set(grantId, left)
  }

  #seeUsage(commit: Commit, sk: string, before: number, after: number): void {
    const limit = this.#limits[sk.split('#')[1] ?? '']
    require(after >= 0, `${sk} is at ${after}`)
    require(limit === undefined || after <= limit || after <= before, `${sk} is at ${after}, the limit is ${limit}`)
    if (after !== before) this.#count(commit.cause, { ...nothing, units: after - before })
  }

  #seeNotice(what: string): void {
    const count = (this.#notices.get(what) ?? 0) + 1
    require(count === 1, `the notice "${what}" was raised ${count} times`)
    this.#notices.set(what, count)
  }

  #count(cause: string, effect: Effect): void {
    const group = this.#callers.dialogues.get(cause)?.intent.group ?? cause
    const sofar = this.#deeds.get(group) ?? nothing
    this.#deeds.set(group, {
      credits: sofar.credits + effect.credits,
      units: sofar.units + effect.units,
      holds: sofar.holds + effect.holds,
      plans: sofar.plans + effect.plans,
    })
  }

  /**
   * When all is settled: an intent that was answered with success has had exactly the effect it was told, every other none.
   * `expected` reads an answer; answers in one group tell of one effect.
   */
  judge(expected: (dialogue: Dialogue, done: Effect) => Effect): void {
    const told = new Map<string, Effect>()
    for (const dialogue of this.#callers.dialogues.values()) {
      require(dialogue.reply !== undefined, `${dialogue.intent.id} has no answer`)
      const { group } = dialogue.intent
      const effect = expected(dialogue, this.#deeds.get(group) ?? nothing)
      const known = told.get(group)
      if (!known || isNothing(known)) told.set(group, effect)
      else require(isNothing(effect) || sameEffect(known, effect), `${group} was told two different effects`)
    }
    for (const [group, effect] of told) {
      const deed = this.#deeds.get(group) ?? nothing
      require(sameEffect(deed, effect), `${group} was told ${JSON.stringify(effect)}, done was ${JSON.stringify(deed)}`)
    }
    for (const group of this.#deeds.keys()) require(told.has(group), `${group} had an effect, but nobody asked for it`)
  }

  /** A refusal for lack of credits is right only if, at some instant between question and answer, there were too few. */
  judgeShortage({ intent, firstAskedAt, answeredAt = firstAskedAt }: Dialogue, required: number): void {
    const short = this.#wallets.some(({ from, wallet }, index) => {
      const until = this.#wallets[index + 1]?.from ?? Number.POSITIVE_INFINITY
      if (until < firstAskedAt || from > answeredAt) return false
      return [Math.max(from, firstAskedAt), Math.min(until, answeredAt)].some(
        (at) => availableAt(wallet, at) < required,
      )
    })
    require(short ||
      this.#wallets.length === 0, `${intent.id} was refused ${required} credits that were there all the time`)
  }
}

function assertWalletImage({ balance, held, grants, holds }: WalletImage): void {
  require(balance >= 0, `the balance is ${balance}`)
  require(held >= 0 && held <= balance, `held is ${held} of ${balance}`)
  require(balance ===
    sum([...grants.values()].map(({ remaining }) => remaining)), 'the balance is not what the grants have left')
  require(held === sum(holds.map(({ amount }) => amount)), 'what is held is not the sum of the holds')
}

/** What time did, not the caller in whose transaction it was booked. */
const isDue = (entry: EntryRow): boolean => entry.internal && (entry.type === 'expire' || entry.type === 'grant')

const sum = (numbers: number[]): number => numbers.reduce((total, each) => total + each, 0)
const members = ['credits', 'units', 'holds', 'plans'] as const
const isNothing = (effect: Effect): boolean => members.every((name) => effect[name] === 0)
const sameEffect = (a: Effect, b: Effect): boolean => members.every((name) => a[name] === b[name])

function require(holds: boolean, otherwise: string): void {
  if (!holds) throw new Violation(otherwise)
}
