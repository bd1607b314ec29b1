import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import type { PaymentProvider } from '#domain/moneyCharge'
import type { WebhookSubject } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import type { Fakes } from '#local/providers/start'
import { redact } from '#runtime/log'
import { hasVectors, vectorFiles, vectorText } from '#test/gateways/support'
import { callsOf, takeSent } from '#test/support/calls'
import { paymentKeys, testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'
import {
  bytesOf,
  checkedOut,
  deliver,
  hashOf,
  scripted,
  signed,
  stored,
  stripeEvent,
  told,
  work,
} from '#test/support/webhooks'

/**
 * Nothing of a payload that could be a person's or a key reaches a log line or a metric. Every member that a provider may
 * fill with such things holds a canary; what is searched is what is logged before the log's own redaction.
 */

const deps = await testDeps({ product: 'resume-ats', now: '2026-03-10T12:00:00.000Z' })
let fakes: Fakes
let stopFakes: () => Promise<void>
beforeAll(async () => {
  const bench = await withFakes(deps)
  fakes = bench.fakes
  stopFakes = bench.stop
})
afterAll(async () => {
  await stopFakes()
  await deps.stop()
})
beforeEach(() => {
  deps.logged.length = 0
  deps.metrics.length = 0
  takeSent(deps, 'webhook')
})

const canaries = /canary|9876501234|4111111111111111/i
const errorsToo = (_name: string, value: unknown) =>
  value instanceof Error ? { name: value.name, message: value.message, stack: value.stack } : value
const linesOf = () => [...deps.logged, ...deps.metrics].map((line) => JSON.stringify(line, errorsToo))
const leaks = () =>
  linesOf().filter((line) => canaries.test(line) || Object.values(paymentKeys).some((key) => line.includes(key)))

const texts: Record<string, string> = {
  email: 'canary@example.com',
  customer_email: 'canary@example.com',
  receipt_email: 'canary@example.com',
  contact: '+919876501234',
  phone: '+919876501234',
  customer_contact: '+919876501234',
  name: 'Canary Contact',
  first_name: 'Canary',
  last_name: 'Contact',
  vpa: 'canary@upi',
  description: 'canary',
  authorization_code: 'AUTH_canary',
  token_id: 'token_canary0001',
  client_secret: 'pi_secret_canary',
  payment_method: 'pm_canary',
  fingerprint: 'canary',
}

/** A sample with canaries in what it has, and in what it might have. */
function laid(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(laid)
  if (value === null || typeof value !== 'object') return value
  const members = Object.entries(value).map(([name, one]) => [
    name,
    typeof one === 'string' && Object.hasOwn(texts, name) ? texts[name] : laid(one),
  ])
  return { ...Object.fromEntries(members), canary_card: '4111111111111111', canary_note: 'canary@example.com' }
}

/** Delivered as from a deployment of the event's own mode, and worked off. */
async function through(provider: PaymentProvider, body: string) {
  const parsed = (await deps.payments()).gateway(provider).parseWebhook(bytesOf(body), {})
  const own = { ...deps, config: { mode: parsed.mode === 'live' ? ('live' as const) : ('test' as const) } }
  const answer = await deliver(own, provider, body)
  expect(answer).toMatchObject({ status: 200, received: true })
  expect(await work(own, takeSent(deps, 'webhook'))).toEqual([])
  return { event: await stored(deps, provider, parsed.eventKey), about: parsed.about }
}

const isOurBusiness = new Set(['payment', 'order', 'refund', 'dispute', 'notice'])
const routeOf = (about: WebhookSubject) => {
  const isTheirs = about.type === 'payment' && about.payment.isOwnCycle === true
  return isOurBusiness.has(about.type) && !isTheirs ? 'unmatched' : 'ignored'
}

describe.runIf(hasVectors)('every sample of the providers is accepted, read and routed, and none leaks', () => {
  it.each(['razorpay', 'paystack'] as const)('%s', async (provider) => {
    const files = vectorFiles(`${provider}-webhook-samples`)
    expect(files.length).toBeGreaterThan(10)
    for (const file of files) {
      const body = JSON.stringify(laid(JSON.parse(vectorText(`${provider}-webhook-samples/${file}`))))
      const { event, about } = await through(provider, body)
      expect([file, event.status]).toEqual([file, routeOf(about)])
    }
    expect(linesOf().length).toBeGreaterThan(files.length)
    expect(leaks()).toEqual([])
  })

  it('stripe', async () => {
    const { resources } = z
      .object({ resources: z.record(z.string(), z.record(z.string(), z.unknown())) })
      .parse(JSON.parse(vectorText('stripe-fixtures3-subset.json')))
    const kinds: [string, object][] = [
      ['checkout.session.completed', { ...resources['checkout.session'], amount_total: 1500, currency: 'usd' }],
      ['checkout.session.expired', { ...resources['checkout.session'], amount_total: 1500, currency: 'usd' }],
      ['payment_intent.succeeded', { ...resources.payment_intent }],
      ['payment_intent.payment_failed', { ...resources.payment_intent }],
      ['charge.refunded', { ...resources.charge, payment_intent: 'pi_1', captured: true }],
      ['refund.updated', { ...resources.refund, payment_intent: 'pi_1' }],
      ['refund.failed', { ...resources.refund, payment_intent: 'pi_1' }],
      ['charge.dispute.created', { ...resources.dispute, payment_intent: 'pi_1' }],
      ['payment_method.detached', { ...resources.payment_method }],
      ['setup_intent.succeeded', { ...resources.setup_intent, payment_method: 'pm_1' }],
      ['customer.subscription.updated', { ...resources.subscription }],
      ['invoice.paid', { ...resources.invoice, currency: 'usd', subscription: 'sub_1' }],
      ['customer.created', { ...resources.customer }],
    ]
    for (const [at, [kind, object]] of kinds.entries()) {
      const { event, about } = await through('stripe', stripeEvent(`evt_sample_${at}`, kind, Object(laid(object))))
      expect([kind, event.status]).toEqual([kind, routeOf(about)])
    }
    expect(leaks()).toEqual([])
  })
})

describe('a purchase and its troubles leak nothing', () => {
  it('paid, saved, refused, failing and unreadable', async () => {
    await callsOf(deps).putAccount({ account: 'bird', body: { email: 'canary@example.com', name: 'Canary Contact' } })
    const { providerOrderId } = await checkedOut(deps, 'bird', { priceId: 'pro-month', saveMethod: true })
    fakes.razorpay.pay({ orderId: providerOrderId, outcome: 'fail' })
    fakes.razorpay.pay({ orderId: providerOrderId, outcome: 'success', saveMethod: true })
    const events = told(fakes, 'razorpay').map((body) => JSON.stringify(laid(JSON.parse(body))))
    expect(events.length).toBeGreaterThan(2)
    const trouble = [
      new GatewayError('razorpay', 'refused', { code: 'canary@example.com' }),
      new TypeError('cannot read the token of this'),
    ]
    for (const body of events) await deliver(deps, 'razorpay', body)
    const messages = takeSent(deps, 'webhook')
    for (const error of trouble)
      await work(scripted(deps, 'razorpay', { fetchPayment: () => Promise.reject(error) }), messages)
    deps.clock.advance(3_600_000)
    expect(await work(deps, messages)).toEqual([])
    const unreadable = JSON.stringify({
      event: 'payment.captured',
      payload: { payment: { entity: { id: 'canary x' } } },
    })
    await deliver(deps, 'razorpay', unreadable)
    await work(deps)
    expect(await stored(deps, 'razorpay', hashOf(unreadable))).toMatchObject({ status: 'failed' })
    const forged = signed('razorpay', bytesOf('canary'), { secret: 'canary-forged' })
    expect(await deliver(deps, 'razorpay', events[0] ?? '', { headers: forged })).toMatchObject({ status: 400 })
    expect(linesOf().length).toBeGreaterThan(events.length)
    expect(leaks()).toEqual([])
  })

  it('the search finds what it looks for', () => {
    deps.log.info('request', { error: new Error('canary@example.com') })
    expect(leaks()).toHaveLength(1)
    expect(JSON.stringify(redact({ email: 'canary@example.com' }))).not.toMatch(canaries)
  })
})
