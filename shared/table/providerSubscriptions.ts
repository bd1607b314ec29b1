import * as z from 'zod/mini'
import { type PaymentProvider, paymentProviders } from '#domain/moneyCharge'
import { providerSubscriptionKey } from './keys.ts'
import { absent, type Table, type Write } from './port.ts'
import { read, stored, toItem } from './stored.ts'

/** From a provider's subscription to the one that was brought over. It is never updated. */
export interface ProviderSubscriptionPointer {
  provider: PaymentProvider
  providerSubscriptionId: string
  accountId: string
  subscriptionId: string
}

const pointer = z.object({
  ...stored,
  provider: z.enum(paymentProviders),
  providerSubscriptionId: z.string(),
  accountId: z.string(),
  subscriptionId: z.string(),
})

/** Consistent: what was just brought over is followed from its first event on. */
export async function findProviderSubscription(
  table: Table,
  provider: PaymentProvider,
  providerSubscriptionId: string,
): Promise<Pick<ProviderSubscriptionPointer, 'accountId' | 'subscriptionId'> | undefined> {
  const item = await table.get(providerSubscriptionKey(provider, providerSubscriptionId), { consistent: true })
  if (!item) return undefined
  const { accountId, subscriptionId } = read(pointer, item)
  return { accountId, subscriptionId }
}

/** Only where there is none: of two accounts that ask for it at once, one has it. */
export const putProviderSubscriptionWrite = (next: ProviderSubscriptionPointer, now: number): Write => ({
  kind: 'put',
  item: toItem('providerSubscription', providerSubscriptionKey(next.provider, next.providerSubscriptionId), {
    v: 1,
    createdAt: now,
    updatedAt: now,
    ...next,
  }),
  when: absent,
})
