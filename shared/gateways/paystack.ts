import * as z from 'zod/mini'
import { Problem } from '#errors/problem'
import { dayBounds, mostPages, pageSize, tooManyPages } from './day.ts'
import { toProviderUnits } from './exponent.ts'
import { id, minorOf, readEach, text } from './fields.ts'
import type { Gateway, GatewayTools, OpenedOrder, OrderRequest, ProviderPayment } from './gateway.ts'
import { badAnswer, GatewayError } from './gatewayError.ts'
import { paystackCharges } from './paystackCharge.ts'
import { ownReference, referenceFor, type Transaction, transaction, transactionPayment } from './paystackParse.ts'
import { paystackRefunds, transactionIdPattern } from './paystackRefund.ts'
import { type PaystackAddress, type PaystackTransport, paystackTransport } from './paystackTransport.ts'
import { parsePaystackEvent } from './paystackWebhook.ts'
import { checkedId, checkedPaymentId } from './requests.ts'
import { headerOf, isSigned } from './signature.ts'
import { translated } from './translated.ts'

export interface PaystackConfig extends PaystackAddress {
  /** Signs webhooks too: replacing the key replaces the webhook secret. */
  previousSecretKey?: string
}

const referencePattern = /^[-.=A-Za-z0-9]{1,100}$/
/** Openings of one order whose answers may all be lost before giving up. */
const mostOpenings = 9

const opened = z.object({ authorization_url: text, access_code: text, reference: id })

/**
 * Paystack. The reference is ours and unique there, so it is the idempotency key of orders and charges: after an unknown
 * outcome it is looked up. Failures send no event.
 */
export function paystackGateway(config: PaystackConfig, tools: GatewayTools): Gateway {
  const transport = paystackTransport(config, tools)
  const verify = (reference: string) => verified(transport, reference)

  return translated({
    provider: 'paystack',
    needs: ['email'],

    createOrder: (order) => open(transport, order),

    async findOrder(paymentId) {
      const own = checkedPaymentId('paystack', paymentId)
      for (let opening = 1; opening <= mostOpenings; opening++) {
        const found = await verify(referenceFor(own, opening))
        if (!found) return undefined
        // The code that opens the page is told once: one that nobody pays on cannot be offered again, the next may be paid.
        if (found.status !== 'abandoned' && found.status !== 'failed')
          return {
            providerOrderId: found.reference,
            checkout: { reference: found.reference },
            ...askedOf(found),
          }
      }
      return undefined
    },

    async fetchOrder(providerOrderId) {
      const found = await verify(checkedId('paystack', referencePattern, providerOrderId))
      if (!found) throw new GatewayError('paystack', 'not_found', { code: 'reference_unknown' })
      const payment = transactionPayment(found)
      return {
        provider: 'paystack',
        providerOrderId: found.reference,
        status: payment.status === 'captured' || payment.status === 'refunded' ? 'paid' : 'open',
        ...askedOf(found),
        reference: ownReference(found.reference),
        // Also one that nobody has tried yet: no event tells of a customer who leaves.
        payments: [payment],
      }
    },

    fetchPayment: (providerPaymentId) => fetchPayment(transport, providerPaymentId),

    // Paystack takes the money at once: there is nothing to capture.
    capture: ({ providerPaymentId }) => fetchPayment(transport, providerPaymentId),

    ...paystackRefunds(transport),
    ...paystackCharges(transport, verify),

    verifyReturn: (returned, { providerOrderId }) => verifyReturn(returned, providerOrderId),

    verifyWebhook: (rawBody, headers) =>
      isSigned(
        'sha512',
        [config.secretKey, config.previousSecretKey ?? ''],
        [rawBody],
        headerOf(headers, 'x-paystack-signature'),
      ),

    parseWebhook: parsePaystackEvent,

    listPayments: (day, unreadable) => listPayments(transport, day, unreadable),
  })
}

const askedOf = ({ requested_amount, amount, currency }: Transaction) => ({
  amountMinor: minorOf('paystack', requested_amount ?? amount, currency),
  currency,
})

/** `status: true` and 200 also when the payment failed: what happened is `data.status`. Undefined: no such reference. */
async function verified(transport: PaystackTransport, reference: string) {
  try {
    const path = `/transaction/verify/${reference}`
    return await transport.ask({ call: 'read', method: 'GET', path, data: transaction })
  } catch (error) {
    if (error instanceof GatewayError && error.kind === 'not_found') return undefined
    throw error
  }
}

async function open(transport: PaystackTransport, order: OrderRequest): Promise<OpenedOrder> {
  const paymentId = checkedPaymentId('paystack', order.paymentId)
  const amount = toProviderUnits('paystack', order.amountMinor, order.currency)
  const { email } = order.account
  if (email === undefined) throw new GatewayError('paystack', 'refused', { code: 'email_required' })
  for (let opening = 1; opening <= mostOpenings; opening++) {
    const reference = referenceFor(paymentId, opening)
    const body = {
      email,
      amount,
      currency: order.currency,
      reference,
      metadata: { paymentId },
      ...(order.returnUrl !== undefined && { callback_url: order.returnUrl }),
      // Only a card leaves an authorisation that can be charged again everywhere.
      ...(order.saveMethod && { channels: ['card'] }),
    }
    try {
      const data = await transport.ask({
        call: 'write',
        method: 'POST',
        path: '/transaction/initialize',
        body,
        data: opened,
      })
      if (data.reference !== reference) throw badAnswer('paystack', 'write')
      return { providerOrderId: reference, checkout: { ...data } }
    } catch (error) {
      // Taken: the answer to an earlier opening was lost, and its code with it.
      if (!(error instanceof GatewayError) || error.code !== 'duplicate_reference') throw error
    }
  }
  throw new GatewayError('paystack', 'refused', { code: 'duplicate_reference' })
}

async function fetchPayment(transport: PaystackTransport, providerPaymentId: string): Promise<ProviderPayment> {
  const path = `/transaction/${checkedId('paystack', transactionIdPattern, providerPaymentId)}`
  return transactionPayment(await transport.ask({ call: 'read', method: 'GET', path, data: transaction }))
}

const returnFields = z.object({ reference: z.optional(z.string()), trxref: z.optional(z.string()) })

/** Nothing is signed: the page can only repeat our own reference, and the look-up decides. */
function verifyReturn(returned: unknown, providerOrderId: string) {
  const read = returnFields.safeParse(returned)
  if (!read.success || (read.data.reference ?? read.data.trxref) !== providerOrderId)
    throw new Problem('invalid_signature', 'The reference is not that of this order.')
  return {}
}

async function* listPayments(
  transport: PaystackTransport,
  day: string,
  unreadable?: () => void,
): AsyncGenerator<ProviderPayment> {
  const { fromMs, toMs } = dayBounds('paystack', day)
  for (let page = 1; page <= mostPages; page++) {
    const query = {
      per_page: String(pageSize),
      page: String(page),
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs - 1).toISOString(),
    }
    const found = await transport.ask({
      call: 'read',
      method: 'GET',
      path: '/transaction',
      query,
      data: z.array(z.unknown()),
    })
    yield* readEach(transaction, found, transactionPayment, unreadable)
    // A page may be shorter than asked for, so only an empty one is the end.
    if (found.length === 0) return
  }
  throw tooManyPages('paystack')
}
