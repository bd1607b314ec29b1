import type { Purchase } from './paymentWrite.ts'

/** A purchase as answers show it. */
export const purchaseView = (purchase: Purchase) => ({
  id: purchase.id,
  paymentId: purchase.paymentId,
  productId: purchase.productId,
  name: purchase.name,
  group: purchase.group,
  quantity: purchase.quantity,
  amount: purchase.amountMinor,
  currency: purchase.currency,
  createdAt: new Date(purchase.createdAt).toISOString(),
  revokedAt: purchase.revokedAt === undefined ? null : new Date(purchase.revokedAt).toISOString(),
})
