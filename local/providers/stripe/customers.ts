import * as z from 'zod/mini'
import { type Call, ok, type Route } from '../call.ts'
import { found } from './errors.ts'
import { eventOf, tell } from './events.ts'
import { listOf } from './expand.ts'
import { metadataField, metadataOf, paramsOf, read } from './form.ts'
import { methodOf } from './methods.ts'
import type { Customer, Stripe } from './state.ts'
import { customerView } from './views.ts'

const body = z.object({
  email: z.optional(z.string()),
  name: z.optional(z.string()),
  phone: z.optional(z.string()),
  description: z.optional(z.string()),
  payment_method: z.optional(z.string()),
  invoice_settings: z.optional(z.object({ default_payment_method: z.optional(z.string()) })),
  metadata: metadataField,
})

export function newCustomer(stripe: Stripe, more: Partial<Customer> = {}): Customer {
  const customer: Customer = {
    id: stripe.shop.ids.id('cus_'),
    createdAtMs: stripe.shop.due.now(),
    metadata: {},
    email: null,
    name: null,
    phone: null,
    description: null,
    defaultPaymentMethod: null,
    deleted: false,
    ...more,
  }
  stripe.customers.set(customer.id, customer)
  tell(stripe, eventOf(stripe, 'customer.created', customerView(customer)))
  return customer
}

function assign(stripe: Stripe, customer: Customer, given: z.infer<typeof body>): void {
  customer.email = given.email ?? customer.email
  customer.name = given.name ?? customer.name
  customer.phone = given.phone ?? customer.phone
  customer.description = given.description ?? customer.description
  customer.metadata = metadataOf(customer.metadata, given.metadata)
  customer.defaultPaymentMethod = given.invoice_settings?.default_payment_method ?? customer.defaultPaymentMethod
  if (given.payment_method !== undefined) methodOf(stripe, given.payment_method).customer = customer.id
}

function create(stripe: Stripe, call: Call) {
  const given = read(body, call)
  const customer = newCustomer(stripe, {
    email: given.email ?? null,
    name: given.name ?? null,
    metadata: metadataOf({}, given.metadata),
  })
  assign(stripe, customer, given)
  return ok(customerView(customer))
}

function update(stripe: Stripe, call: Call) {
  const customer = found(stripe.customers, 'customer', call.params.id)
  assign(stripe, customer, read(body, call))
  tell(stripe, eventOf(stripe, 'customer.updated', customerView(customer)))
  return ok(customerView(customer))
}

function remove(stripe: Stripe, call: Call) {
  const customer = found(stripe.customers, 'customer', call.params.id)
  // The event shows the customer as it was; afterwards the id answers `deleted: true`.
  tell(stripe, eventOf(stripe, 'customer.deleted', customerView(customer)))
  customer.deleted = true
  for (const method of stripe.methods.values()) if (method.customer === customer.id) method.customer = null
  return ok({ id: customer.id, object: 'customer', deleted: true })
}

function list(stripe: Stripe, call: Call) {
  const params = paramsOf(call)
  const rows = [...stripe.customers.values()].filter(
    (row) => !row.deleted && (params.email === undefined || row.email === params.email),
  )
  return listOf(rows, '/v1/customers', params, customerView)
}

export const customerRoutes = (stripe: Stripe): Route[] => [
  { route: 'POST /v1/customers', run: (call) => create(stripe, call) },
  { route: 'GET /v1/customers', run: (call) => list(stripe, call) },
  {
    route: 'GET /v1/customers/:id',
    run: ({ params }) => ok(customerView(found(stripe.customers, 'customer', params.id))),
  },
  { route: 'POST /v1/customers/:id', run: (call) => update(stripe, call) },
  { route: 'DELETE /v1/customers/:id', run: (call) => remove(stripe, call) },
]
