import * as z from 'zod/mini'
import { address } from './invoices.ts'
import { profileKey } from './keys.ts'
import { absent, equals, type Item, type Table, type Write } from './port.ts'
import { readBody, toItem } from './stored.ts'

const profile = z.object({
  accountId: z.string(),
  email: z.string(),
  name: z.string(),
  address,
  taxId: z.exactOptional(z.string()),
  createdAt: z.int(),
  updatedAt: z.int(),
  ver: z.int(),
})
/** Whom an account's invoices are made out to. */
export type BillingProfile = z.output<typeof profile>

export const readProfile = (item: Item): BillingProfile => readBody(profile, item)

export async function findProfile(
  table: Table,
  accountId: string,
  options?: { consistent?: boolean },
): Promise<BillingProfile | undefined> {
  const item = await table.get(profileKey(accountId), options)
  return item && readProfile(item)
}

/** The next state on the version that was seen; `seenVer` 0: nothing is stored yet. */
export const putProfileWrite = (next: BillingProfile, seenVer: number): Write => ({
  kind: 'put',
  item: toItem('billingProfile', profileKey(next.accountId), { ...next, v: 1 }),
  when: seenVer === 0 ? absent : equals('ver', seenVer),
})
