import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { planRefund, type Refund, refundId } from '#domain/refund'
import { type ObservedRefund, planRefundFact, type RefundOutcome } from '#domain/refundFact'
import { windowAt } from '#domain/time'
import { decide } from '#domain/walletDecide'
import { heldOf, returnedLifeMs, type Wallet } from '#domain/walletState'
import {
  accountOf,
  at,
  catalogueOf,
  checkedOut,
  checkoutInput,
  fallbackOf,
  provided,
  rowOf,
  settle,
  settlementInput,
  zones,
} from './paymentSupport.ts'

const example = catalogueOf('example')
/** 500 credits for 9.00, which live for a year; without the plan's included ones, so that only the pack is looked at. */
const packCredits = 500
const packMinor = 900
const yearMs = 366 * 86_400_000

/** One pack, its buyer's wallet and its refunds, moved one after the other: what the tables do, without the tables. */
class Pack {
  now = at + 3_600_000
  readonly refunds: Refund[] = []
  readonly grantId: string
  readonly expiresAt: number
  /** Of the pack, by the customer. */
  spent = 0
  payment
  wallet: Wallet
  private made = 0

  constructor() {
    const { payment } = checkedOut(checkoutInput(example, { request: { productId: 'pack-500' } }))
    const plan = settle(settlementInput(example, payment))
    this.payment = plan.next
    const { wallet } = rowOf(plan.writes, 'wallet').change
    this.grantId = plan.next.settled?.reference ?? ''
    const grants = wallet.grants.filter(({ id }) => id === this.grantId)
    this.wallet = { ...wallet, grants, balance: packCredits, allowance: null }
    this.expiresAt = grants[0]?.expiresAt ?? 0
  }

  get grant() {
    return this.wallet.grants.find(({ id }) => id === this.grantId)
  }
  get free(): number {
    return this.grant ? this.grant.remaining - heldOf(this.wallet.holds, this.grantId) : 0
  }
  /** By refunds that have not failed. */
  get taken(): number {
    return this.refunds
      .filter(({ status }) => status !== 'failed')
      .reduce((sum, { creditsTaken = 0 }) => sum + creditsTaken, 0)
  }
  /** The part of the pack that the money which is back or on its way has paid for. */
  get share(): number {
    return Math.floor((packCredits * this.payment.reversedMinor) / packMinor)
  }

  spend(most: number): void {
    const amount = Math.min(most, this.wallet.balance - this.wallet.held)
    if (amount < 1) return
    const decision = decide(
      this.wallet,
      { kind: 'deduct', guard: this.key(), amount, reason: 'use' },
      this.now,
      windowAt,
    )
    if (decision.kind !== 'accepted') throw new Error(decision.kind)
    this.wallet = decision.wallet
    this.spent += amount
  }

  hold(amount: number, lifeMs: number): void {
    const request = { guard: this.key(), amount, expiresAt: this.now + lifeMs, requestHash: 'h', reason: 'work' }
    const decision = decide(this.wallet, { kind: 'reserve', ...request }, this.now, windowAt)
    if (decision.kind !== 'accepted') throw new Error(decision.kind)
    this.wallet = decision.wallet
  }

  /** What time does to the wallet. */
  pass(ms: number): void {
    this.now += ms
    const decision = decide(this.wallet, { kind: 'settleDue' }, this.now, windowAt)
    if (decision.kind === 'accepted') this.wallet = decision.wallet
  }

  /** Asks for a refund that the provider takes on; undefined when there is not so much money left. */
  refund(amountMinor: number): Refund | undefined {
    const id = refundId(this.now, this.key().bits)
    const plan = planRefund(this.payment, { id, reason: 'Not needed', amountMinor }, undefined, this.now)
    if (plan.kind === 'refused') return undefined
    this.payment = plan.next
    this.refunds.push(plan.refund)
    return this.tell(plan.refund, 'pending')
  }

  tell({ id }: Refund, state: ObservedRefund['state']): Refund {
    const refund = this.refunds.find((one) => one.id === id)
    if (!refund) throw new Error('no such refund')
    const { amountMinor } = refund
    const outcome = planRefundFact(
      {
        payment: this.payment,
        refund,
        others: this.refunds.filter((one) => one !== refund),
        account: accountOf(example),
        wallet: this.wallet,
        subscription: undefined,
        purchase: undefined,
        credit: undefined,
        invoice: undefined,
        creditNote: undefined,
        disputeNotes: [],
        fallback: fallbackOf(example),
        document: { id: 'inv_2', zones },
      },
      { providerPaymentId: provided, refundId: id, providerRefundId: `re_${id}`, amountMinor, state },
      this.now,
    )
    this.write(outcome)
    return outcome.refund
  }

  private write({ payment, refund, writes }: RefundOutcome): void {
    this.payment = payment
    this.refunds.splice(
      this.refunds.findIndex(({ id }) => id === refund.id),
      1,
      refund,
    )
    for (const write of writes) if (write.row === 'wallet') this.wallet = write.change.wallet
  }

  private key() {
    this.made += 1
    return { class: 's' as const, bits: `8${String(this.made).padStart(15, '0')}` }
  }
}

describe('credits that a failed refund gives back', () => {
  it('are in the pack’s own grant again, and expire when it does', () => {
    const pack = new Pack()
    const refund = pack.refund(packMinor)
    expect(refund).toMatchObject({ creditsTaken: 500, creditsSpent: 0, creditsExpireAt: pack.expiresAt })
    expect(pack.grant).toBeUndefined()
    pack.now += 86_400_000
    if (refund) pack.tell(refund, 'failed')
    expect(pack.wallet.grants).toEqual([
      { id: pack.grantId, amount: 500, remaining: 500, expiresAt: pack.expiresAt, priority: 0, source: 'purchase' },
    ])
    pack.pass(yearMs)
    expect(pack.wallet.balance).toBe(0)
  })

  it.each<[string, number[], number[]]>([
    ['whole, and whole again', [900, 900, 900], [500, 500, 500]],
    ['a part, then the whole', [300, 900], [166, 500]],
    ['the whole, then a part', [900, 300], [500, 166]],
    ['of the smallest part, which is no credit', [1, 900], [0, 500]],
  ])('are found by the next refund, however often one fails: %s', (_, amounts, taken) => {
    const pack = new Pack()
    for (const [at, amount] of amounts.entries()) {
      const refund = pack.refund(amount)
      expect([refund?.creditsTaken ?? 0, pack.wallet.balance]).toEqual([taken[at], 500 - (taken[at] ?? 0)])
      if (refund) pack.tell(refund, 'failed')
      expect(pack.wallet.balance).toBe(500)
    }
  })

  it('are those of the refund that failed, whichever of several it was', () => {
    const pack = new Pack()
    const [one, two, three] = [pack.refund(300), pack.refund(300), pack.refund(300)]
    expect([one, two, three].map((refund) => refund?.creditsTaken)).toEqual([166, 167, 167])
    if (one) pack.tell(one, 'failed')
    expect(pack.wallet.balance).toBe(166)
    expect(pack.refund(300)?.creditsTaken).toBe(166)
    expect([pack.taken, pack.wallet.balance]).toEqual([500, 0])
  })

  it('leave none over when refunds fail in another order than they were made', () => {
    // A minor unit is a little more than half a credit.
    const pack = new Pack()
    const parts = Array.from({ length: 6 }, () => pack.refund(1))
    expect(parts.map((refund) => refund?.creditsTaken ?? 0)).toEqual([0, 1, 0, 1, 0, 1])
    for (const at of [1, 3]) pack.tell(parts[at] ?? fail(), 'failed')
    expect([pack.payment.reversedMinor, pack.taken, pack.share]).toEqual([4, 1, 2])
    pack.refund(1)
    expect([pack.payment.reversedMinor, pack.taken, pack.share]).toEqual([5, 2, 2])
  })

  it('that the customer had spent before stay spent, and the rest goes again', () => {
    const pack = new Pack()
    pack.spend(200)
    const first = pack.refund(packMinor)
    expect(first).toMatchObject({ creditsTaken: 300, creditsSpent: 200 })
    if (first) pack.tell(first, 'failed')
    pack.spend(50)
    expect(pack.refund(packMinor)).toMatchObject({ creditsTaken: 250, creditsSpent: 250 })
    expect(pack.wallet.balance).toBe(0)
  })

  it('and what a hold kept meanwhile, are good again, also when the hold kept all of them', () => {
    for (const held of [100, 500]) {
      const pack = new Pack()
      pack.hold(held, 3_600_000)
      const refund = pack.refund(packMinor)
      expect(refund).toMatchObject({ creditsTaken: 500 - held, creditsSpent: held })
      if (refund) pack.tell(refund, 'failed')
      pack.pass(7_200_000)
      expect([pack.wallet.balance, pack.grant?.expiresAt]).toEqual([500, pack.expiresAt])
    }
  })

  it('after the pack would have been over, live for the 30 days of what comes back late, and can be taken again', () => {
    const pack = new Pack()
    const refund = pack.refund(packMinor)
    pack.pass(yearMs)
    if (refund) pack.tell(refund, 'failed')
    expect(pack.grant).toMatchObject({ remaining: 500, expiresAt: pack.now + returnedLifeMs })
    expect(pack.refund(packMinor)).toMatchObject({ creditsTaken: 500, creditsExpireAt: pack.now + returnedLifeMs })
  })

  it.each([0, 500])('of a pack that was over before anything was taken, with %i held, do not begin anew', (held) => {
    const pack = new Pack()
    if (held > 0) pack.hold(held, yearMs + 3_600_000)
    pack.pass(yearMs)
    const refund = pack.refund(packMinor)
    expect(refund).toMatchObject({ creditsTaken: 0, creditsSpent: 500 })
    if (refund) pack.tell(refund, 'failed')
    expect(pack.wallet.balance).toBe(held)
    pack.pass(7_200_000)
    expect(pack.wallet.balance).toBe(0)
  })
})

it('the last part ends the pack: what a hold kept of it is not free again', () => {
  const pack = new Pack()
  pack.hold(200, 3_600_000)
  expect(pack.refund(300)).toMatchObject({ creditsTaken: 166, creditsSpent: 0 })
  expect(pack.refund(600)).toMatchObject({ creditsTaken: 134, creditsSpent: 200 })
  pack.pass(7_200_000)
  expect(pack.wallet.balance).toBe(0)
})

const fail = (): never => {
  throw new Error('no such refund')
}

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('refund' as const), amountMinor: fc.integer({ min: 1, max: packMinor }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('fail' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('processed' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('spend' as const), amount: fc.integer({ min: 1, max: 120 }) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Time stands nearly still, so nothing expires: what a pack gave is left, spent, or taken by refunds that have not failed. */
function play(pack: Pack, one: Step): void {
  pack.pass(1000)
  switch (one.do) {
    case 'refund': {
      const { free, taken } = pack
      const gone = pack.refunds
        .filter(({ status }) => status !== 'failed')
        .reduce((sum, { creditsTaken = 0, creditsSpent = 0 }) => sum + creditsTaken + creditsSpent, 0)
      if (!pack.refund(one.amountMinor)) return
      // Never less than the share when the credits are there, and never more.
      expect(pack.taken - taken).toBe(Math.min(free, Math.max(0, pack.share - gone)))
      return
    }
    case 'spend':
      return pack.spend(one.amount)
    default: {
      const refund = pack.refunds[one.pick % Math.max(1, pack.refunds.length)]
      if (refund) pack.tell(refund, one.do === 'fail' ? 'failed' : 'processed')
    }
  }
}

test('parts, failures, events again and spending, in any order: nothing is lost, made or taken twice', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      const pack = new Pack()
      for (const one of steps) {
        play(pack, one)
        expect(pack.wallet.balance + pack.spent + pack.taken).toBe(packCredits)
        expect(pack.taken).toBeLessThanOrEqual(packCredits)
        if (pack.grant) expect(pack.grant.expiresAt).toBe(pack.expiresAt)
        if (pack.payment.reversedMinor === packMinor) expect(pack.free).toBe(0)
      }
      for (const refund of pack.refunds) pack.tell(refund, 'failed')
      expect(pack.wallet.balance).toBe(packCredits - pack.spent)
      pack.pass(yearMs)
      expect(pack.wallet.balance).toBe(0)
    }),
    { numRuns: 300 },
  )
})
