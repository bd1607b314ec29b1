import * as z from 'zod/mini'
import { type Answer, type Call, ok, type Route } from '../call.ts'
import type { JsonObject } from '../json.ts'
import { parseObject } from '../json.ts'
import { missing, read } from './errors.ts'
import { listAnswer } from './page.ts'
import type { Customer, Paystack } from './state.ts'
import { customerFetchView, customerView } from './views.ts'

const person = {
  first_name: z.optional(z.string()),
  last_name: z.optional(z.string()),
  phone: z.optional(z.string()),
  metadata: z.optional(z.union([z.string(), z.record(z.string(), z.json())])),
}
const createBody = z.object({ email: z.string().check(z.regex(/^[^@\s]+@[^@\s]+$/)), ...person })

/** The customer of that address, made when there is none: creating one twice gives the first. */
export function ensureCustomer(paystack: Paystack, body: z.infer<typeof createBody>): Customer {
  const before = [...paystack.customers.values()].find(({ email }) => email === body.email)
  if (before) return before
  const { ids, due } = paystack.shop
  const customer: Customer = {
    id: ids.number(),
    code: `CUS_${ids.id('', 15).toLowerCase()}`,
    email: body.email,
    firstName: body.first_name ?? '',
    lastName: body.last_name ?? '',
    phone: body.phone ?? '',
    metadata: objectOf(body.metadata),
    createdAtMs: due.now(),
  }
  paystack.customers.set(customer.code, customer)
  return customer
}

const objectOf = (metadata: string | JsonObject | undefined): JsonObject =>
  typeof metadata === 'string' ? (parseObject(metadata) ?? {}) : (metadata ?? {})

function find(paystack: Paystack, { params }: Call): Customer {
  const key = params.code ?? ''
  const customer = paystack.customers.get(key) ?? [...paystack.customers.values()].find(({ email }) => email === key)
  if (!customer) throw missing('Customer')
  return customer
}

function create(paystack: Paystack, call: Call): Answer {
  const customer = ensureCustomer(paystack, read(createBody, call))
  const data = { ...customerView(customer), transactions: [], subscriptions: [], authorizations: [] }
  return ok({ status: true, message: 'Customer created', data })
}

function edit(paystack: Paystack, call: Call): Answer {
  const customer = find(paystack, call)
  const body = read(z.object(person), call)
  customer.firstName = body.first_name ?? customer.firstName
  customer.lastName = body.last_name ?? customer.lastName
  customer.phone = body.phone ?? customer.phone
  if (body.metadata !== undefined) customer.metadata = objectOf(body.metadata)
  return ok({ status: true, message: 'Customer updated', data: customerView(customer) })
}

/** The code is charged never again; the customer stays, and so do their other cards. */
function deactivate(paystack: Paystack, call: Call): Answer {
  const { authorization_code: code } = read(z.object({ authorization_code: z.string() }), call)
  if (!paystack.authorizations.delete(code)) throw missing('Authorization')
  return ok({ status: true, message: 'Authorization has been deactivated' })
}

export const customerRoutes = (paystack: Paystack): Route[] => [
  { route: 'POST /customer', run: (call) => create(paystack, call) },
  { route: 'POST /customer/authorization/deactivate', run: (call) => deactivate(paystack, call) },
  // Its older name, which the API goes on answering.
  { route: 'POST /customer/deactivate_authorization', run: (call) => deactivate(paystack, call) },
  {
    route: 'GET /customer',
    run: ({ query }) => listAnswer('Customers retrieved', [...paystack.customers.values()], query, customerView, {}),
  },
  {
    route: 'GET /customer/:code',
    run: (call) =>
      ok({ status: true, message: 'Customer retrieved', data: customerFetchView(paystack, find(paystack, call)) }),
  },
  { route: 'PUT /customer/:code', run: (call) => edit(paystack, call) },
]
