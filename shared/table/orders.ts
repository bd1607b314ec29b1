import * as z from 'zod/mini'
import { type PaymentProvider, paymentProviders } from '#domain/moneyCharge'
import { orderKey } from './keys.ts'
import { present, type Table, type Write } from './port.ts'
import { read, stored, toItem } from './stored.ts'

/** From a provider's order to our payment, with what the browser's library needs to open it again. */
export interface OrderPointer {
  provider: PaymentProvider
  providerOrderId: string
  paymentId: string
  accountId: string
  /** As the provider's adapter made it: any JSON. */
  checkout: Record<string, unknown>
}

const order = z.object({
  ...stored,
  provider: z.enum(paymentProviders),
  providerOrderId: z.string(),
  paymentId: z.string(),
  accountId: z.string(),
  checkout: z.string(),
})
const checkout = z.record(z.string(), z.unknown())

/** No provider speaks of an order for longer than this: disputes may come half a year later. */
const keptSeconds = 400 * 86_400

export async function findOrder(
  table: Table,
  provider: PaymentProvider,
  providerOrderId: string,
): Promise<Pick<OrderPointer, 'paymentId' | 'accountId' | 'checkout'> | undefined> {
  const item = await table.get(orderKey(provider, providerOrderId), { consistent: true })
  if (!item) return undefined
  const { paymentId, accountId, checkout: json } = read(order, item)
  return { paymentId, accountId, checkout: checkout.parse(JSON.parse(json)) }
}

/** A provider's order belongs to one payment for ever, so writing it twice is writing it once. */
export const putOrderWrite = (pointer: OrderPointer, at: { now: number; real: number }): Write => ({
  kind: 'put',
  item: toItem('order', orderKey(pointer.provider, pointer.providerOrderId), {
    v: 1,
    createdAt: at.now,
    updatedAt: at.now,
    ttl: Math.ceil(at.real / 1000) + keptSeconds,
    ...pointer,
    // As text: a provider's own members may be deeper or emptier than an item's attributes like.
    checkout: JSON.stringify(pointer.checkout),
  }),
  when: 'unconditional',
})

/** Takes out what opened the provider's checkout: it may name the buyer. */
export const orderScrubWrite = (provider: PaymentProvider, providerOrderId: string): Write => ({
  kind: 'update',
  key: orderKey(provider, providerOrderId),
  set: { checkout: '{}' },
  when: present,
})
