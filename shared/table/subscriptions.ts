import * as z from 'zod/mini'
import { paymentProviders } from '#domain/moneyCharge'
import { isLive, type Subscription, subscriptionStatuses } from '#domain/subscription'
import {
  type BoughtSubscription,
  type CreditedMoney,
  type FinalOverage,
  type PaidAhead,
  type PendingCharge,
  type PlanReference,
  type ProviderWord,
  providerStates,
  type Retry,
} from '#domain/subscriptionState'
import { intervals } from '#domain/terms'
import {
  accountPk,
  duePk,
  duePosition,
  dueShards,
  priceCountKey,
  shardOf,
  subscriptionDirectory,
  subscriptionKey,
  subscriptionPrefix,
  subscriptionShards,
} from './keys.ts'
import { carriedCoupon, carriedItem, taxRule } from './paymentItem.ts'
import { absent, equals, type Item, type Table, type Write } from './port.ts'
import { type MembersOf, readBody, toItem } from './stored.ts'

const common = {
  id: z.string(),
  planId: z.string(),
  priceId: z.string(),
  catalogueVersion: z.int(),
  status: z.enum(subscriptionStatuses),
  periodStart: z.int(),
  periodEnd: z.nullable(z.int()),
  reason: z.string(),
  ver: z.int(),
  createdAt: z.int(),
  endedAt: z.exactOptional(z.int()),
} satisfies MembersOf<Omit<Subscription, 'complimentary'>>

const plan = {
  planId: z.string(),
  priceId: z.string(),
  catalogueVersion: z.int(),
  interval: z.enum(intervals),
} satisfies MembersOf<PlanReference>

const creditedMoney = z.object({
  paymentId: z.string(),
  creditedMinor: z.int(),
  foundMinor: z.exactOptional(z.int()),
  paidMinor: z.int(),
  hereMinor: z.exactOptional(z.int()),
} satisfies MembersOf<CreditedMoney>)

/** Given by staff, or paid for: a bought one holds what renewals, changes and refunds need. */
const subscription = z.discriminatedUnion('complimentary', [
  z.object({ ...common, complimentary: z.literal(true) } satisfies MembersOf<Subscription>),
  z.object({
    ...common,
    complimentary: z.literal(false),
    interval: z.enum(intervals),
    currency: z.string(),
    anchor: z.int(),
    zone: z.string(),
    periodIndex: z.int(),
    paidMinor: z.int(),
    paymentId: z.string(),
    hereMinor: z.exactOptional(z.int()),
    earlier: z.exactOptional(z.array(creditedMoney)),
    tax: z.exactOptional(taxRule),
    autoRenew: z.boolean(),
    coupon: z.exactOptional(carriedCoupon),
    canceledAt: z.exactOptional(z.int()),
    cancelReason: z.exactOptional(z.string()),
    firstIndex: z.exactOptional(z.int()),
    paidFrom: z.exactOptional(z.int()),
    given: z.exactOptional(z.object({ from: z.int(), wholeMs: z.int(), amountMinor: z.int(), presentMinor: z.int() })),
    method: z.exactOptional(z.object({ id: z.string(), mandate: z.boolean() })),
    scheduledChange: z.exactOptional(z.object({ ...plan, at: z.int() })),
    ahead: z.exactOptional(
      z.array(
        z.object({
          paymentId: z.string(),
          paidMinor: z.int(),
          hereMinor: z.exactOptional(z.int()),
          tax: z.exactOptional(taxRule),
          plan: z.exactOptional(z.object(plan)),
        } satisfies MembersOf<PaidAhead>),
      ),
    ),
    retry: z.exactOptional(
      z.object({
        failed: z.int(),
        nextAt: z.nullable(z.int()),
        debited: z.exactOptional(z.array(z.string())),
      } satisfies MembersOf<Retry>),
    ),
    graceUntil: z.exactOptional(z.int()),
    pendingCharge: z.exactOptional(
      z.object({
        paymentId: z.string(),
        startedAt: z.int(),
        renews: z.exactOptional(z.object({ priceId: z.string(), periodIndex: z.int() })),
        byHand: z.exactOptional(z.literal(true)),
        checkedAt: z.exactOptional(z.int()),
        heard: z.exactOptional(z.literal(true)),
        processing: z.exactOptional(z.boolean()),
        refund: z.exactOptional(z.boolean()),
      } satisfies MembersOf<PendingCharge>),
    ),
    finalOverage: z.exactOptional(
      z.object({
        at: z.nullable(z.int()),
        paymentId: z.exactOptional(z.string()),
        failed: z.exactOptional(z.int()),
      } satisfies MembersOf<FinalOverage>),
    ),
    carried: z.exactOptional(z.array(carriedItem)),
    remindedUntil: z.exactOptional(z.int()),
    refunded: z.exactOptional(z.boolean()),
    replaced: z.exactOptional(z.boolean()),
    pausedAt: z.exactOptional(z.int()),
    trial: z.exactOptional(z.boolean()),
    managedBy: z.exactOptional(z.literal('provider')),
    provider: z.exactOptional(z.enum(paymentProviders)),
    providerSubscriptionId: z.exactOptional(z.string()),
    gatewayCustomerId: z.exactOptional(z.string()),
    heard: z.exactOptional(
      z.object({
        state: z.enum(providerStates),
        at: z.int(),
        ends: z.exactOptional(z.object({ asked: z.boolean(), at: z.int() })),
      } satisfies MembersOf<ProviderWord>),
    ),
  } satisfies MembersOf<BoughtSubscription>),
])

/** `isBought` tells which of the two it is. */
export const readSubscription = (item: Item): Subscription | BoughtSubscription => readBody(subscription, item)

export async function findSubscription(
  table: Table,
  accountId: string,
  id: string,
): Promise<Subscription | BoughtSubscription | undefined> {
  const item = await table.get(subscriptionKey(accountId, id), { consistent: true })
  return item && readSubscription(item)
}

/** The one that was made last, live or over; read consistently. */
export async function latestSubscription(
  table: Table,
  accountId: string,
): Promise<Subscription | BoughtSubscription | undefined> {
  const { items } = await table.query({
    pk: accountPk(accountId),
    sk: { beginsWith: subscriptionPrefix },
    descending: true,
    limit: 1,
    consistent: true,
  })
  return items[0] && readSubscription(items[0])
}

/**
 * The next state on the version that was seen. It is due at `dueAt` (null: never); left out, a live one at its end when it
 * has one.
 */
export function putSubscriptionWrite(
  accountId: string,
  next: Subscription | BoughtSubscription,
  seen: Pick<Subscription, 'ver'> | undefined,
  now: number,
  dueAt: number | null = isLive(next) ? next.periodEnd : null,
): Write {
  const key = subscriptionKey(accountId, next.id)
  const listed = { gsi1pk: subscriptionDirectory(shardOf(next.id, subscriptionShards)), gsi1sk: next.id }
  const due = dueAt !== null ? { gsi2pk: duePk(shardOf(key.pk, dueShards)), gsi2sk: duePosition(dueAt, key) } : {}
  return {
    kind: 'put',
    item: toItem('subscription', key, { ...next, accountId, v: 1, updatedAt: now, ...listed, ...due }),
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
