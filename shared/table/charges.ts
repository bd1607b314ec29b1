import * as z from 'zod/mini'
import { type PaymentProvider, paymentProviders } from '#domain/moneyCharge'
import type { Settled } from '#domain/payment'
import { chargeKey } from './keys.ts'
import { settledAs } from './paymentItem.ts'
import { absent, type Item, type Table, type Write } from './port.ts'
import { read, stored, toItem } from './stored.ts'

/** The guard of a provider's payment: whose it is, and what settlement made of its money. It is never updated. */
export interface ChargeGuard {
  provider: PaymentProvider
  providerPaymentId: string
  paymentId: string
  accountId: string
  as: Settled['as']
}

const charge = z.object({
  ...stored,
  provider: z.enum(paymentProviders),
  providerPaymentId: z.string(),
  paymentId: z.string(),
  accountId: z.string(),
  as: settledAs,
})

/** The guard that a refused transaction shows, too. */
export function readCharge(item: Item): ChargeGuard {
  const { provider, providerPaymentId, paymentId, accountId, as } = read(charge, item)
  return { provider, providerPaymentId, paymentId, accountId, as }
}

/** Consistent: a guard that is missed costs a transaction. */
export async function findCharge(
  table: Table,
  provider: PaymentProvider,
  providerPaymentId: string,
): Promise<ChargeGuard | undefined> {
  const item = await table.get(chargeKey(provider, providerPaymentId), { consistent: true })
  return item && readCharge(item)
}

/** Only where there is none: money that has had its effect has it once. */
export const putChargeWrite = (guard: ChargeGuard, now: number): Write => ({
  kind: 'put',
  item: toItem('charge', chargeKey(guard.provider, guard.providerPaymentId), {
    v: 1,
    createdAt: now,
    updatedAt: now,
    ...guard,
  }),
  when: absent,
})
