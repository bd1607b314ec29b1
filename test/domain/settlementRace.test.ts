import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Account } from '#domain/account'
import type { Payment } from '#domain/payment'
import { planExpiry } from '#domain/paymentExpiry'
import type { PaymentWrite } from '#domain/paymentWrite'
import { planSettlement } from '#domain/settlement'
import type { ObservedPayment } from '#domain/settlementCompare'
import type { AccountCredit } from '#domain/settlementCredit'
import type { Wallet } from '#domain/walletState'
import {
  accountOf,
  at,
  catalogueOf,
  checkedOut,
  checkoutInput,
  provided,
  seenOf,
  settlementInput,
  walletOf,
} from './paymentSupport.ts'

const example = catalogueOf('example')

/** The rows that settlement's conditions speak of, and what was done: enough of a table to race on. */
class Rows {
  payment: Payment
  account: Account = accountOf(example)
  wallet: Wallet = walletOf(example, this.account)
  credit: AccountCredit | undefined
  charges = new Map<string, string>()
  effects: string[] = []

  constructor(payment: Payment) {
    this.payment = payment
  }

  /** All or nothing, as one transaction; false: a condition did not hold. */
  commit(writes: PaymentWrite[]): boolean {
    if (!writes.every((write) => this.holds(write))) return false
    for (const write of writes) this.apply(write)
    return true
  }

  private holds(write: PaymentWrite): boolean {
    if (write.row === 'payment') return this.payment.ver === write.seenVer
    if (write.row === 'charge') return !this.charges.has(write.providerPaymentId)
    if (write.row === 'account') return this.account.ver === write.seenVer
    if (write.row === 'wallet') return this.wallet.version === write.seenVersion
    if (write.row === 'credit') return (this.credit?.ver ?? 0) === write.change.next.ver - 1
    return true
  }

  private apply(write: PaymentWrite): void {
    if (write.row === 'payment') this.payment = write.next
    if (write.row === 'charge') this.charges.set(write.providerPaymentId, write.as)
    if (write.row === 'account') this.account = write.next
    if (write.row === 'wallet') this.wallet = { ...write.change.wallet, version: write.seenVersion + 1 }
    if (write.row === 'credit') this.credit = write.change.next
    if (write.row === 'subscription' || write.row === 'wallet' || write.row === 'invoice') this.effects.push(write.row)
  }
}

/** One announcement: it reads, decides on what it read, and commits when it is its turn; refused, it begins again. */
class Announcement {
  private plan: PaymentWrite[] | undefined
  private rows: Rows
  private seen: ObservedPayment | 'expire'
  isDone = false

  constructor(rows: Rows, seen: ObservedPayment | 'expire') {
    this.rows = rows
    this.seen = seen
  }

  step(): void {
    if (this.isDone) return
    if (!this.plan) {
      this.plan = this.decided()
      this.isDone = this.plan.length === 0
      return
    }
    this.isDone = this.rows.commit(this.plan)
    this.plan = undefined
  }

  private decided(): PaymentWrite[] {
    const { payment, account, wallet, credit } = this.rows
    if (this.seen === 'expire') {
      const plan = planExpiry(payment, { credit, manual: undefined }, payment.expiresAt)
      return plan.kind === 'expire' ? plan.writes : []
    }
    const input = { ...settlementInput(example, payment, { account, wallet, credit }), seen: this.seen }
    const plan = planSettlement(input, at + 60_000)
    if (plan.kind === 'settle') return plan.writes
    if (plan.kind !== 'waiting' || plan.plan.kind === 'ignored') return []
    return [{ row: 'payment', next: plan.plan.next, seenVer: payment.ver }]
  }
}

const observations = (payment: Payment): (ObservedPayment | 'expire')[] => [
  seenOf(payment),
  seenOf(payment, { at: at + 61_000 }),
  seenOf(payment, { providerPaymentId: 'pay_2' }),
  seenOf(payment, { providerPaymentId: 'pay_3', amountMinor: 1 }),
  seenOf(payment, { status: 'failed' }),
  seenOf(payment, { status: 'processing' }),
  'expire',
]

test.each(['team-month', 'pack-500'])(
  '%s: announcements that race have one effect, and every unit of money is somewhere',
  (id) => {
    const request = id === 'pack-500' ? { productId: id } : { priceId: id }
    const { payment } = checkedOut(checkoutInput(example, { request }))
    const kinds = observations(payment)
    const races = fc.record({
      heard: fc.array(fc.nat(kinds.length - 1), { minLength: 1, maxLength: 10 }),
      turns: fc.array(fc.nat(9), { maxLength: 60 }),
    })
    fc.assert(
      fc.property(races, ({ heard, turns }) => {
        const rows = new Rows(payment)
        const all = heard.map((kind) => new Announcement(rows, kinds[kind] ?? 'expire'))
        for (const turn of turns) all[turn % all.length]?.step()
        for (const one of all) finish(one)
        const captured = new Map(heard.flatMap((kind) => (kind < 4 ? [amountOf(kinds[kind])] : [])))
        const granted = [...rows.charges].filter(([, as]) => as === 'granted')
        const made = rows.effects.filter((row) => row === 'invoice').length
        expect([...rows.charges.keys()].sort()).toEqual([...captured.keys()].sort())
        expect(granted.length).toBeLessThanOrEqual(1)
        expect([made, rows.effects.filter((row) => row === 'wallet').length]).toEqual([granted.length, granted.length])
        const credited = [...rows.charges].filter(([, as]) => as === 'account_credit')
        expect(rows.credit?.balanceMinor ?? 0).toBe(credited.length * payment.amountMinor)
        expect(rows.charges.get('pay_3') ?? 'held').toBe('held')
        const isRightPaid = captured.has(provided) || captured.has('pay_2')
        if (isRightPaid && !heard.includes(6)) expect(granted.length).toBe(1)
      }),
      { numRuns: 300 },
    )
  },
)

function amountOf(seen: ObservedPayment | 'expire' | undefined): [string, number] {
  if (!seen || seen === 'expire') throw new Error('no payment')
  return [seen.providerPaymentId, seen.amountMinor]
}

/** A loser decides again; only as many times as there are others to lose to. */
function finish(one: Announcement): void {
  for (let tries = 0; !one.isDone && tries < 30; tries += 1) one.step()
  if (!one.isDone) throw new Error('an announcement never came to an end')
}
