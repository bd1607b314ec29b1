import { createHash, createHmac } from 'node:crypto'
import type { PaymentProvider } from '#domain/moneyCharge'
import { run as createCheckoutRun } from '#functions/payments/createCheckout'
import { run as processWebhookRun } from '#functions/webhooks/processWebhook'
import { run as receiveWebhookRun } from '#functions/webhooks/receiveWebhook'
import type { Gateway } from '#gateways/gateway'
import type { Fakes } from '#local/providers/start'
import { createCheckout } from '#operations/payments'
import { processWebhook, receiveWebhook } from '#operations/webhooks'
import type { PaymentTools } from '#runtime/deps'
import { handleHttp } from '#runtime/http'
import { handleMessages } from '#runtime/worker'
import { findPayment } from '#table/payments'
import { findWebhook, type StoredWebhook } from '#table/webhookEvents'
import { callsOf, recordsOf, takeSent } from './calls.ts'
import { eventOf, invoke, paymentKeys, type TestDeps } from './deps.ts'
import { granted } from './granted.ts'

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The key of an event to which its provider gives no id. */
export const hashOf = (body: string | Uint8Array): string => createHash('sha256').update(body).digest('hex')

/** The headers of a signed event: `secret` and `real` (milliseconds, Stripe signs its time) as the provider has them. */
export function signed(
  provider: PaymentProvider,
  bytes: Uint8Array,
  { secret = secretOf(provider), real = Date.now() }: { secret?: string; real?: number } = {},
): Record<string, string> {
  const hmac = (algorithm: string, ...parts: (string | Uint8Array)[]) => {
    const hash = createHmac(algorithm, secret)
    for (const part of parts) hash.update(part)
    return hash.digest('hex')
  }
  if (provider === 'razorpay') return { 'x-razorpay-signature': hmac('sha256', bytes) }
  if (provider === 'paystack') return { 'x-paystack-signature': hmac('sha512', bytes) }
  const time = Math.floor(real / 1000)
  return { 'stripe-signature': `t=${time},v1=${hmac('sha256', `${time}.`, bytes)}` }
}

const secretOf = (provider: PaymentProvider): string =>
  provider === 'paystack' ? paymentKeys.paystack : paymentKeys.webhook

export interface Delivery {
  headers?: Record<string, string>
  address?: string
}

/** One delivery, as bytes, through the receiver. */
export async function deliver(
  deps: TestDeps,
  provider: PaymentProvider,
  body: string | Uint8Array,
  { headers, address }: Delivery = {},
) {
  const bytes = typeof body === 'string' ? bytesOf(body) : body
  const call = {
    params: { provider },
    headers: headers ?? signed(provider, bytes, { real: deps.clock.real() }),
    ...(address !== undefined && { address }),
  }
  const event = {
    ...eventOf(receiveWebhook, call),
    body: Buffer.from(bytes).toString('base64'),
    isBase64Encoded: true,
  }
  const answer = await handleHttp(receiveWebhook, receiveWebhookRun, granted(deps, receiveWebhook), event)
  const { code, received, duplicate } = JSON.parse(answer.body)
  return { status: answer.statusCode, code, received, duplicate, headers: answer.headers }
}

/** Works off what waits in the queue; answers which messages failed. What a try sends waits for the next call. */
export async function work(deps: TestDeps, messages: unknown[] = takeSent(deps, 'webhook')): Promise<number[]> {
  const { batchItemFailures } = await handleMessages(processWebhook, processWebhookRun, deps, recordsOf(messages))
  return batchItemFailures.map(({ itemIdentifier }) => Number(itemIdentifier.slice('message-'.length)))
}

export async function stored(deps: TestDeps, provider: PaymentProvider, eventKey: string): Promise<StoredWebhook> {
  const found = await findWebhook(deps.table, provider, eventKey)
  if (!found) throw new Error(`no event ${provider}:${eventKey} is stored`)
  return found
}

/** A Stripe event: the provider whose event ids a test can name. */
export const stripeEvent = (id: string, type: string, object: object, more: object = {}): string =>
  JSON.stringify({ id, object: 'event', type, livemode: false, created: 1_773_144_000, data: { object }, ...more })

/** The real gateways, with members of one of them replaced. */
export function scripted(deps: TestDeps, of: PaymentProvider, script: Partial<Gateway>): TestDeps {
  const payments = async (): Promise<PaymentTools> => {
    const tools = await deps.payments()
    return {
      ...tools,
      gateway: (provider) => (provider === of ? { ...tools.gateway(provider), ...script } : tools.gateway(provider)),
    }
  }
  return { ...deps, payments }
}

/** A checkout of `account`, and what the provider calls it. */
export async function checkedOut(deps: TestDeps, account: string, body: Record<string, unknown>) {
  const answer = await invoke(createCheckout, createCheckoutRun, deps, { account, body, key: `checkout ${account}` })
  if (answer.status !== 201) throw new Error(`checkout answered ${answer.status} ${answer.code}`)
  const { paymentId, providerOrderId } = answer.body
  if (providerOrderId === null) throw new Error('the checkout has no order')
  return { paymentId, providerOrderId }
}

/** The bodies of the events that a fake has to tell, oldest first. */
export const told = (fakes: Fakes, provider: PaymentProvider, kind?: string): string[] =>
  fakes[provider].deliveries().flatMap((one) => (kind === undefined || one.kind === kind ? [one.raw] : []))

/** What a test begins with: its hour, and nothing sent, measured or logged before it. */
export function begin(deps: TestDeps, now: string): void {
  deps.clock.set(now)
  takeSent(deps, 'webhook')
  deps.metrics.length = 0
  deps.logged.length = 0
}

/** Customers who pay at Razorpay, and what is stored of them. */
export function payersOf(deps: TestDeps, fakes: Fakes) {
  const { putAccount } = callsOf(deps)
  return {
    /** A checkout of the plan "pro", paid on Razorpay's page; the events it told of. */
    paid: async (account: string, pay: object = {}) => {
      await putAccount({ account, body: { email: `${account}@example.com` } })
      const { paymentId, providerOrderId } = await checkedOut(deps, account, { priceId: 'pro-month' })
      const before = told(fakes, 'razorpay').length
      fakes.razorpay.pay({ orderId: providerOrderId, outcome: 'success', ...pay })
      const events = told(fakes, 'razorpay').slice(before)
      return {
        account,
        paymentId,
        providerOrderId,
        events: events.filter((body) => /"event":"(payment|order)\./.test(body)),
      }
    },
    paymentNow: async ({ account, paymentId }: { account: string; paymentId: string }) => {
      const payment = await findPayment(deps.table, account, paymentId, { consistent: true })
      if (!payment) throw new Error('the payment is gone')
      return payment
    },
    /** Rows of an account whose sort key begins so. */
    rowsOf: async (account: string, prefix: string) =>
      (await deps.table.query({ pk: `ACCOUNT#${account}`, sk: { beginsWith: prefix }, limit: 100 })).items,
  }
}
