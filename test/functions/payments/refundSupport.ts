import type { PaymentProvider } from '#domain/moneyCharge'
import { priceOrder } from '#domain/order'
import {
  newPayment,
  orderLifeMs,
  type Payment,
  type PaymentSubject,
  type PaymentType,
  paymentId,
} from '#domain/payment'
import { noTax } from '#domain/tax'
import { run as refundPaymentRun } from '#functions/payments/refundPayment'
import type { Gateway, ProviderPayment, ProviderRefund, RefundLists, RefundRequest } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import { refundPayment } from '#operations/adminPayments'
import { settleOne } from '#runtime/settlePayment'
import { commit } from '#table/commit'
import { putOrderWrite } from '#table/orders'
import { findPayment, putPaymentWrite } from '#table/payments'
import { refundsOf } from '#table/refunds'
import { callsOf } from '#test/support/calls'
import { type Invocation, invoke, type TestDeps } from '#test/support/deps'

export const call = { requestId: 'req-test', actor: 'test' }

/** What the catalogue of `example` sells, as a checkout fixes it. */
const subjects: Record<'plan' | 'pack' | 'item', { type: PaymentType; subject: PaymentSubject; amountMinor: number }> =
  {
    plan: {
      type: 'plan_purchase',
      subject: { kind: 'plan', planId: 'team', priceId: 'team-month', name: 'Team', interval: 'month' },
      amountMinor: 1900,
    },
    pack: {
      type: 'credit_pack',
      subject: { kind: 'credit_pack', productId: 'pack-500', name: '500 credits', quantity: 1, credits: 500 },
      amountMinor: 900,
    },
    item: {
      type: 'item',
      subject: { kind: 'item', productId: 'guide', name: 'Guide', quantity: 1, group: 'guides' },
      amountMinor: 700,
    },
  }

export interface PaidOptions {
  account?: string
  /** Another amount than the order's is taken: the payment goes to review. */
  paidMinor?: number
  provider?: PaymentProvider
  /** Default: one that nothing has. */
  providerPaymentId?: string
  /** The provider's answer was lost: nobody knows its order. */
  isUnanswered?: boolean
}

/** A payment that the provider captured, settled by the one settlement. */
export async function paid(deps: TestDeps, kind: keyof typeof subjects, options: PaidOptions = {}): Promise<Payment> {
  const payment = await pending(deps, kind, options)
  await settleOne(deps, { accountId: payment.accountId, paymentId: payment.id }, captured(payment, options), call)
  return stored(deps, payment)
}

/** A payment after its checkout, with its order at the provider. */
export async function pending(
  deps: TestDeps,
  kind: keyof typeof subjects,
  { account = `acc-${deps.ids.random()}`, provider = 'stripe', isUnanswered = false }: PaidOptions = {},
): Promise<Payment> {
  if (!account.startsWith('anon_')) await callsOf(deps).putAccount({ account, body: { email: 'a@example.com' } })
  const now = deps.clock.now()
  const { type, subject, amountMinor } = subjects[kind]
  const id = paymentId(now, deps.ids.random())
  const item = { kind: 'item' as const, id: 'x', description: 'A thing', quantity: 1, unitAmountMinor: amountMinor }
  const payment: Payment = {
    ...newPayment({
      id,
      accountId: account,
      type,
      subject,
      mode: 'test',
      amountMinor,
      currency: 'USD',
      order: priceOrder([{ item }], { currency: 'USD', tax: noTax }),
      provider,
      ...(!isUnanswered && { providerOrderId: `order_${id.slice(-12)}` }),
      catalogueVersion: (await deps.catalogue()).version,
      holds: {},
      createdAt: now,
      expiresAt: now + orderLifeMs,
    }),
    ver: 1,
  }
  const { providerOrderId } = payment
  const order = providerOrderId && { provider, providerOrderId, paymentId: id, accountId: account, checkout: {} }
  await commit(deps.table, [
    putPaymentWrite(payment, 0),
    ...(order ? [putOrderWrite(order, { now, real: deps.clock.real() })] : []),
  ])
  return payment
}

export const captured = (payment: Payment, options: PaidOptions = {}): ProviderPayment => ({
  provider: payment.provider ?? 'stripe',
  providerPaymentId: options.providerPaymentId ?? `pi_${payment.id.slice(-16)}`,
  ...(payment.providerOrderId !== undefined && { providerOrderId: payment.providerOrderId }),
  reference: payment.id,
  status: 'captured',
  amountMinor: options.paidMinor ?? payment.amountMinor,
  currency: payment.currency,
  refundedMinor: 0,
  mode: 'test',
})

/** As it is in the table now. */
export async function stored(deps: TestDeps, { accountId, id }: Payment): Promise<Payment> {
  const found = await findPayment(deps.table, accountId, id, { consistent: true })
  if (!found) throw new Error('the payment is gone')
  return found
}

export const storedRefunds = (deps: TestDeps, { accountId, id }: Payment) => refundsOf(deps.table, accountId, id)

/** A provider whose refunds a test scripts; it keeps what it was asked. */
export interface ScriptedRefunds {
  asked: RefundRequest[]
  lookedFor: RefundRequest[]
  answer: (request: RefundRequest) => ProviderRefund | Promise<ProviderRefund>
  find: (request: RefundRequest) => ProviderRefund | undefined
  /** A payment as it is asked for; default: it cannot be asked. */
  fetch: (providerPaymentId: string) => ProviderPayment | undefined
  /** All refunds of all payments at Paystack, which alone has lists of them. */
  list: ProviderRefund[]
}

/** Puts it in the place of every provider. Default: refunds are taken on, and nothing is found. */
export function scriptRefunds(deps: TestDeps): ScriptedRefunds {
  const script: ScriptedRefunds = {
    asked: [],
    lookedFor: [],
    answer: (one) => refundAnswer(one),
    find: () => undefined,
    fetch: () => undefined,
    list: [],
  }
  const refundLists: RefundLists = {
    of: async (id) => script.list.filter(({ providerPaymentId }) => providerPaymentId === id),
    on: async function* () {
      yield* script.list
    },
  }
  const unscripted = async (): Promise<never> => {
    throw new Error('the test scripts refunds alone')
  }
  const gatewayOf = (provider: PaymentProvider): Gateway => ({
    provider,
    createOrder: unscripted,
    findOrder: unscripted,
    fetchOrder: unscripted,
    fetchPayment: async (id) => {
      const found = script.fetch(id)
      if (!found) throw new GatewayError(provider, 'unavailable')
      return found
    },
    capture: unscripted,
    chargeMethod: unscripted,
    findCharge: unscripted,
    forgetMethod: unscripted,
    verifyReturn: () => ({}),
    verifyWebhook: () => false,
    parseWebhook: () => ({ provider, eventKey: '', kind: '', mode: 'test', about: { type: 'ignored' } }),
    listPayments: async function* () {},
    ...(provider === 'paystack' && { refundLists }),
    refund: async (request) => {
      script.asked.push(request)
      return { ...(await script.answer(request)), provider }
    },
    findRefund: async (request) => {
      script.lookedFor.push(request)
      const found = script.find(request)
      return found && { ...found, provider }
    },
  })
  const before = deps.payments
  deps.payments = async () => ({ ...(await before()), gateway: gatewayOf })
  return script
}

/** A refund as the provider answers it; default: taken on. */
export const refundAnswer = (
  { refundId, providerPaymentId, amountMinor, currency }: RefundRequest,
  over: Partial<ProviderRefund> = {},
): ProviderRefund => ({
  provider: 'stripe',
  providerRefundId: `re_${refundId.slice(-16)}`,
  providerPaymentId,
  reference: refundId,
  status: 'pending',
  amountMinor,
  currency,
  ...over,
})

/** Staff refund a payment. */
export const refundCall = (deps: TestDeps, payment: Payment, rest: Omit<Invocation, 'params'> = {}) =>
  invoke(refundPayment, refundPaymentRun, deps, {
    params: { paymentId: payment.id },
    ...rest,
    body: { reason: 'Asked for it', ...Object(rest.body) },
  })
