import { Temporal } from 'temporal-polyfill'
import { Violation } from './world.ts'
import { callMinor, includedCalls } from './yearCatalogue.ts'
import type { YearPayment } from './yearRows.ts'

interface Window {
  /** As its line on an order names it. */
  lineId: string
  end: number
  uses: { quantity: number; committedAt: number }[]
}

/** What is committed so shortly before an order is decided may be on it or not. */
const readMs = 60_000

/** What every account has used, by calendar month in its own zone, and what of it lies beyond its plan. */
export class Usage {
  readonly #zoneOf: (accountId: string) => string
  readonly #windows = new Map<string, Map<string, Window>>()

  constructor(zoneOf: (accountId: string) => string) {
    this.#zoneOf = zoneOf
  }

  count(accountId: string, { at, quantity }: { at: number; quantity: number }, committedAt: number): void {
    const month = Temporal.Instant.fromEpochMilliseconds(at)
      .toZonedDateTimeISO(this.#zoneOf(accountId))
      .with({ day: 1 })
      .startOfDay()
    const lineId = `overage:call:month#${new Date(month.epochMilliseconds).toISOString()}`
    const own = this.#windows.get(accountId) ?? new Map<string, Window>()
    const window = own.get(lineId) ?? { lineId, end: month.add({ months: 1 }).epochMilliseconds, uses: [] }
    window.uses.push({ quantity, committedAt })
    this.#windows.set(accountId, own.set(lineId, window))
  }

  /** Of the months that were over at an instant: what is owed for each, minor units. */
  owed(accountId: string, at: number, seenUntil: number = at): Map<string, number> {
    const over = [...(this.#windows.get(accountId)?.values() ?? [])].filter(({ end }) => end <= at)
    const amounts = over.map(({ lineId, uses }): [string, number] => {
      const seen = uses.filter(({ committedAt }) => committedAt <= seenUntil)
      const beyond = seen.reduce((sum, { quantity }) => sum + quantity, 0) - includedCalls
      return [lineId, Math.max(0, beyond) * callMinor]
    })
    return new Map(amounts.filter(([, amountMinor]) => amountMinor > 0))
  }

  /** An order that a worker begins has every month that is over and on no other order, and no other line of use. */
  judge(payment: YearPayment, all: readonly YearPayment[], committedAt: number): void {
    const { id, accountId, createdAt } = payment
    const earlier = this.owed(accountId, createdAt, createdAt - readMs)
    const others = all.filter((one) => one.accountId === accountId && one.id !== id && isBilling(one))
    const billed = new Set(others.flatMap(overageLines).map(([lineId]) => lineId))
    const lines = new Map(overageLines(payment))
    for (const [lineId, amountMinor] of this.owed(accountId, createdAt, committedAt)) {
      const told = lines.get(lineId)
      lines.delete(lineId)
      if (billed.has(lineId) ? told === undefined : told === amountMinor || told === earlier.get(lineId)) continue
      throw new Violation(`${id} has ${told} for ${lineId}, of ${amountMinor} that are owed`)
    }
    if (lines.size > 0) throw new Violation(`${id} has ${[...lines.keys()].join(', ')}, and nothing is owed for it`)
  }

  /** In the end: what is on no order, or on more than one that was granted. */
  unbilled(accountId: string, all: readonly YearPayment[], at: number): Map<string, number> {
    const left = this.owed(accountId, at)
    const granted = all.filter((one) => one.accountId === accountId && one.settled?.as === 'granted')
    const told = new Set<string>()
    for (const [lineId] of granted.flatMap(overageLines)) {
      if (told.has(lineId)) throw new Violation(`${accountId} paid ${lineId} twice`)
      told.add(lineId)
      left.delete(lineId)
    }
    return left
  }
}

const overageLines = ({ lines }: YearPayment): [string, number][] =>
  lines.filter(({ kind }) => kind === 'overage').map(({ id, total }) => [id, total])

/** It was paid, or may be still. Money that became credit, or went back, paid for nothing. */
const isBilling = ({ settled, progress }: YearPayment): boolean =>
  settled ? settled.as !== 'account_credit' : progress !== 'failed' && progress !== 'expired'
