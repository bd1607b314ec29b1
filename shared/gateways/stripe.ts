import * as z from 'zod/mini'
import { Problem } from '#errors/problem'
import { dayBounds, mostPages, pageSize, tooManyPages } from './day.ts'
import { toProviderUnits } from './exponent.ts'
import { minorOf, readEach } from './fields.ts'
import type { Gateway, GatewayTools, OpenedOrder, ProviderPayment } from './gateway.ts'
import { GatewayError } from './gatewayError.ts'
import { checkedId, checkedPaymentId, checkedRefundId, isRefund } from './requests.ts'
import { stripeCharges } from './stripeCharge.ts'
import { createSession } from './stripeOrder.ts'
import {
  intentPayment,
  paymentIntent,
  refund,
  refundOf,
  type Session,
  session,
  sessionReference,
  sessionStatus,
} from './stripeParse.ts'
import { isStripeSigned } from './stripeSignature.ts'
import { type StripeAddress, type StripeTransport, stripeTransport } from './stripeTransport.ts'
import { parseStripeEvent } from './stripeWebhook.ts'
import { translated } from './translated.ts'

export interface StripeConfig extends StripeAddress {
  /** `whsec_…` of the endpoint, and the previous one while it rolls (24 h). */
  webhookSecrets: readonly string[]
}

const sessionPattern = /^cs_[A-Za-z0-9_]{1,200}$/
const intentPattern = /^pi_[A-Za-z0-9_]{1,200}$/
/** A session made moments ago is among the last 300. */
const mostSessionPages = 3

const listOf = <S extends z.ZodMiniType>(entity: S) => z.object({ data: z.array(entity), has_more: z.boolean() })
/** Each is parsed by itself, so that one that is odd costs no other; the id leads to the next page. */
const listed = z.looseObject({ id: z.string() })
const sessionList = listOf(z.object({ id: z.string(), client_reference_id: z.nullish(z.string()) }))

/**
 * Stripe. Every write carries an idempotency key made of our id, which Stripe keeps for at least 24 h: within it, repeating
 * is safe. After that nothing protects, so a charge is looked up by the payment id in its metadata.
 */
export function stripeGateway(config: StripeConfig, tools: GatewayTools): Gateway {
  const transport = stripeTransport(config, tools)
  const fetchSession = (id: string) =>
    transport.ask('read', session, (client) =>
      client.checkout.sessions.retrieve(id, {
        expand: ['payment_intent.latest_charge', 'payment_intent.payment_method'],
      }),
    )

  return translated({
    provider: 'stripe',
    needs: ['returnUrl'],

    createOrder: async (order) => openedOrder(await createSession(transport, order)),

    async findOrder(paymentId) {
      const own = checkedPaymentId('stripe', paymentId)
      const found = await findSession(transport, own)
      if (found === undefined) return undefined
      const read = await fetchSession(found)
      return sessionStatus(read) === 'expired' ? undefined : { ...openedOrder(read), ...askedOf(read) }
    },

    async fetchOrder(providerOrderId) {
      const read = await fetchSession(checkedId('stripe', sessionPattern, providerOrderId))
      const intent = typeof read.payment_intent === 'object' ? read.payment_intent : undefined
      return {
        provider: 'stripe',
        providerOrderId: read.id,
        status: sessionStatus(read),
        ...askedOf(read),
        reference: sessionReference(read),
        payments: intent ? [intentPayment(intent, read.id)] : [],
      }
    },

    fetchPayment: async (providerPaymentId) =>
      fetchIntent(transport, checkedId('stripe', intentPattern, providerPaymentId)),

    async capture({ providerPaymentId, amountMinor, currency }) {
      const intentId = checkedId('stripe', intentPattern, providerPaymentId)
      const amount_to_capture = toProviderUnits('stripe', amountMinor, currency)
      try {
        const taken = await transport.ask('keyed', paymentIntent, (client) =>
          client.paymentIntents.capture(
            intentId,
            { amount_to_capture, expand: ['latest_charge'] },
            { idempotencyKey: `capture:${intentId}:${amount_to_capture}` },
          ),
        )
        return intentPayment(taken)
      } catch (error) {
        if (!(error instanceof GatewayError) || error.kind !== 'refused') throw error
        const seen = await fetchIntent(transport, intentId)
        if (seen.status === 'captured' || seen.status === 'refunded') return seen
        throw error
      }
    },

    async refund({ refundId, providerPaymentId, amountMinor, currency }) {
      const own = checkedRefundId('stripe', refundId)
      const body = {
        payment_intent: checkedId('stripe', intentPattern, providerPaymentId),
        amount: toProviderUnits('stripe', amountMinor, currency),
        metadata: { refundId: own },
      }
      const made = await transport.ask('keyed', refund, (client) =>
        client.refunds.create(body, { idempotencyKey: `refund:${own}` }),
      )
      return refundOf(made)
    },

    async findRefund(lookup) {
      checkedRefundId('stripe', lookup.refundId)
      const payment_intent = checkedId('stripe', intentPattern, lookup.providerPaymentId)
      const { data } = await transport.ask('read', listOf(refund), (client) =>
        client.refunds.list({ payment_intent, limit: pageSize }),
      )
      return data.map(refundOf).find(isRefund(lookup))
    },

    ...stripeCharges(transport),

    verifyReturn: (returned, { providerOrderId }) => verifyReturn(returned, providerOrderId),
    verifyWebhook: (rawBody, headers, now) => isStripeSigned(config.webhookSecrets, rawBody, headers, now),
    parseWebhook: parseStripeEvent,
    listPayments: (day, unreadable) => listPayments(transport, day, unreadable),
  })
}

const askedOf = ({ amount_total, currency }: Session) => ({
  amountMinor: minorOf('stripe', amount_total, currency),
  currency,
})

const openedOrder = (read: Session): OpenedOrder => ({
  providerOrderId: read.id,
  // A completed session has no address any more.
  checkout: { session_id: read.id, ...(read.url !== undefined && { url: read.url }) },
  ...(read.customer !== undefined && { gatewayCustomerId: read.customer }),
})

/** Sessions cannot be searched by our id: the newest are read. One that is not found is made again under the same key. */
async function findSession(transport: StripeTransport, paymentId: string): Promise<string | undefined> {
  let after: string | undefined
  for (let page = 0; page < mostSessionPages; page++) {
    const { data, has_more } = await transport.ask('read', sessionList, (client) =>
      client.checkout.sessions.list({ limit: pageSize, ...(after !== undefined && { starting_after: after }) }),
    )
    const found = data.find(({ client_reference_id }) => client_reference_id === paymentId)
    if (found) return found.id
    after = data.at(-1)?.id
    if (!has_more || after === undefined) return undefined
  }
  return undefined
}

const fetchIntent = async (transport: StripeTransport, intentId: string): Promise<ProviderPayment> =>
  intentPayment(
    await transport.ask('read', paymentIntent, (client) =>
      client.paymentIntents.retrieve(intentId, { expand: ['latest_charge', 'payment_method'] }),
    ),
  )

/** `session_id` is what the return address carries; a page that passes on the library's name says `sessionId`. */
const returnFields = z.object({ session_id: z.optional(z.string()), sessionId: z.optional(z.string()) })

/** Nothing is signed: the page can only repeat the session that we made, and the look-up decides. */
function verifyReturn(returned: unknown, providerOrderId: string) {
  const read = returnFields.safeParse(returned)
  if (!read.success || (read.data.session_id ?? read.data.sessionId) !== providerOrderId)
    throw new Problem('invalid_signature', 'The session is not that of this order.')
  return {}
}

async function* listPayments(
  transport: StripeTransport,
  day: string,
  unreadable?: () => void,
): AsyncGenerator<ProviderPayment> {
  const { fromMs, toMs } = dayBounds('stripe', day)
  const created = { gte: fromMs / 1000, lt: toMs / 1000 }
  let after: string | undefined
  for (let page = 0; page < mostPages; page++) {
    const { data, has_more } = await transport.ask('read', listOf(listed), (client) =>
      client.paymentIntents.list({
        created,
        limit: pageSize,
        expand: ['data.latest_charge'],
        ...(after !== undefined && { starting_after: after }),
      }),
    )
    yield* readEach(paymentIntent, data, (intent) => intentPayment(intent), unreadable)
    after = data.at(-1)?.id
    if (!has_more || after === undefined) return
  }
  throw tooManyPages('stripe')
}
