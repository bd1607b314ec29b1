import { afterAll, describe, expect, it } from 'vitest'
import type { Payment } from '#domain/payment'
import type { ProviderRefund } from '#gateways/gateway'
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

/** An event as Paystack mostly sends it: of a refund of this amount on that order. */
const news = ({ providerOrderId }: Payment, status: ProviderRefund['status'], amountMinor: number) =>
  actOnRefund(
    deps,
    'paystack',
    {
      refund: {
        provider: 'paystack',
        ...(providerOrderId !== undefined && { providerOrderId }),
        status,
        amountMinor,
        currency: 'USD',
      },
    },
    call,
  )

const refunded = async (payment: Payment, amount: number, key: string) => {
  const { body } = await refundCall(deps, payment, { body: { amount }, key })
  return body.id
}

describe('processWebhook: a refund that the event does not name', () => {
  it('late news of one that failed is not taken for news of another of the same amount', async () => {
    const payment = await paid(deps, 'item', { provider: 'paystack' })
    const first = await refunded(payment, 200, 'refund first')
    const second = await refunded(payment, 200, 'refund second')
    script.find = (request) => refundAnswer(request, { status: request.refundId === first ? 'failed' : 'processed' })
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

  it('several of that amount and none stands there yet: the amount tells', async () => {
    const payment = await paid(deps, 'item', { provider: 'paystack' })
    await refunded(payment, 300, 'alike one')
    await refunded(payment, 300, 'alike two')
    script.find = (request) => refundAnswer(request)
    await news(payment, 'processed', 300)
    const rows = await storedRefunds(deps, payment)
    expect(rows.map(({ status }) => status).sort()).toEqual(['pending', 'processed'])
  })

  it('one alone of that amount is looked up nowhere', async () => {
    const payment = await paid(deps, 'item', { provider: 'paystack' })
    await refunded(payment, 400, 'alone')
    script.lookedFor.length = 0
    await news(payment, 'processed', 400)
    expect(script.lookedFor).toEqual([])
    expect((await storedRefunds(deps, payment)).map(({ status }) => status)).toEqual(['processed'])
  })

  it('is found by an order that was first heard of with its money', async () => {
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
    expect(await news({ ...payment, providerOrderId: seen.providerOrderId }, 'processed', 200)).toEqual({
      kind: 'unmatched',
    })
  })
})
