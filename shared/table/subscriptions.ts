import * as z from 'zod/mini'
import { isLive, type Subscription, subscriptionStatuses } from '#domain/subscription'
import { duePk, duePosition, dueShards, priceCountKey, shardOf, subscriptionKey } from './keys.ts'
import { absent, equals, type Item, type Table, type Write } from './port.ts'
import { read, stored, toItem } from './stored.ts'

const subscription = z.object({
  ...stored,
  id: z.string(),
  planId: z.string(),
  priceId: z.string(),
  catalogueVersion: z.int(),
  status: z.enum(subscriptionStatuses),
  complimentary: z.boolean(),
  periodStart: z.int(),
  periodEnd: z.nullable(z.int()),
  reason: z.string(),
  ver: z.int(),
  endedAt: z.exactOptional(z.int()),
})

export const readSubscription = (item: Item): Subscription => read(subscription, item)

export async function findSubscription(table: Table, accountId: string, id: string): Promise<Subscription | undefined> {
  const item = await table.get(subscriptionKey(accountId, id), { consistent: true })
  return item && readSubscription(item)
}

/** The next state on the version that was seen; a live one with an end is due at that end. */
export function putSubscriptionWrite(
  accountId: string,
  next: Subscription,
  seen: Subscription | undefined,
  now: number,
): Write {
  const key = subscriptionKey(accountId, next.id)
  const due =
    isLive(next) && next.periodEnd !== null
      ? { gsi2pk: duePk(shardOf(key.pk, dueShards)), gsi2sk: duePosition(next.periodEnd, key) }
      : {}
  return {
    kind: 'put',
    item: toItem('subscription', key, { ...next, v: 1, updatedAt: now, ...due }),
    when: seen ? equals('ver', seen.ver) : absent,
  }
}

/** Live subscriptions of a price: counted in the subscription's own transaction, read before a catalogue may drop the price. */
export const countPriceWrite = (priceId: string, by: 1 | -1, now: number): Write => ({
  kind: 'update',
  key: priceCountKey(priceId),
  set: { entity: 'priceCount', v: 1, updatedAt: now },
  add: { live: by },
  when: 'unconditional',
})
