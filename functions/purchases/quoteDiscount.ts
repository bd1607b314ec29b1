import { quoteDiscount } from '#operations/purchases'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { payments } from '#runtime/livePayments'
import { settings } from '#runtime/liveSettings'
import { quotePurchase } from '#runtime/purchaseQuote'
import { given } from '#runtime/request'
import type { Run } from '#runtime/run'

export const run: Run<typeof quoteDiscount> = (input, deps) => {
  const { productId, quantity = '1', ...rest } = given(input.query)
  return quotePurchase(deps, input, { productId: productId ?? '', quantity: Number(quantity), ...rest })
}

export const handler = httpHandler(quoteDiscount, run, live(catalogue, settings, payments))
