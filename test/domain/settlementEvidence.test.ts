import { describe, expect, it } from 'vitest'
import { isInFlight } from '#domain/payment'
import { afterFact } from '#domain/paymentFact'
import { planSettlement } from '#domain/settlement'
import type { ObservedPayment } from '#domain/settlementCompare'
import { at, catalogueOf, paymentOf, provided, seenOf, settle, settlementInput } from './paymentSupport.ts'

const example = catalogueOf('example')
const payment = paymentOf()
/** A provider's time is that of the payment's creation: the same, whatever has become of it. */
const heard = (status: ObservedPayment['status'], one = payment, now = at + 60_000) =>
  planSettlement(settlementInput(example, one, { seen: seenOf(payment, { status }) }), now)
const afterwards = (plan: ReturnType<typeof heard>) => {
  if (plan.kind !== 'waiting' || plan.plan.kind === 'ignored') throw new Error('nothing was heard')
  return plan.plan.next
}

describe('what the provider said before', () => {
  it('a debit under way that has failed is no longer in flight, so that its order may expire', () => {
    const underWay = afterwards(heard('processing'))
    expect(isInFlight(underWay)).toBe(true)
    const failed = afterwards(heard('failed', underWay, at + 120_000))
    expect(isInFlight(failed)).toBe(false)
  })

  it('one that failed and is under way after all is in flight again', () => {
    const failed = afterwards(heard('failed'))
    expect(isInFlight(afterwards(heard('processing', failed, at + 120_000)))).toBe(true)
  })

  it('the same word again changes nothing, however much later', () => {
    const underWay = afterwards(heard('processing'))
    expect(heard('processing', underWay, at + 900_000)).toMatchObject({ plan: { kind: 'ignored' } })
  })

  it.each([
    ['processed', 'held', 'held'],
    ['failed', 'granted', 'account_credit'],
    ['pending', 'held', 'held'],
  ] as const)(
    'a refund told before its money, %s: the money is %s, without a lawful effect %s',
    (state, as, without) => {
      const fact = { kind: 'refund', providerPaymentId: provided, amountMinor: 100, state } as const
      const told = afterFact(payment, fact, at)
      const { next } = settle(settlementInput(example, told, { seen: seenOf(told) }))
      expect(next.settled?.as).toBe(as)
      // Credit of all of it would be paid twice once the part is back.
      const expired = { ...told, progress: 'expired' as const }
      expect(settle(settlementInput(example, expired, { seen: seenOf(expired) })).as).toBe(without)
    },
  )
})
