import { pricePurchase } from '#domain/orderPurchase'
import { newQuote } from '#domain/orderQuote'
import { Problem } from '#errors/problem'
import { purchaseContext } from './checkout.ts'
import type { Deps } from './deps.ts'
import { sealQuote } from './quote.ts'
import type { Input } from './run.ts'

/** What a purchase would cost now, and the token that holds the price for a quarter of an hour. Nothing is taken. */
export async function quotePurchase(
  deps: Deps,
  input: Input,
  request: { productId: string; quantity: number; couponCode?: string },
) {
  const now = deps.clock.now()
  const context = await purchaseContext(deps, input, request, undefined, now)
  const purchase = pricePurchase(context, request, now)
  if ('detail' in purchase) throw new Problem(purchase.code, purchase.detail)
  const quote = newQuote(input.accountId, request, purchase, now)
  const { order } = purchase
  return {
    productId: request.productId,
    quantity: request.quantity,
    currency: order.currency,
    gross: order.grossMinor,
    discounts: order.lines.flatMap(({ discounts }) =>
      discounts.map(({ kind, label, amountMinor }) => ({ kind, label, amount: amountMinor })),
    ),
    tax: order.taxMinor,
    total: order.totalMinor,
    expiresAt: new Date(quote.expiresAt).toISOString(),
    quote: await sealQuote(deps, quote),
  }
}
