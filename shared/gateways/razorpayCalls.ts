import type Razorpay from 'razorpay'
import * as z from 'zod/mini'
import { pageSize } from './day.ts'
import { id, readAs, shown, text } from './fields.ts'
import type { Payer } from './gateway.ts'
import { badAnswer, type CallKind } from './gatewayError.ts'
import { type OrderEntity, orderEntity, type PaymentEntity, paymentEntity, refundEntity } from './razorpayParse.ts'
import type { RazorpayTransport } from './razorpayTransport.ts'
import { checkedId } from './requests.ts'

/**
 * The calls that the gateway makes, each parsed. Where the package is wrong the call goes through its own `api` instead of
 * the resource: `expand[]` is sent broken, `fail_existing` has the wrong type, `notification` is missing.
 */
export type RazorpayCall = ReturnType<typeof razorpayCalls>

const listOf = <S extends z.ZodMiniType>(entity: S) => z.object({ items: z.array(entity) })
const recurringAnswer = z.object({ razorpay_payment_id: id })
const customerAnswer = z.object({ id })
const deletedAnswer = z.object({ deleted: z.boolean() })
const contacts = z.object({ email: shown(text), contact: shown(text) })

interface OrderBody {
  amount: number
  currency: string
  receipt: string
  [member: string]: unknown
}
interface RecurringBody {
  email?: string
  contact?: string
  amount: number
  currency: string
  order_id: string
  customer_id: string
  token: string
  description: string
}

export function razorpayCalls(transport: RazorpayTransport) {
  /** @throws GatewayError, `bad_answer` when the answer does not parse. */
  async function ask<S extends z.ZodMiniType>(
    kind: CallKind,
    schema: S,
    send: (client: Razorpay) => Promise<unknown>,
  ): Promise<z.output<S>> {
    const read = readAs(schema, await transport.call(kind, send), (parsed) => parsed)
    if ('fault' in read) throw badAnswer('razorpay', kind)
    return read.value
  }
  const get = <S extends z.ZodMiniType>(schema: S, url: string, data: object = {}): Promise<z.output<S>> =>
    ask('read', schema, (client) => client.api.get<object, unknown>({ url, data }))

  return {
    ask,
    order: (orderId: string) => get(orderEntity, `/orders/${orderId}`),

    /** The order of a receipt; of several (receipts are not sure to be unique) the one that was paid, else tried, else the first. */
    async orderOf(receipt: string): Promise<OrderEntity | undefined> {
      const { items } = await get(listOf(orderEntity), '/orders', { receipt, count: pageSize })
      const ours = items.filter((order) => order.receipt === receipt)
      return (
        ours.find(({ status }) => status === 'paid') ?? ours.find(({ status }) => status === 'attempted') ?? ours[0]
      )
    },

    async createOrder(body: OrderBody): Promise<OrderEntity> {
      const order = await ask('write', orderEntity, (client) =>
        client.api.post<object, unknown>({ url: '/orders', data: body }),
      )
      if (order.amount !== body.amount || order.currency !== body.currency) throw badAnswer('razorpay', 'write')
      return order
    },

    payment: (paymentId: string) => get(paymentEntity, `/payments/${paymentId}`, { 'expand[]': 'card' }),

    paymentsOf: async (orderId: string): Promise<PaymentEntity[]> =>
      (await get(listOf(paymentEntity), `/orders/${orderId}/payments`)).items,

    /** As they come: each is parsed by itself, so that a stranger's costs no other. */
    paymentsBetween: async (from: number, to: number, skip: number): Promise<unknown[]> =>
      (await ask('read', listOf(z.unknown()), (client) => client.payments.all({ from, to, count: pageSize, skip })))
        .items,

    refundsOf: async (paymentId: string) =>
      (await get(listOf(refundEntity), `/payments/${paymentId}/refunds`, { count: pageSize })).items,

    /** `fail_existing: "0"` answers with the customer that is there, so asking twice makes one. */
    async customer({ gatewayCustomerId, email, name }: Payer): Promise<string> {
      if (gatewayCustomerId !== undefined) return checkedId('razorpay', customerIdPattern, gatewayCustomerId)
      const data = {
        fail_existing: '0',
        ...(email !== undefined && email.length <= 64 && { email }),
        ...(name !== undefined && name.length >= 3 && { name: name.slice(0, 50) }),
      }
      const made = await ask('keyed', customerAnswer, (client) =>
        client.api.post<object, unknown>({ url: '/customers', data }),
      )
      return made.id
    },

    contactsOf: (customerId: string) =>
      get(contacts, `/customers/${checkedId('razorpay', customerIdPattern, customerId)}`),

    deleteToken: (customerId: string, token: string) =>
      ask('keyed', deletedAnswer, (client) =>
        client.api.delete<object, unknown>({ url: `/customers/${customerId}/tokens/${token}` }),
      ),

    chargeToken: (body: RecurringBody) =>
      ask('write', recurringAnswer, (client) =>
        client.api.post<object, unknown>({ url: '/payments/create/recurring', data: { ...body, recurring: true } }),
      ),
  }
}

export const customerIdPattern = /^cust_[A-Za-z0-9]{1,40}$/
