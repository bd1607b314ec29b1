import { createHmac } from 'node:crypto'
import type { Answer } from '../call.ts'
import type { Bill, Fake, FakeOptions, Provider } from '../fake.ts'
import { type DispatchOf, startFake } from '../server.ts'
import { isOpen, moveDispute, pay, visit } from './charge.ts'
import { alter, compose, paystackKinds } from './compose.ts'
import { customerRoutes } from './customers.ts'
import { refundRoutes } from './refunds.ts'
import { createState, type Paystack, type PaystackSecrets } from './state.ts'
import { transactionRoutes } from './transactions.ts'

const minuteMs = 60_000
/** Every 3 minutes for the first four tries, then hourly for 72 hours: the live schedule. */
const retryDelaysMs = [...Array(3).fill(3 * minuteMs), ...Array(72).fill(60 * minuteMs)]

/** A Paystack of one's own: `url` stands for `https://api.paystack.co`. */
export function startPaystackFake(options: FakeOptions<PaystackSecrets>): Promise<Fake> {
  return startFake(options, dispatchOf(options.secrets), (shop) => build(createState(shop, options.secrets)))
}

/** The API key signs; "the old secret" is the key before it was rotated. */
const dispatchOf = (secrets: PaystackSecrets): DispatchOf => ({
  sign: (raw, secret) => ({ 'x-paystack-signature': createHmac('sha512', secret).update(raw).digest('hex') }),
  secret: secrets.secretKey,
  oldSecret: secrets.oldSecretKey ?? secrets.secretKey,
  timeoutMs: 30_000,
  retryDelaysMs,
  disablesUrl: false,
  alter,
})

function build(paystack: Paystack): Provider {
  const expected = `Bearer ${paystack.secrets.secretKey}`
  return {
    name: 'paystack',
    routes: [...transactionRoutes(paystack), ...customerRoutes(paystack), ...refundRoutes(paystack)],
    guard: (call) => (call.headers.authorization === expected ? undefined : plain(401, 'Invalid key')),
    around: (_call, _route, run) => run(),
    failure: (kind) => failures[kind],
    bill: (orderId) => billOf(paystack, orderId),
    pay: (request) => pay(paystack, request),
    visit: (request) => visit(paystack, request),
    dispute: (paymentId, status) => moveDispute(paystack, paymentId, status),
    compose: (request) => compose(paystack, request),
    kinds: paystackKinds,
  }
}

const plain = (status: number, message: string): Answer => ({ status, body: { status: false, message } })

const failures = {
  too_many_requests: plain(429, 'Too many requests'),
  server_error: plain(500, 'An error occurred'),
  no_such_route: plain(404, 'Route not found'),
}

function billOf(paystack: Paystack, reference: string): Bill | undefined {
  const transaction = paystack.transactions.get(reference)
  if (!transaction) return undefined
  return {
    title: reference,
    amount: transaction.requestedAmount,
    currency: transaction.currency,
    open: isOpen(transaction),
    // Paystack adds both names of the reference; the page's form adds `reference`.
    ...(transaction.callbackUrl === null ? {} : { returnUrl: withTrxref(transaction.callbackUrl, reference) }),
  }
}

function withTrxref(address: string, reference: string): string {
  const url = new URL(address)
  url.searchParams.set('trxref', reference)
  return url.href
}
