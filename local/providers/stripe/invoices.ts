import * as z from 'zod/mini'
import { type Answer, type Call, ok, type Route } from '../call.ts'
import type { JsonObject } from '../json.ts'
import { invoiceItemView, invoiceView, lineView } from './billingViews.ts'
import { confirm, type Outcome, outcomeOf } from './charge.ts'
import { cardError, found, invalid } from './errors.ts'
import { eventOf, tell } from './events.ts'
import { currencyField, metadataField, metadataOf, read, wholeField } from './form.ts'
import { newIntent } from './intents.ts'
import { methodOf } from './methods.ts'
import type { Invoice, InvoiceItem, PaymentMethod, Stripe } from './state.ts'

/** Stripe's own invoices, as far as a subscription's first and `stripe trigger` need them. No tax, discount or retry. */

const itemBody = z.object({
  customer: z.string(),
  amount: wholeField,
  currency: currencyField,
  description: z.optional(z.string()),
  metadata: metadataField,
})

function createItem(stripe: Stripe, call: Call): Answer {
  const body = read(itemBody, call)
  found(stripe.customers, 'customer', body.customer, 'customer')
  const item: InvoiceItem = {
    id: stripe.shop.ids.id('ii_', 24),
    createdAtMs: stripe.shop.due.now(),
    metadata: metadataOf({}, body.metadata),
    customer: body.customer,
    amount: body.amount,
    currency: body.currency,
    description: body.description ?? null,
    invoice: null,
  }
  stripe.invoiceItems.set(item.id, item)
  tell(stripe, eventOf(stripe, 'invoiceitem.created', invoiceItemView(item)))
  return ok(invoiceItemView(item))
}

const dayMs = 24 * 3600 * 1000
const invoiceBody = z.object({
  customer: z.string(),
  description: z.optional(z.string()),
  pending_invoice_items_behavior: z.optional(z.enum(['include', 'exclude'])),
  collection_method: z.optional(z.enum(['charge_automatically', 'send_invoice'])),
  days_until_due: z.optional(wholeField),
  metadata: metadataField,
})

function create(stripe: Stripe, call: Call): Answer {
  const body = read(invoiceBody, call)
  found(stripe.customers, 'customer', body.customer, 'customer')
  const sends = body.collection_method === 'send_invoice'
  if (sends && body.days_until_due === undefined)
    throw invalid('Missing required param: days_until_due.', 'days_until_due')
  const included = body.pending_invoice_items_behavior === 'include'
  const items = [...stripe.invoiceItems.values()].filter(
    ({ customer, invoice }) => included && customer === body.customer && invoice === null,
  )
  const invoice = newInvoice(stripe, {
    customer: body.customer,
    currency: items[0]?.currency ?? 'usd',
    lines: items.map(({ amount, description }) => ({ amount, description, quantity: 1 })),
    description: body.description ?? null,
    sendsToCustomer: sends,
    dueAtMs: sends ? stripe.shop.due.now() + (body.days_until_due ?? 0) * dayMs : null,
    metadata: metadataOf({}, body.metadata),
  })
  for (const item of items) item.invoice = invoice.id
  return ok(invoiceView(stripe, invoice))
}

type NewInvoice = Pick<Invoice, 'customer' | 'currency'> &
  Partial<Omit<Invoice, 'lines'>> & { lines: { amount: number; description: string | null; quantity: number }[] }

/** A draft. */
export function newInvoice(stripe: Stripe, { lines, ...more }: NewInvoice): Invoice {
  const id = stripe.shop.ids.id('in_', 24)
  const invoice: Invoice = {
    id,
    createdAtMs: stripe.shop.due.now(),
    metadata: {},
    subscription: null,
    amount: lines.reduce((sum, { amount }) => sum + amount, 0),
    status: 'draft',
    description: null,
    sendsToCustomer: false,
    attempts: 0,
    dueAtMs: null,
    finalizedAtMs: null,
    paidAtMs: null,
    voidedAtMs: null,
    uncollectibleAtMs: null,
    lines: lines.map((line) => lineView(stripe, { ...line, invoice: id, currency: more.currency })),
    ...more,
  }
  stripe.invoices.set(id, invoice)
  about(stripe, invoice, 'created')
  return invoice
}

const about = (stripe: Stripe, invoice: Invoice, ...whats: string[]): void =>
  tell(stripe, ...whats.map((what) => eventOf(stripe, `invoice.${what}`, invoiceView(stripe, invoice))))

function finalize(stripe: Stripe, invoice: Invoice): void {
  if (invoice.status !== 'draft') return
  invoice.status = 'open'
  invoice.finalizedAtMs = stripe.shop.due.now()
  about(stripe, invoice, 'finalized')
}

/** Charges without the customer, who may have to come and pass 3-D Secure. Answers the card error; undefined: paid or on its way. */
export function payInvoice(stripe: Stripe, invoice: Invoice, method: PaymentMethod): JsonObject | undefined {
  finalize(stripe, invoice)
  invoice.attempts += 1
  if (invoice.amount === 0) return paid(stripe, invoice)
  const { amount, currency, customer } = invoice
  const intent = newIntent(stripe, { amount, currency, customer, description: invoice.description })
  const outcome = unattended(method)
  const error = confirm(stripe, intent, method, outcome, (isPaid) => {
    if (isPaid) paid(stripe, invoice)
    else about(stripe, invoice, 'payment_failed')
  })
  if (outcome !== 'action') return error
  about(stripe, invoice, 'payment_failed', 'payment_action_required')
  return { type: 'card_error', code: 'invoice_payment_intent_requires_action', message: needsAction }
}

function unattended(method: PaymentMethod): Outcome {
  const outcome = outcomeOf(method, 'off_session')
  return outcome === 'authentication_required' ? 'action' : outcome
}

const needsAction = 'Payment for this invoice requires additional user action before it can be completed successfully.'

function paid(stripe: Stripe, invoice: Invoice): undefined {
  invoice.status = 'paid'
  invoice.paidAtMs = stripe.shop.due.now()
  about(stripe, invoice, 'updated', 'paid', 'payment_succeeded')
}

function pay(stripe: Stripe, call: Call): Answer {
  const invoice = invoiceOf(stripe, call)
  const body = read(z.object({ payment_method: z.optional(z.string()) }), call)
  if (invoice.status === 'paid') throw invalid('Invoice is already paid')
  if (invoice.status === 'void') throw invalid('This invoice can no longer be paid')
  const method = body.payment_method ?? stripe.customers.get(invoice.customer)?.defaultPaymentMethod ?? null
  if (method === null) throw noMethod()
  const error = payInvoice(stripe, invoice, methodOf(stripe, method))
  if (error) throw cardError(error)
  return ok(invoiceView(stripe, invoice))
}

export const noMethod = () =>
  invalid('This customer has no attached payment source or default payment method.', undefined, 'resource_missing')

const invoiceOf = (stripe: Stripe, call: Call): Invoice => found(stripe.invoices, 'invoice', call.params.id)

function update(stripe: Stripe, call: Call): Answer {
  const invoice = invoiceOf(stripe, call)
  const body = read(z.object({ description: z.optional(z.string()), metadata: metadataField }), call)
  invoice.description = body.description ?? invoice.description
  invoice.metadata = metadataOf(invoice.metadata, body.metadata)
  about(stripe, invoice, 'updated')
  return ok(invoiceView(stripe, invoice))
}

function remove(stripe: Stripe, call: Call): Answer {
  const invoice = invoiceOf(stripe, call)
  if (invoice.status !== 'draft') throw invalid('You can only delete draft invoices. You should void this one.')
  about(stripe, invoice, 'deleted')
  stripe.invoices.delete(invoice.id)
  return ok({ id: invoice.id, object: 'invoice', deleted: true })
}

const steps = {
  finalize: { from: ['draft'], run: finalize },
  send: {
    from: ['draft', 'open'],
    run: (stripe: Stripe, invoice: Invoice) => {
      if (!invoice.sendsToCustomer)
        throw invalid('You can only manually send an invoice with collection_method=send_invoice')
      finalize(stripe, invoice)
      about(stripe, invoice, 'sent')
    },
  },
  void: {
    from: ['open', 'uncollectible'],
    run: (stripe: Stripe, invoice: Invoice) => {
      invoice.status = 'void'
      invoice.voidedAtMs = stripe.shop.due.now()
      about(stripe, invoice, 'voided')
    },
  },
  mark_uncollectible: {
    from: ['open'],
    run: (stripe: Stripe, invoice: Invoice) => {
      invoice.status = 'uncollectible'
      invoice.uncollectibleAtMs = stripe.shop.due.now()
      about(stripe, invoice, 'marked_uncollectible')
    },
  },
}

const stepRoutes = (stripe: Stripe): Route[] =>
  Object.entries(steps).map(([name, { from, run }]) => ({
    route: `POST /v1/invoices/:id/${name}`,
    run: (call) => {
      const invoice = invoiceOf(stripe, call)
      if (!from.includes(invoice.status)) throw invalid(`You cannot ${name} an invoice with status ${invoice.status}.`)
      run(stripe, invoice)
      return ok(invoiceView(stripe, invoice))
    },
  }))

export const invoiceRoutes = (stripe: Stripe): Route[] => [
  { route: 'POST /v1/invoiceitems', run: (call) => createItem(stripe, call) },
  { route: 'POST /v1/invoices', run: (call) => create(stripe, call) },
  { route: 'GET /v1/invoices/:id', run: (call) => ok(invoiceView(stripe, invoiceOf(stripe, call))) },
  { route: 'POST /v1/invoices/:id', run: (call) => update(stripe, call) },
  { route: 'DELETE /v1/invoices/:id', run: (call) => remove(stripe, call) },
  { route: 'POST /v1/invoices/:id/pay', run: (call) => pay(stripe, call) },
  ...stepRoutes(stripe),
]
