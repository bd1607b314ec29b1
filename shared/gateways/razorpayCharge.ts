import { toProviderUnits } from './exponent.ts'
import type { ChargeRequest, Gateway, HeldMethod, PendingCharge, ProviderPayment } from './gateway.ts'
import { GatewayError, unlessUnknown } from './gatewayError.ts'
import { customerIdPattern, type RazorpayCall } from './razorpayCalls.ts'
import { type OrderEntity, type PaymentEntity, referenceOf } from './razorpayParse.ts'
import { checkedId, checkedPaymentId } from './requests.ts'

/** The further along, the more it says about the attempt. */
const rank: Record<ProviderPayment['status'], number> = {
  ...{ failed: 0, abandoned: 0, created: 1, paused: 1 },
  ...{ processing: 2, authorized: 3, captured: 4, refunded: 5 },
}

/**
 * Charges on a saved card: an order of its own, whose receipt is our payment id, then a payment on it with the token.
 * Neither has an idempotency key, so every charge begins with a look-up; and an order takes one captured payment, so
 * even a payment that shows up late is not money twice.
 */
export function razorpayCharges(
  calls: RazorpayCall,
  payment: (entity: PaymentEntity, reference?: string) => ProviderPayment,
): Pick<Gateway, 'chargeMethod' | 'findCharge' | 'forgetMethod'> {
  async function attemptOn(order: OrderEntity): Promise<ProviderPayment | undefined> {
    const payments = (await calls.paymentsOf(order.id)).map((entity) => payment(entity, referenceOf(order)))
    const [furthest] = payments.sort((a, b) => rank[b.status] - rank[a.status])
    // A token's payment that is `created` waits for its debit; nobody has to do anything.
    return furthest?.status === 'created' ? { ...furthest, status: 'processing' } : furthest
  }

  return {
    async chargeMethod(charge) {
      const ready = checkedCharge(charge)
      const found = await calls.orderOf(ready.receipt)
      const earlier = found && (await attemptOn(found))
      if (earlier) return earlier
      const order = found ?? (await calls.createOrder(orderBody(ready, charge)))
      return startCharge(calls, order, ready, charge)
    },

    async findCharge(charge) {
      const order = await calls.orderOf(checkedPaymentId('razorpay', charge.paymentId))
      return order && attemptOn(order)
    },

    async forgetMethod(method) {
      const { token, customerId } = checkedMethod(method)
      await unlessUnknown(calls.deleteToken(customerId, token))
    },
  }
}

interface Ready {
  receipt: string
  amount: number
  token: string
  customerId: string
}

function checkedCharge(charge: ChargeRequest): Ready {
  return {
    receipt: checkedPaymentId('razorpay', charge.paymentId),
    amount: toProviderUnits('razorpay', charge.amountMinor, charge.currency),
    ...checkedMethod(charge),
  }
}

/** A token is its customer's: neither is of use alone. */
function checkedMethod({ token, gatewayCustomerId }: HeldMethod): Pick<Ready, 'token' | 'customerId'> {
  if (gatewayCustomerId === undefined) throw new GatewayError('razorpay', 'refused', { code: 'customer_required' })
  return {
    token: checkedId('razorpay', /^token_[A-Za-z0-9]{1,40}$/, token),
    customerId: checkedId('razorpay', customerIdPattern, gatewayCustomerId),
  }
}

const orderBody = ({ receipt, amount, token }: Ready, { currency, notice }: ChargeRequest) => ({
  amount,
  currency,
  receipt,
  payment_capture: true,
  notes: { paymentId: receipt },
  // With this object Razorpay never tries again by itself.
  ...(notice && { notification: { token_id: token, payment_after: Math.floor(notice.debitAfter / 1000) } }),
})

async function startCharge(
  calls: RazorpayCall,
  order: OrderEntity,
  { amount, token, customerId }: Ready,
  { account, currency, description }: ChargeRequest,
): Promise<PendingCharge> {
  // Both are mandatory; the customer's own card carries what the account does not know.
  const known = account.email && account.contact ? undefined : await calls.contactsOf(customerId)
  const email = account.email ?? known?.email
  const contact = account.contact ?? known?.contact
  const started = await calls.chargeToken({
    ...(email !== undefined && { email }),
    ...(contact !== undefined && { contact }),
    amount,
    currency,
    order_id: order.id,
    customer_id: customerId,
    token,
    description,
  })
  return {
    provider: 'razorpay',
    status: 'processing',
    providerPaymentId: started.razorpay_payment_id,
    providerOrderId: order.id,
  }
}
