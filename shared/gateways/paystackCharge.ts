import * as z from 'zod/mini'
import { toProviderUnits } from './exponent.ts'
import { id, shown, text } from './fields.ts'
import type { ChargeLookup, ChargeRequest, Gateway, PendingCharge, ProviderPayment } from './gateway.ts'
import { GatewayError, unlessUnknown } from './gatewayError.ts'
import { numericId, referenceFor, type Transaction, transaction, transactionPayment } from './paystackParse.ts'
import type { PaystackTransport } from './paystackTransport.ts'
import { checkedId, checkedPaymentId } from './requests.ts'

/** Waiting for 3-D Secure: the customer has to approve at the address. */
const paused = z.object({
  paused: z.literal(true),
  reference: id,
  authorization_url: shown(text),
  id: shown(numericId),
})

/** Charges on a saved authorisation, under our reference: a second one with it is refused, so the first is looked up. */
export function paystackCharges(
  transport: PaystackTransport,
  verify: (reference: string) => Promise<Transaction | undefined>,
): Pick<Gateway, 'chargeMethod' | 'findCharge' | 'forgetMethod'> {
  async function findCharge(charge: ChargeLookup): Promise<ProviderPayment | undefined> {
    const found = await verify(referenceFor(checkedPaymentId('paystack', charge.paymentId)))
    return found && transactionPayment(found)
  }

  return {
    findCharge,

    async chargeMethod(charge) {
      const reference = referenceFor(checkedPaymentId('paystack', charge.paymentId))
      const body = {
        amount: toProviderUnits('paystack', charge.amountMinor, charge.currency),
        currency: charge.currency,
        reference,
        authorization_code: checkedId('paystack', codePattern, charge.token),
        email: await emailOf(transport, charge),
        // Here, unlike where an order is opened, the description asks for JSON as text.
        metadata: JSON.stringify({ paymentId: charge.paymentId }),
      }
      const data = z.union([paused, transaction])
      try {
        const path = '/transaction/charge_authorization'
        const answer = await transport.ask({ call: 'write', method: 'POST', path, body, data })
        return 'paused' in answer ? waiting(answer) : transactionPayment(answer)
      } catch (error) {
        if (!(error instanceof GatewayError) || error.code !== 'duplicate_reference') throw error
        const earlier = await findCharge(charge)
        if (earlier) return earlier
        throw error
      }
    },

    async forgetMethod({ token }) {
      const body = { authorization_code: checkedId('paystack', codePattern, token) }
      const path = '/customer/authorization/deactivate'
      // Once more is the same: the code stays deactivated.
      await unlessUnknown(transport.ask({ call: 'keyed', method: 'POST', path, body, data: z.unknown() }))
    },
  }
}

const codePattern = /^AUTH_[A-Za-z0-9]{1,60}$/

const waiting = (answer: z.output<typeof paused>): PendingCharge => ({
  provider: 'paystack',
  status: 'paused',
  providerOrderId: answer.reference,
  ...(answer.id !== undefined && { providerPaymentId: answer.id }),
  ...(answer.authorization_url !== undefined && { approvalUrl: answer.authorization_url }),
})

const customer = z.object({ email: text })

/** The address has to be the one that the authorisation was made with, which the account may have changed since. */
async function emailOf(transport: PaystackTransport, { account, gatewayCustomerId }: ChargeRequest): Promise<string> {
  if (gatewayCustomerId !== undefined) {
    const path = `/customer/${checkedId('paystack', /^CUS_[A-Za-z0-9]{1,60}$/, gatewayCustomerId)}`
    try {
      return (await transport.ask({ call: 'read', method: 'GET', path, data: customer })).email
    } catch (error) {
      if (!(error instanceof GatewayError) || error.kind !== 'not_found') throw error
    }
  }
  if (account.email === undefined) throw new GatewayError('paystack', 'refused', { code: 'email_required' })
  return account.email
}
