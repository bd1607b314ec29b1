import * as z from 'zod/mini'
import { type Call, ok, type Route } from '../call.ts'
import { found } from './errors.ts'
import { listOf } from './expand.ts'
import { currencyField, metadataField, metadataOf, paramsOf, read, wholeField } from './form.ts'
import type { Price, Product, Stripe } from './state.ts'
import { priceView, productView } from './views.ts'

const productFields = { name: z.string(), description: z.optional(z.string()), metadata: metadataField }

function newProduct(stripe: Stripe, given: z.infer<z.ZodMiniObject<typeof productFields>>): Product {
  const product: Product = {
    id: stripe.shop.ids.id('prod_'),
    createdAtMs: stripe.shop.due.now(),
    metadata: metadataOf({}, given.metadata),
    name: given.name,
    description: given.description ?? null,
  }
  stripe.products.set(product.id, product)
  return product
}

export const priceFields = {
  currency: currencyField,
  unit_amount: wholeField,
  product: z.optional(z.string()),
  product_data: z.optional(z.object(productFields)),
  recurring: z.optional(z.object({ interval: z.enum(['day', 'week', 'month', 'year']) })),
}

/** A price of its own or inline in a checkout session: its product is named or comes with it. */
export function newPrice(stripe: Stripe, given: z.infer<z.ZodMiniObject<typeof priceFields>>): Price {
  const product = given.product_data
    ? newProduct(stripe, given.product_data)
    : found(stripe.products, 'product', given.product, 'product')
  const price: Price = {
    id: stripe.shop.ids.id('price_', 24),
    createdAtMs: stripe.shop.due.now(),
    metadata: {},
    product: product.id,
    currency: given.currency,
    unitAmount: given.unit_amount,
    interval: given.recurring?.interval ?? null,
  }
  stripe.prices.set(price.id, price)
  return price
}

const createProduct = (stripe: Stripe, call: Call) =>
  ok(productView(newProduct(stripe, read(z.object(productFields), call))))
const createPrice = (stripe: Stripe, call: Call) => ok(priceView(newPrice(stripe, read(z.object(priceFields), call))))

export const catalogueRoutes = (stripe: Stripe): Route[] => [
  { route: 'POST /v1/products', run: (call) => createProduct(stripe, call) },
  {
    route: 'GET /v1/products/:id',
    run: ({ params }) => ok(productView(found(stripe.products, 'product', params.id))),
  },
  { route: 'POST /v1/prices', run: (call) => createPrice(stripe, call) },
  {
    route: 'GET /v1/prices',
    run: (call) => listOf(stripe.prices.values(), '/v1/prices', paramsOf(call), priceView),
  },
  { route: 'GET /v1/prices/:id', run: ({ params }) => ok(priceView(found(stripe.prices, 'price', params.id))) },
]
