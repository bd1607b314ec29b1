import { Problem } from '#errors/problem'
import { createPurchase } from '#operations/purchases'
import { buy } from '#runtime/buy'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { payments } from '#runtime/livePayments'
import { settings } from '#runtime/liveSettings'
import { given } from '#runtime/request'
import type { Run } from '#runtime/run'

export const run: Run<typeof createPurchase> = async (input, deps) => {
  const { catalogue: published } = await deps.catalogue()
  const product = published.products.find(({ id }) => id === input.body.productId)
  if (product && product.kind !== 'item')
    throw new Problem('conflict', 'Credits are bought by a checkout, not as a purchase.')
  return buy(deps, input, given(input.body))
}

export const handler = httpHandler(createPurchase, run, live(catalogue, settings, payments))
