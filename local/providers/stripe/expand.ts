import { type Answer, ok } from '../call.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { newest, type Stripe } from './state.ts'
import * as views from './views.ts'

/** The object behind an id, by the id's prefix. */
function objectOf(stripe: Stripe, id: string): JsonObject | undefined {
  const { intents, charges, customers, methods, setupIntents, sessions } = stripe
  const intent = intents.get(id)
  if (intent) return views.intentView(stripe, intent)
  const charge = charges.get(id)
  if (charge) return views.chargeView(stripe, charge)
  const customer = customers.get(id)
  if (customer) return views.customerView(customer)
  const method = methods.get(id)
  if (method) return views.methodView(stripe, method)
  const setup = setupIntents.get(id)
  if (setup) return views.setupIntentView(setup)
  const session = sessions.get(id)
  return session && views.sessionView(stripe, session)
}

/** Puts objects in the place of ids, along paths like `payment_intent.latest_charge` and `data.customer`. */
export function expand(stripe: Stripe, value: Json, paths: readonly string[]): Json {
  return paths.reduce((shown, path) => along(stripe, shown, path.split('.')), value)
}

function along(stripe: Stripe, value: Json, path: string[]): Json {
  if (Array.isArray(value)) return value.map((one) => along(stripe, one, path))
  const [name, ...rest] = path
  if (name === undefined || !isObject(value)) return value
  const inner = value[name]
  const shown = typeof inner === 'string' ? (objectOf(stripe, inner) ?? inner) : (inner ?? null)
  return { ...value, [name]: along(stripe, shown, rest) }
}

/** `{object: "list", data, has_more, url}`, newest first, by `limit` (10, at most 100), `starting_after`, `created[gte|gt|lte|lt]`. */
export function listOf<Row extends { id: string; createdAtMs: number }>(
  rows: Iterable<Row>,
  url: string,
  params: JsonObject,
  view: (row: Row) => JsonObject,
): Answer {
  const limit = Math.min(Math.max(Number(params.limit ?? 10) || 10, 1), 100)
  const inTime = newest(rows).filter((row) => isWithin(Math.floor(row.createdAtMs / 1000), params.created))
  const after = inTime.findIndex(({ id }) => id === params.starting_after)
  const rest = inTime.slice(after + 1)
  return ok({ object: 'list', data: rest.slice(0, limit).map(view), has_more: rest.length > limit, url })
}

function isWithin(created: number, range: Json | undefined): boolean {
  if (typeof range === 'string') return created === Number(range)
  if (!isObject(range)) return true
  const { gte, gt, lte, lt } = range
  return (
    (gte === undefined || created >= Number(gte)) &&
    (gt === undefined || created > Number(gt)) &&
    (lte === undefined || created <= Number(lte)) &&
    (lt === undefined || created < Number(lt))
  )
}
