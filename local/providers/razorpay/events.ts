import type { Alteration } from '../behaviour.ts'
import { type Json, type JsonObject, mergeJson } from '../json.ts'
import type { FakeEvent } from '../webhooks.ts'
import type { Dispute, Order, Payment, Razorpay, Refund, Token } from './state.ts'
import { seconds } from './state.ts'
import { disputeView, invoiceView, orderView, paymentView, refundView, subscriptionView, tokenView } from './views.ts'

const accountId = 'acc_FakeRazorpay01'

/** `payload` holds an entity per name; `contains` repeats the names. */
function eventOf(razorpay: Razorpay, kind: string, entities: Record<string, JsonObject>): FakeEvent {
  const payload: JsonObject = {}
  for (const [name, entity] of Object.entries(entities)) payload[name] = { entity }
  return {
    id: razorpay.shop.ids.id(''),
    kind,
    body: {
      entity: 'event',
      account_id: accountId,
      event: kind,
      contains: Object.keys(entities),
      payload,
      created_at: seconds(razorpay.shop.due.now()),
    },
  }
}

export const paymentEvent = (razorpay: Razorpay, kind: string, payment: Payment): FakeEvent =>
  eventOf(razorpay, kind, { payment: paymentView(payment, true) })

export const orderPaid = (razorpay: Razorpay, payment: Payment, order: Order): FakeEvent =>
  eventOf(razorpay, 'order.paid', { payment: paymentView(payment, true), order: orderView(order) })

export const invoicePaid = (razorpay: Razorpay, payment: Payment, order: Order): FakeEvent =>
  eventOf(razorpay, 'invoice.paid', {
    payment: paymentView(payment, true),
    order: orderView(order),
    invoice: invoiceView(razorpay, payment, order),
  })

export const subscriptionCharged = (razorpay: Razorpay, payment: Payment): FakeEvent =>
  eventOf(razorpay, 'subscription.charged', {
    subscription: subscriptionView(razorpay, payment),
    payment: paymentView(payment, true),
  })

export const refundEvent = (razorpay: Razorpay, kind: string, refund: Refund, payment: Payment): FakeEvent =>
  eventOf(razorpay, kind, { refund: refundView(refund), payment: paymentView(payment, true) })

export const disputeEvent = (razorpay: Razorpay, kind: string, dispute: Dispute, payment: Payment): FakeEvent =>
  eventOf(razorpay, kind, { payment: paymentView(payment, true), dispute: disputeView(dispute) })

export const tokenEvent = (razorpay: Razorpay, kind: string, token: Token): FakeEvent =>
  eventOf(razorpay, kind, { token: tokenView(token, razorpay.shop.due.now()) })

/** The notice that a customer gets before a debit. */
export const noticeEvent = (razorpay: Razorpay, kind: string, order: Order, payment: Payment | undefined): FakeEvent =>
  eventOf(razorpay, kind, {
    notification: {
      id: razorpay.shop.ids.id('notification_'),
      entity: 'notification',
      order_id: order.id,
      payment_id: payment?.id ?? null,
      token_id: order.notification?.tokenId ?? null,
      status: kind.endsWith('failed') ? 'failed' : 'delivered',
      created_at: seconds(razorpay.shop.due.now()),
    },
  })

/** Another amount, currency or order in every entity that has it. */
export function alter(body: JsonObject, { amount, currency, orderId }: Alteration): JsonObject {
  const money: JsonObject = {
    ...(amount === undefined ? {} : { amount }),
    ...(currency === undefined ? {} : { currency }),
  }
  const patches: JsonObject = {
    payment: { entity: { ...money, ...(orderId === undefined ? {} : { order_id: orderId }) } },
    order: { entity: { ...money, ...(orderId === undefined ? {} : { id: orderId }) } },
    refund: { entity: money },
    dispute: { entity: money },
  }
  const present: Record<string, Json> = Object.fromEntries(
    namesOf(body).flatMap((name): [string, Json][] => (patches[name] === undefined ? [] : [[name, patches[name]]])),
  )
  return mergeJson(body, { payload: present })
}

const namesOf = (body: JsonObject): string[] =>
  Array.isArray(body.contains) ? body.contains.filter((name) => typeof name === 'string') : []
