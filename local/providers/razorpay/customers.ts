import * as z from 'zod/mini'
import { type Answer, type Call, ok, type Route } from '../call.ts'
import { bad, found, read } from './errors.ts'
import { tokenEvent } from './events.ts'
import { flagField, flagOf, notesField, notesOf } from './fields.ts'
import { type Customer, newest, type Razorpay, seconds, type Token } from './state.ts'
import { collection, customerView, tokenView } from './views.ts'

const person = {
  name: z.optional(z.string().check(z.minLength(3), z.maxLength(50))),
  email: z.optional(z.string().check(z.minLength(3), z.maxLength(64))),
  contact: z.optional(z.string().check(z.regex(/^\+?\d{8,14}$/))),
}
const customerBody = z.strictObject({
  ...person,
  fail_existing: z.optional(flagField),
  gstin: z.optional(z.string()),
  notes: z.optional(notesField),
})

/** A customer is known by e-mail and contact. An existing one is an error unless `fail_existing` is "0". */
function create(razorpay: Razorpay, call: Call): Answer {
  const body = read(customerBody, call)
  const before = newest(razorpay.customers.values()).find(
    ({ email, contact }) => email === (body.email ?? null) && contact === (body.contact ?? null),
  )
  if (before) {
    if (flagOf(body.fail_existing) ?? true) throw bad('Customer already exists for the merchant')
    return ok(customerView(before))
  }
  const customer: Customer = {
    id: razorpay.shop.ids.id('cust_'),
    name: body.name ?? null,
    email: body.email ?? null,
    contact: body.contact ?? null,
    gstin: body.gstin ?? null,
    notes: notesOf(body.notes),
    createdAtMs: razorpay.shop.due.now(),
  }
  razorpay.customers.set(customer.id, customer)
  return ok(customerView(customer))
}

function edit(razorpay: Razorpay, call: Call): Answer {
  const customer = found(razorpay.customers, call.params.id)
  const body = read(z.strictObject(person), call)
  customer.name = body.name ?? customer.name
  customer.email = body.email ?? customer.email
  customer.contact = body.contact ?? customer.contact
  return ok(customerView(customer))
}

/** Expired and rejected ones, and those never used, are left out. */
function tokens(razorpay: Razorpay, { params, query }: Call): Answer {
  const customer = found(razorpay.customers, params.id)
  const nowMs = razorpay.shop.due.now()
  const live = newest(razorpay.tokens.values()).filter(
    (token) =>
      token.customerId === customer.id &&
      !['initiated', 'rejected'].includes(token.status) &&
      token.expiredAt > seconds(nowMs),
  )
  return ok(collection(live, query, (token) => tokenView(token, nowMs)))
}

function tokenOf(razorpay: Razorpay, { params }: Call): Token {
  const customer = found(razorpay.customers, params.id)
  const token = found(razorpay.tokens, params.tokenId)
  if (token.customerId !== customer.id) throw bad('The id provided does not exist')
  return token
}

function remove(razorpay: Razorpay, call: Call): Answer {
  const token = tokenOf(razorpay, call)
  token.status = 'cancelled'
  razorpay.tokens.delete(token.id)
  razorpay.shop.emit([tokenEvent(razorpay, 'token.cancelled', token)])
  return ok({ deleted: true })
}

export const customerRoutes = (razorpay: Razorpay): Route[] => [
  { route: 'POST /v1/customers', run: (call) => create(razorpay, call) },
  {
    route: 'GET /v1/customers',
    run: ({ query }) => ok(collection(newest(razorpay.customers.values()), query, customerView)),
  },
  { route: 'GET /v1/customers/:id', run: ({ params }) => ok(customerView(found(razorpay.customers, params.id))) },
  { route: 'PUT /v1/customers/:id', run: (call) => edit(razorpay, call) },
  { route: 'GET /v1/customers/:id/tokens', run: (call) => tokens(razorpay, call) },
  {
    route: 'GET /v1/customers/:id/tokens/:tokenId',
    run: (call) => ok(tokenView(tokenOf(razorpay, call), razorpay.shop.due.now())),
  },
  { route: 'DELETE /v1/customers/:id/tokens/:tokenId', run: (call) => remove(razorpay, call) },
]
