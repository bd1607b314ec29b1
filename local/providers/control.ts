import * as z from 'zod/mini'
import { behaveRequest, sending } from './behaviour.ts'
import { type Answer, type Call, ok, Refusal, type Route } from './call.ts'
import { cards } from './cards.ts'
import { checkoutPage } from './checkoutPage.ts'
import { disputeStatus, type PayRequest, type Provider, payRequest, visitRequest } from './fake.ts'
import { isObject, type Json, type JsonObject, parseObject } from './json.ts'
import type { Handles } from './server.ts'

const sendRequest = z.strictObject({
  event: z.string().check(z.minLength(1), z.maxLength(100)),
  of: z.optional(z.string().check(z.maxLength(200))),
  fields: z.optional(z.custom<JsonObject>(isObject)),
  eventId: z.optional(z.string().check(z.maxLength(200))),
  how: z.optional(sending),
})
const disputeRequest = z.strictObject({ paymentId: z.string().check(z.maxLength(200)), status: disputeStatus })
const replayRequest = z.strictObject({ eventId: z.string().check(z.maxLength(200)) })

/** The fake's own side: `/_fake/…`. No key is asked for: it is local, and the checkout page is everybody's. */
export function controlRoutes(provider: Provider, handles: Handles): Route[] {
  return [
    { route: 'GET /_fake/checkout/:orderId', run: (call) => page(provider, call) },
    { route: 'POST /_fake/checkout/:orderId', run: (call) => payOnPage(provider, handles, call) },
    { route: 'POST /_fake/pay', run: (call) => ok(handles.pay(read(payRequest, call))) },
    { route: 'POST /_fake/visit', run: (call) => ok(refusing(() => handles.visit(read(visitRequest, call)))) },
    { route: 'POST /_fake/behave', run: (call) => behave(handles, call) },
    { route: 'POST /_fake/dispute', run: (call) => dispute(handles, call) },
    { route: 'POST /_fake/send', run: (call) => sendOne(handles, call) },
    { route: 'POST /_fake/replay', run: (call) => replay(handles, call) },
    { route: 'POST /_fake/tick', run: () => tick(handles) },
    { route: 'GET /_fake/events', run: (call) => listDeliveries(handles, call) },
    { route: 'GET /_fake/cards', run: () => ok(cardList()) },
    { route: 'GET /_fake', run: () => ok({ provider: provider.name, events: [...provider.kinds], cards: cardList() }) },
  ]
}

/** All that are kept, or `?eventId=` alone. */
function listDeliveries(handles: Handles, { query }: Call): Answer {
  const eventId = query.get('eventId')
  const found = handles.deliveries().filter((one) => eventId === null || one.eventId === eventId)
  return ok(found.map((one) => ({ ...one })))
}

const cardList = (): Json =>
  Object.entries(cards).map(([name, card]) => ({ name, label: card.label, last4: card.last4 }))

const refuse = (message: string): Refusal => new Refusal({ status: 400, body: { error: message } })

function read<Schema extends z.core.$ZodType>(schema: Schema, call: Call): z.output<Schema> {
  const parsed = z.safeParse(schema, parseObject(call.raw))
  if (parsed.success) return parsed.data
  throw refuse(z.prettifyError(parsed.error))
}

function refusing<Result>(run: () => Result): Result {
  try {
    return run()
  } catch (error) {
    throw error instanceof RangeError ? refuse(error.message) : error
  }
}

function behave(handles: Handles, call: Call): Answer {
  const request = read(behaveRequest, call)
  refusing(() => handles.behave(request))
  return ok({})
}

function dispute(handles: Handles, call: Call): Answer {
  const { paymentId, status } = read(disputeRequest, call)
  return ok(handles.dispute(paymentId, status))
}

function sendOne(handles: Handles, call: Call): Answer {
  const { event, how, ...overrides } = read(sendRequest, call)
  const sent = refusing(() => handles.sendEvent(event, overrides, how))
  return ok({ eventId: sent.id, kind: sent.kind, body: sent.body })
}

function replay(handles: Handles, call: Call): Answer {
  const { eventId } = read(replayRequest, call)
  if (!handles.replay(eventId)) throw refuse(`no event ${eventId}`)
  return ok({})
}

function tick(handles: Handles): Answer {
  handles.tick()
  return ok({})
}

function page(provider: Provider, call: Call, note?: { error: string } | { done: Json }): Answer {
  const orderId = call.params.orderId ?? ''
  const bill = provider.bill(orderId)
  if (!bill) throw new Refusal({ status: 404, body: { error: `no order ${orderId}` } })
  const returnUrl = bill.returnUrl ?? returnUrlOf(call)
  const html = checkoutPage(provider.name, { ...bill, ...(returnUrl === undefined ? {} : { returnUrl }) }, note)
  return { status: 200, body: { html } }
}

/** Where a page that has no address of its own (Razorpay's is a pop-up) sends the customer: `?return_url=`. */
function returnUrlOf(call: Call): string | undefined {
  const asked = call.query.get('return_url') ?? undefined
  return asked !== undefined && /^https?:\/\//.test(asked) ? asked : undefined
}

/** The page's form. The customer comes back with the library's fields in the query, as by a redirecting checkout. */
function payOnPage(provider: Provider, handles: Handles, call: Call): Answer {
  const form = new URLSearchParams(call.raw)
  const parsed = z.safeParse(payRequest, {
    orderId: call.params.orderId,
    outcome: form.get('outcome'),
    card: form.get('card') ?? 'success',
    saveMethod: form.get('saveMethod') !== null,
  } satisfies Record<keyof Pick<PayRequest, 'orderId' | 'outcome' | 'card' | 'saveMethod'>, unknown>)
  if (!parsed.success) throw refuse(z.prettifyError(parsed.error))
  const answer = handles.pay(parsed.data)
  if (isObject(answer.error))
    return page(provider, call, { error: String(answer.error.description ?? 'The payment failed.') })
  if (answer.lost === true) return page(provider, call, { done: 'The payment went through; the shop was not told.' })
  const returnUrl = provider.bill(parsed.data.orderId)?.returnUrl ?? returnUrlOf(call)
  if (returnUrl === undefined) return page(provider, call, { done: answer })
  return { status: 303, body: {}, headers: { location: withFields(returnUrl, answer) } }
}

function withFields(address: string, fields: JsonObject): string {
  const url = new URL(address)
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, String(value))
  return url.href
}
