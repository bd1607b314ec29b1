import type { Alteration } from '../behaviour.ts'
import { type JsonObject, mergeJson, objectAt } from '../json.ts'
import type { FakeEvent } from '../webhooks.ts'
import { type Stripe, seconds } from './state.ts'

/** The version that the endpoint is pinned to: the one of the SDK in use. */
const apiVersion = '2026-10-28.endive'

/** An event about an object as it is now. */
export function eventOf(stripe: Stripe, kind: string, object: JsonObject): FakeEvent {
  const { ids, due } = stripe.shop
  const id = ids.id('evt_', 24)
  return {
    id,
    kind,
    body: {
      id,
      object: 'event',
      api_version: apiVersion,
      created: seconds(due.now()),
      data: { object },
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type: kind,
    },
  }
}

/** Keeps the events for `GET /v1/events` and sends them, in this order. */
export function tell(stripe: Stripe, ...events: FakeEvent[]): void {
  for (const { id, kind, body } of events) {
    stripe.events.set(id, { id, kind, body, createdAtMs: stripe.shop.due.now(), metadata: {} })
  }
  stripe.shop.emit(events)
}

/** Another amount, currency or session in the object, wherever it has such a field. */
export function alter(body: JsonObject, { amount, currency, orderId }: Alteration): JsonObject {
  const object = objectAt(body, 'data', 'object') ?? {}
  const patch: JsonObject = {}
  if (amount !== undefined) {
    for (const name of ['amount', 'amount_received', 'amount_total', 'amount_subtotal', 'amount_captured']) {
      if (typeof object[name] === 'number') patch[name] = amount
    }
  }
  if (currency !== undefined) patch.currency = currency.toLowerCase()
  if (orderId !== undefined && object.object === 'checkout.session') patch.id = orderId
  return mergeJson(body, { data: { object: patch } })
}
