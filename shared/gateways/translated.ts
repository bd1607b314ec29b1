import { Unreadable } from './fields.ts'
import type { Gateway } from './gateway.ts'
import { badAnswer, type CallKind } from './gatewayError.ts'
import { CardDeclined } from './stripeTransport.ts'

/**
 * The gateway, whose calls reject with `GatewayError` and nothing else: an answer that parses and makes no sense, an amount
 * in a currency that is not charged there say, is a bad answer, and what was asked for may have been done.
 */
export function translated(gateway: Gateway): Gateway {
  const wrapped =
    <Args extends unknown[], Answer>(call: CallKind, method: (...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> => {
      try {
        return await method(...args)
      } catch (error) {
        if (error instanceof Unreadable) throw badAnswer(gateway.provider, call)
        throw error instanceof CardDeclined ? error.refusal : error
      }
    }
  const { refundLists } = gateway
  return {
    ...gateway,
    createOrder: wrapped('write', gateway.createOrder),
    findOrder: wrapped('read', gateway.findOrder),
    fetchOrder: wrapped('read', gateway.fetchOrder),
    fetchPayment: wrapped('read', gateway.fetchPayment),
    capture: wrapped('keyed', gateway.capture),
    refund: wrapped('write', gateway.refund),
    findRefund: wrapped('read', gateway.findRefund),
    chargeMethod: wrapped('write', gateway.chargeMethod),
    findCharge: wrapped('read', gateway.findCharge),
    ...(refundLists && { refundLists: { ...refundLists, of: wrapped('read', refundLists.of) } }),
  }
}
