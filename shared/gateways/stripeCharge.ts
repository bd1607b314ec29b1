import * as z from 'zod/mini'
import { pageSize } from './day.ts'
import { toProviderUnits } from './exponent.ts'
import { readAs } from './fields.ts'
import type { ChargeLookup, Gateway, ProviderPayment } from './gateway.ts'
import { GatewayError, unlessUnknown } from './gatewayError.ts'
import { checkedId, checkedPaymentId } from './requests.ts'
import { customerPattern } from './stripeOrder.ts'
import { intentPayment, type PaymentIntent, paymentIntent, paymentMethod } from './stripeParse.ts'
import { CardDeclined, type StripeTransport } from './stripeTransport.ts'

/** A customer with more than 500 charges since the attempt has another problem. */
const mostPages = 5
const intents = z.object({ data: z.array(paymentIntent), has_more: z.boolean() })

/** Charges without the customer: one payment intent, made and confirmed in one call under our payment id. */
export function stripeCharges(
  transport: StripeTransport,
): Pick<Gateway, 'chargeMethod' | 'findCharge' | 'forgetMethod'> {
  return {
    async chargeMethod(charge) {
      const paymentId = checkedPaymentId('stripe', charge.paymentId)
      const body = {
        amount: toProviderUnits('stripe', charge.amountMinor, charge.currency),
        currency: charge.currency.toLowerCase(),
        customer: customerOf(charge),
        payment_method: checkedId('stripe', tokenPattern, charge.token),
        off_session: true,
        confirm: true,
        description: charge.description,
        metadata: { paymentId },
        expand: ['latest_charge', 'payment_method'],
      }
      try {
        const made = await transport.ask('keyed', paymentIntent, (client) =>
          client.paymentIntents.create(body, { idempotencyKey: `charge:${paymentId}` }),
        )
        return outcome(made)
      } catch (error) {
        if (error instanceof CardDeclined) return declined(error)
        throw error
      }
    },

    async findCharge(charge) {
      const paymentId = checkedPaymentId('stripe', charge.paymentId)
      const customer = customerOf(charge)
      let after: string | undefined
      for (let page = 0; page < mostPages; page++) {
        const { data, has_more } = await transport.ask('read', intents, (client) =>
          client.paymentIntents.list({
            customer,
            limit: pageSize,
            expand: ['data.latest_charge'],
            ...(after !== undefined && { starting_after: after }),
          }),
        )
        const found = data.find((intent) => intent.metadata?.paymentId === paymentId)
        if (found) return outcome(found)
        after = data.at(-1)?.id
        if (!has_more || after === undefined) return undefined
      }
      return undefined
    },

    async forgetMethod({ token }) {
      const method = checkedId('stripe', tokenPattern, token)
      await unlessUnknown(
        transport.ask('keyed', paymentMethod, (client) =>
          client.paymentMethods.detach(method, {}, { idempotencyKey: `detach:${method}` }),
        ),
      )
    },
  }
}

const tokenPattern = /^(pm|card|src|ba)_[A-Za-z0-9_]{1,200}$/

function customerOf({ gatewayCustomerId }: ChargeLookup): string {
  if (gatewayCustomerId === undefined) throw new GatewayError('stripe', 'refused', { code: 'customer_required' })
  return checkedId('stripe', customerPattern, gatewayCustomerId)
}

/** Nobody is there to approve: a step that waits for the customer is a failure, until they come and do it. */
function outcome(intent: PaymentIntent): ProviderPayment {
  const payment = intentPayment(intent)
  if (payment.status !== 'created') return payment
  return { ...payment, status: 'failed', failure: authenticationRequired }
}
const authenticationRequired = { code: 'authentication_required', reason: 'The customer has to approve this payment.' }

function declined({ intent, refusal }: CardDeclined): ProviderPayment {
  const read = readAs(paymentIntent, intent, outcome)
  if ('fault' in read) throw refusal
  return read.value
}
