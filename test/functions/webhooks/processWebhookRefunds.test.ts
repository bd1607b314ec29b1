import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { Payment } from '#domain/payment'
import type { ProviderRefund } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import { compareDay } from '#runtime/comparePayments'
import { resumeRefund } from '#runtime/refund'
import { settleOne } from '#runtime/settlePayment'
import { actOnRefund } from '#runtime/webhookRefund'
import { testDeps } from '#test/support/deps'
import {
  call,
  captured,
  paid,
  pending,
  refundAnswer,
  refundCall,
  scriptRefunds,
  stored,
  storedRefunds,
} from '../payments/refundSupport.ts'

const deps = await testDeps()
const script = scriptRefunds(deps)
afterAll(() => deps.stop())

/** An event as Paystack mostly sends it: of a refund of this amount on that order, which holds our payment's id. */
const news = (
  { id, providerOrderId }: Payment,
  status: ProviderRefund['status'],
  amountMinor: number,
  paymentReference = id,
) => {
  const about = { ...(providerOrderId !== undefined && { providerOrderId }), paymentReference }
  const refund = { provider: 'paystack' as const, ...about, status, amountMinor, currency: 'USD' }
  return actOnRefund(deps, 'paystack', { refund }, call)
}

const refunded = async (payment: Payment, amount: number, key: string): Promise<string> => {
  const { body } = await refundCall(deps, payment, { body: { amount }, key })
  return body.id
}

const chargeOf = ({ charges }: Payment): string => charges[0]?.providerPaymentId ?? ''

/** As Paystack's list has it: ours under our id, one made in the dashboard under its own alone. */
const listed = (
  payment: Payment,
  name: string,
  amountMinor: number,
  status: ProviderRefund['status'],
): ProviderRefund => ({
  provider: 'paystack',
  providerRefundId: `${payment.id}-${name}`,
  providerPaymentId: chargeOf(payment),
  ...(name.startsWith('rfd_') && { reference: name }),
  status,
  amountMinor,
  currency: 'USD',
})

const rowsOf = async (payment: Payment) =>
  (await storedRefunds(deps, payment))
    .map(({ reason, status, amountMinor }) => `${reason}: ${amountMinor} ${status}`)
    .sort()

describe('processWebhook: a refund that the event does not name', () => {
  beforeEach(() => {
    script.list = []
  })

  it('late news of one that failed is not taken for news of another of the same amount', async () => {
    const payment = await paid(deps, 'item', { provider: 'paystack' })
    const first = await refunded(payment, 200, 'refund first')
    const second = await refunded(payment, 200, 'refund second')
    script.list = [listed(payment, second, 200, 'processed'), listed(payment, first, 200, 'failed')]
    for (let told = 0; told < 3; told++) await news(payment, 'failed', 200)
    const rows = await storedRefunds(deps, payment)
    expect(new Map(rows.map(({ id, status }) => [id, status]))).toEqual(
      new Map([
        [first, 'failed'],
        [second, 'processed'],
      ]),
    )
    expect(await stored(deps, payment)).toMatchObject({ refundedMinor: 200, status: 'partially_refunded' })
  })

  it('one made in the dashboard of the amount of one of ours that failed is found, once', async () => {
    const payment = await paid(deps, 'item', { provider: 'paystack' })
    const ours = await refunded(payment, 250, 'refund fails')
    script.list = [listed(payment, ours, 250, 'failed')]
    await news(payment, 'failed', 250)
    expect(await rowsOf(payment)).toEqual(['Asked for it: 250 failed'])
    for (const status of ['pending', 'processed', 'pending', 'processed'] as const) {
      script.list = [listed(payment, 'outside', 250, status), listed(payment, ours, 250, 'failed')]
      await news(payment, status, 250)
    }
    expect(await rowsOf(payment)).toEqual(['Asked for it: 250 failed', 'Refunded at the provider: 250 processed'])
    expect(await stored(deps, payment)).toMatchObject({ refundedMinor: 250, status: 'partially_refunded' })
  })

  it('two made in the dashboard of one amount are two', async () => {
    const payment = await paid(deps, 'item', { provider: 'paystack' })
    script.list = [listed(payment, 'one', 120, 'processed')]
    await news(payment, 'processed', 120)
    script.list = [listed(payment, 'two', 120, 'processed'), ...script.list]
    await news(payment, 'processed', 120)
    expect(await stored(deps, payment)).toMatchObject({ refundedMinor: 240 })
  })

  it('one that the list did not have yet is the same one when it has', async () => {
    const payment = await paid(deps, 'item', { provider: 'paystack' })
    await news(payment, 'processed', 130)
    expect(await stored(deps, payment)).toMatchObject({ refundedMinor: 130 })
    script.list = [listed(payment, 'late', 130, 'pending'), listed(payment, 'first', 130, 'processed')]
    await news(payment, 'processed', 130)
    expect(await rowsOf(payment)).toEqual([
      'Refunded at the provider: 130 pending',
      'Refunded at the provider: 130 processed',
    ])
    expect(await stored(deps, payment)).toMatchObject({ refundedMinor: 130 })
    expect((await storedRefunds(deps, payment)).map(({ providerRefundId }) => providerRefundId).sort()).toEqual([
      `${payment.id}-first`,
      `${payment.id}-late`,
    ])
  })

  it('one made in the dashboard is not taken for ours that the provider has not answered for', async () => {
    const payment = await paid(deps, 'item', { provider: 'paystack' })
    script.answer = () => Promise.reject(new GatewayError('paystack', 'unknown_outcome'))
    await refunded(payment, 140, 'refund unheard')
    script.answer = (request) => refundAnswer(request)
    script.list = [listed(payment, 'outside', 140, 'processed')]
    await news(payment, 'processed', 140)
    expect(await rowsOf(payment)).toEqual(['Asked for it: 140 requested', 'Refunded at the provider: 140 processed'])
  })

  it.each([
    ['has it, and not as far', 'pending' as const],
    ['has none', undefined],
  ])('where the list %s, the amount tells', async (name, status) => {
    const payment = await paid(deps, 'item', { provider: 'paystack' })
    const one = await refunded(payment, 300, `alike one ${name}`)
    await refunded(payment, 300, `alike two ${name}`)
    if (status) script.list = [listed(payment, one, 300, status)]
    await news(payment, 'processed', 300)
    const rows = await storedRefunds(deps, payment)
    expect(rows.map((row) => row.status).sort()).toEqual(['pending', 'processed'])
  })

  it('one that the event names is looked up nowhere', async () => {
    const payment = await paid(deps, 'item', { provider: 'paystack' })
    const id = await refunded(payment, 400, 'named')
    script.list = [listed(payment, 'outside', 400, 'processed')]
    await actOnRefund(deps, 'paystack', { refund: listed(payment, id, 400, 'processed') }, call)
    expect(await rowsOf(payment)).toEqual(['Asked for it: 400 processed'])
  })

  it('is found by our reference in an order that was first heard of with its money: no way back from it is kept', async () => {
    const begun = await pending(deps, 'item', { provider: 'paystack', isUnanswered: true })
    const at = { accountId: begun.accountId, paymentId: begun.id }
    const seen = { ...captured(begun), providerOrderId: `order-${begun.id.slice(-12)}` }
    for (let told = 0; told < 2; told++) await settleOne(deps, at, seen, call)
    const payment = await stored(deps, begun)
    expect(payment).toMatchObject({ status: 'completed', providerOrderId: seen.providerOrderId })
    await refunded(payment, 200, 'unanswered')
    for (const status of ['processed', 'failed'] as const)
      expect(await news(payment, status, 200)).toEqual({ kind: 'processed', ...at })
    expect((await storedRefunds(deps, payment)).map(({ status }) => status)).toEqual(['failed'])
  })

  it('is nobody’s by an order that names another payment', async () => {
    const begun = await pending(deps, 'item', { provider: 'paystack', isUnanswered: true })
    const at = { accountId: begun.accountId, paymentId: begun.id }
    const seen = { ...captured(begun), providerOrderId: `other-${begun.id.slice(-12)}`, reference: 'fpay_other' }
    await settleOne(deps, at, seen, call)
    const payment = await stored(deps, begun)
    expect(payment).toMatchObject({ status: 'review', flags: ['order'] })
    expect(payment.providerOrderId).toBeUndefined()
    const told = await news({ ...payment, providerOrderId: seen.providerOrderId }, 'processed', 200, seen.reference)
    expect(told).toEqual({ kind: 'unmatched' })
  })
})

describe('comparePayments: a refund that no event told of', () => {
  const compare = async () => {
    const differences = []
    for await (const { found } of compareDay(deps, '2026-05-01', call)) differences.push(...found.differences)
    return { differences }
  }

  it('is found on the day’s list, reported and counted once; an open one is followed', async () => {
    const payment = await paid(deps, 'item', { provider: 'paystack' })
    const ours = await refunded(payment, 150, 'refund compared')
    script.list = [listed(payment, ours, 150, 'failed'), listed(payment, 'outside', 150, 'pending')]
    const about = { kind: 'refunded', provider: 'paystack', paymentId: payment.id }
    expect((await compare()).differences).toMatchObject([about, about])
    expect(await compare()).toMatchObject({ differences: [] })
    expect(await rowsOf(payment)).toEqual(['Asked for it: 150 failed', 'Refunded at the provider: 150 pending'])
    const outside = (await storedRefunds(deps, payment)).find(({ status }) => status === 'pending')
    if (!outside) throw new Error('nothing was found')
    script.find = (request) => refundAnswer(request, { ...listed(payment, 'outside', 150, 'processed') })
    deps.clock.advance(3_600_000)
    script.lookedFor.length = 0
    await resumeRefund(deps, outside, call)
    expect(script.lookedFor).toMatchObject([{ refundId: outside.id, providerRefundId: `${payment.id}-outside` }])
    expect(await stored(deps, payment)).toMatchObject({ refundedMinor: 150 })
  })

  it('of money that is not known here is left to the report on its payment', async () => {
    const payment = await paid(deps, 'item', { provider: 'paystack' })
    script.list = [{ ...listed(payment, 'strange', 150, 'processed'), providerPaymentId: '999' }]
    expect(await compare()).toMatchObject({ differences: [] })
  })
})
