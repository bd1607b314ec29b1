import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { GatewayError } from '#gateways/gatewayError'
import { resumeRefund } from '#runtime/refund'
import { applyRefund } from '#runtime/refundFact'
import { invoicesOfPayment } from '#table/invoices'
import { findPurchase } from '#table/purchases'
import { callsOf, outboxRows } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import {
  call,
  paid,
  refundAnswer,
  refundCall,
  type ScriptedRefunds,
  scriptRefunds,
  stored,
  storedRefunds,
} from './refundSupport.ts'

const deps = await testDeps()
afterAll(() => deps.stop())
const { getCredits } = callsOf(deps)

let provider: ScriptedRefunds
beforeEach(() => {
  provider = scriptRefunds(deps)
})

const addressOf = ({ accountId, id }: { accountId: string; id: string }) => ({ accountId, paymentId: id })
const balanceOf = async (account: string) => (await getCredits({ account })).body.balance
const noticesOf = async (kind: string, paymentId: string) =>
  (await outboxRows(deps)).filter((row) => row.kind === kind && JSON.stringify(row.data).includes(paymentId))

describe('refunds race', () => {
  it('20 at once never pass what was captured, and the provider is asked for no more than that', async () => {
    const payment = await paid(deps, 'item')
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => refundCall(deps, payment, { body: { amount: 100 } })),
    )
    expect(answers.every(({ status }) => [202, 409, 503].includes(status))).toBe(true)
    // Whoever was told to come again comes again, until nothing is left.
    for (let status = 0; status !== 409; ) ({ status } = await refundCall(deps, payment, { body: { amount: 100 } }))
    expect(provider.asked.reduce((sum, { amountMinor }) => sum + amountMinor, 0)).toBe(700)
    expect(new Set(provider.asked.map(({ refundId }) => refundId)).size).toBe(7)
    expect(await storedRefunds(deps, payment)).toHaveLength(7)
  })

  it('20 at once under one key are one refund, asked for once', async () => {
    const payment = await paid(deps, 'item')
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => refundCall(deps, payment, { key: 'same', body: { amount: 100 } })),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]))
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(provider.asked).toHaveLength(1)
  })

  it('confirmed by the webhook while our own answer is being written: one effect, one note, one notice', async () => {
    const payment = await paid(deps, 'pack')
    const before = await balanceOf(payment.accountId)
    provider.answer = async (request) => {
      const { providerPaymentId, refundId, amountMinor } = request
      const event = { providerPaymentId, refundId, amountMinor, state: 'processed' as const }
      await Promise.all(Array.from({ length: 5 }, () => applyRefund(deps, addressOf(payment), event, call)))
      return refundAnswer(request)
    }
    const { body } = await refundCall(deps, payment)
    expect(body).toMatchObject({ status: 'processed', creditsTaken: 500 })
    expect(await balanceOf(payment.accountId)).toBe(before - 500)
    const documents = await invoicesOfPayment(deps.table, payment.accountId, payment.id)
    expect(documents.filter(({ kind }) => kind === 'credit_note')).toHaveLength(1)
    expect(await noticesOf('refund.completed', payment.id)).toHaveLength(1)
    expect(await stored(deps, payment)).toMatchObject({ status: 'refunded', refundedMinor: 900, reversedMinor: 900 })
  })

  it('processed is heard before the provider has taken it on: late news changes nothing', async () => {
    const payment = await paid(deps, 'item')
    const { body } = await refundCall(deps, payment, { body: { amount: 400 } })
    const seen = { providerPaymentId: body.providerPaymentId, refundId: body.id, amountMinor: 400 }
    await applyRefund(deps, addressOf(payment), { ...seen, state: 'processed' }, call)
    const done = await stored(deps, payment)
    await applyRefund(deps, addressOf(payment), { ...seen, state: 'pending' }, call)
    await applyRefund(deps, addressOf(payment), { ...seen, state: 'processed' }, call)
    expect(await stored(deps, payment)).toEqual(done)
    expect(done).toMatchObject({ status: 'partially_refunded', refundedMinor: 400 })
  })

  it('failed after processed: credits come back, the note is taken back, the amount may be refunded anew', async () => {
    provider.answer = (request) => refundAnswer(request, { status: 'processed' })
    const payment = await paid(deps, 'pack')
    const before = await balanceOf(payment.accountId)
    const { body } = await refundCall(deps, payment)
    expect(body).toMatchObject({ creditsTaken: 500 })
    expect(await balanceOf(payment.accountId)).toBe(before - 500)
    const seen = { providerPaymentId: body.providerPaymentId, refundId: body.id, amountMinor: 900 }
    for (const state of ['failed', 'processed', 'failed'] as const)
      await applyRefund(deps, addressOf(payment), { ...seen, state }, call)
    expect(await balanceOf(payment.accountId)).toBe(before)
    expect(await stored(deps, payment)).toMatchObject({
      status: 'completed',
      refundedMinor: 0,
      reversedMinor: 0,
      notedMinor: 0,
      flags: ['refund_failed'],
    })
    const documents = await invoicesOfPayment(deps.table, payment.accountId, payment.id)
    expect(documents.map(({ kind }) => kind).toSorted()).toEqual(['credit_note', 'invoice', 'invoice'])
    expect((await refundCall(deps, payment)).body).toMatchObject({
      amount: 900,
      status: 'processed',
      creditsTaken: 500,
      creditsSpent: 0,
    })
    expect(await balanceOf(payment.accountId)).toBe(before - 500)
  })

  it('two part refunds and one made outside add up, in any order of their events', async () => {
    const payment = await paid(deps, 'item')
    const [one, two] = await Promise.all([
      refundCall(deps, payment, { body: { amount: 200 } }),
      refundCall(deps, payment, { body: { amount: 300 } }),
    ])
    const of = { providerPaymentId: one.body.providerPaymentId, state: 'processed' as const }
    const events = [
      { ...of, refundId: one.body.id, amountMinor: 200 },
      { ...of, refundId: two.body.id, amountMinor: 300 },
      { ...of, providerRefundId: 're_outside', amountMinor: 100 },
    ]
    await Promise.all(
      [...events, ...events.toReversed()].map((seen) => applyRefund(deps, addressOf(payment), seen, call)),
    )
    const after = await stored(deps, payment)
    expect(after).toMatchObject({ status: 'partially_refunded', refundedMinor: 600, notedMinor: 600 })
    expect(after.flags).toContain('refunded_outside')
    expect(await storedRefunds(deps, payment)).toHaveLength(3)
    expect(await refundCall(deps, payment, { body: { amount: 101 } })).toMatchObject({ status: 409 })
  })

  it('events without an id (Paystack) are of our own refund of that amount, never of a second one', async () => {
    const payment = await paid(deps, 'item', { provider: 'paystack' })
    const { body } = await refundCall(deps, payment, { body: { amount: 250 } })
    const seen = { providerPaymentId: body.providerPaymentId, amountMinor: 250 }
    for (const state of ['pending', 'processed', 'processed'] as const)
      await applyRefund(deps, addressOf(payment), { ...seen, state }, call)
    expect(await storedRefunds(deps, payment)).toMatchObject([{ id: body.id, status: 'processed' }])
    expect(await stored(deps, payment)).toMatchObject({ refundedMinor: 250, notedMinor: 250 })
  })
})

describe('a refund that dies half-way', () => {
  it('before the provider was asked: the same key never asks, the reconciler does, once', async () => {
    provider.answer = () => {
      throw new Error('the process ends here')
    }
    const payment = await paid(deps, 'item')
    expect(await refundCall(deps, payment, { key: 'died', expectDefect: true })).toMatchObject({ status: 500 })
    provider.asked.length = 0
    provider.answer = (request) => refundAnswer(request, { status: 'processed' })
    const again = await refundCall(deps, payment, { key: 'died' })
    expect(again).toMatchObject({ status: 202, replayed: true, body: { status: 'requested' } })
    expect(provider.asked).toEqual([])
    deps.clock.advance(15 * 60_000)
    const [refund] = await storedRefunds(deps, payment)
    if (!refund) throw new Error('no refund was written')
    expect(await resumeRefund(deps, refund, call)).toMatchObject({ id: again.body.id, status: 'processed' })
    expect(provider.asked.map(({ refundId }) => refundId)).toEqual([again.body.id])
  })

  it('between the provider’s answer and our writing it: the event brings the effect', async () => {
    const payment = await paid(deps, 'item')
    provider.answer = () => {
      throw new GatewayError('stripe', 'unknown_outcome')
    }
    const { body } = await refundCall(deps, payment)
    const event = { providerPaymentId: body.providerPaymentId, providerRefundId: 're_9', refundId: body.id }
    await applyRefund(deps, addressOf(payment), { ...event, amountMinor: 700, state: 'processed' }, call)
    expect(await storedRefunds(deps, payment)).toMatchObject([{ status: 'processed', providerRefundId: 're_9' }])
    expect(await stored(deps, payment)).toMatchObject({ status: 'refunded', notedMinor: 700 })
  })
})

describe('refunds of a visitor’s item', () => {
  it('202 takes the item back; there is neither account nor wallet to change', async () => {
    provider.answer = (request) => refundAnswer(request, { status: 'processed' })
    const payment = await paid(deps, 'item', { account: `anon_${deps.ids.random()}` })
    expect((await refundCall(deps, payment)).body.status).toBe('processed')
    const purchase = await findPurchase(deps.table, payment.accountId, payment.settled?.reference ?? '')
    expect(purchase?.revokedAt).toBe(deps.clock.now())
  })
})

describe('a Paystack refund that is told by its own id, without our note', () => {
  const told = (providerPaymentId: string, providerRefundId: string) => ({
    providerPaymentId,
    providerRefundId,
    amountMinor: 700,
    state: 'processed' as const,
  })

  it('is ours while ours waits for a word; elsewhere it was made outside', async () => {
    provider.answer = () => {
      throw new GatewayError('paystack', 'unknown_outcome')
    }
    for (const [name, rows] of [
      ['paystack', 1],
      ['stripe', 2],
    ] as const) {
      const payment = await paid(deps, 'item', { provider: name })
      await refundCall(deps, payment)
      await applyRefund(deps, addressOf(payment), told(payment.providerPaymentId ?? '', '77'), call)
      expect(await storedRefunds(deps, payment)).toHaveLength(rows)
    }
  })
})

describe('resumeRefund', () => {
  const lost = () => {
    throw new GatewayError('paystack', 'unknown_outcome')
  }
  const requested = async () => {
    provider.answer = lost
    const payment = await paid(deps, 'item', { provider: 'paystack' })
    await refundCall(deps, payment)
    provider.asked.length = 0
    const [refund] = await storedRefunds(deps, payment)
    if (!refund) throw new Error('no refund was written')
    return { payment, refund }
  }

  it('finds at the provider what was asked, and never asks again', async () => {
    const { payment, refund } = await requested()
    provider.find = (request) => refundAnswer(request, { status: 'processed' })
    deps.clock.advance(15 * 60_000)
    expect(await resumeRefund(deps, refund, call)).toMatchObject({ status: 'processed' })
    expect(provider.asked).toEqual([])
    expect(await stored(deps, payment)).toMatchObject({ status: 'refunded' })
  })

  it('asks once where nothing is found, however many come at once', async () => {
    const { payment, refund } = await requested()
    provider.answer = (request) => refundAnswer(request)
    deps.clock.advance(15 * 60_000)
    await Promise.all(Array.from({ length: 10 }, () => resumeRefund(deps, refund, call)))
    expect(provider.asked).toHaveLength(1)
    expect(await storedRefunds(deps, payment)).toMatchObject([{ status: 'pending' }])
  })

  it('leaves alone what was asked for less than a quarter of an hour ago', async () => {
    const { refund } = await requested()
    deps.clock.advance(15 * 60_000 - 1)
    expect(await resumeRefund(deps, refund, call)).toEqual(refund)
    expect(provider.lookedFor).toEqual([])
  })

  it('never asks again for one that was taken on, and moves on the instant at which it is due', async () => {
    const payment = await paid(deps, 'item')
    await refundCall(deps, payment)
    const [refund] = await storedRefunds(deps, payment)
    if (!refund) throw new Error('no refund was written')
    deps.clock.advance(3_600_000)
    await resumeRefund(deps, refund, call)
    expect(provider.asked).toHaveLength(1)
    expect(await storedRefunds(deps, payment)).toMatchObject([{ status: 'pending', updatedAt: deps.clock.now() }])
  })
})
