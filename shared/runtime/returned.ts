import type { PaymentProvider } from '#domain/moneyCharge'
import type { Payment } from '#domain/payment'
import { notFound, Problem } from '#errors/problem'
import type { verifyPayment } from '#operations/payments'
import { findOrder } from '#table/orders'
import { findPayment } from '#table/payments'
import type { Deps } from './deps.ts'
import type { Input } from './run.ts'

type Body = Input<typeof verifyPayment>['body']

/** The payment that is named, or that the order leads to. Another account's is not found. */
export async function paymentOf(deps: Deps, accountId: string, body: Body): Promise<Payment> {
  const paymentId = body.paymentId ?? (await idByOrder(deps, accountId, body))
  const payment =
    paymentId === undefined ? undefined : await findPayment(deps.table, accountId, paymentId, { consistent: true })
  if (!payment) throw notFound('payment')
  return payment
}

async function idByOrder(deps: Deps, accountId: string, body: Body): Promise<string | undefined> {
  const [provider, id]: [PaymentProvider, string | undefined] =
    body.reference !== undefined
      ? ['paystack', body.reference]
      : body.sessionId !== undefined
        ? ['stripe', body.sessionId]
        : ['razorpay', body.razorpay_order_id]
  if (id === undefined)
    throw new Problem('validation_failed', 'Name the payment, or what the provider’s library handed over.', {
      errors: [{ path: 'paymentId', message: 'is needed here' }],
    })
  const order = await findOrder(deps.table, provider, id)
  return order?.accountId === accountId ? order.paymentId : undefined
}

/** The members that this provider's library hands to the page. */
export function returnedBy(provider: PaymentProvider, { paymentId: _ours, ...returned }: Body): Record<string, string> {
  const mine = (name: string): boolean =>
    ({ razorpay: name.startsWith('razorpay_'), paystack: name === 'reference', stripe: name === 'sessionId' })[provider]
  const entries = Object.entries(returned).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  if (entries.length === 0 || !entries.every(([name = '']) => mine(name)))
    throw new Problem('validation_failed', `The payment is at ${provider}: send what its library handed over.`, {
      errors: [{ path: '', message: `is what ${provider}’s browser library hands over` }],
    })
  return Object.fromEntries(entries)
}
