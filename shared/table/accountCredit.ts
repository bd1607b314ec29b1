import * as z from 'zod/mini'
import { guardOf } from '#domain/guard'
import type { AccountCredit, CreditChange, CreditEntry } from '#domain/settlementCredit'
import { accountCreditKey, creditEntryKey } from './keys.ts'
import { absent, equals, type Item, type Table, type Write } from './port.ts'
import { type MembersOf, readBody, toItem } from './stored.ts'

const credit = z.object({
  accountId: z.string(),
  currency: z.string(),
  balanceMinor: z.int().check(z.minimum(0)),
  ver: z.int(),
} satisfies MembersOf<AccountCredit>)

export const readAccountCredit = (item: Item): AccountCredit => readBody(credit, item)

/** Consistent: it is money, and what is decided on it is written on its version. */
export async function findAccountCredit(
  table: Table,
  accountId: string,
  currency: string,
): Promise<AccountCredit | undefined> {
  const item = await table.get(accountCreditKey(accountId, currency), { consistent: true })
  return item && readAccountCredit(item)
}

/** The cause is the guard: the same refund or payment moves credit once. */
const guardOfEntry = (id: string) => guardOf('i', 'accountCredit', id)

/** The balance on the version before, then the entries, which are only ever put. */
export function creditWrites({ next, entry: booked, before = [] }: CreditChange, requestId: string): Write[] {
  const { accountId, currency, balanceMinor, ver } = next
  const now = booked.createdAt
  const key = accountCreditKey(accountId, currency)
  const balance: Write =
    ver === 1
      ? {
          kind: 'put',
          item: toItem('accountCredit', key, { v: 1, createdAt: now, updatedAt: now, ...next }),
          when: absent,
        }
      : { kind: 'update', key, set: { balanceMinor, ver, updatedAt: now }, when: equals('ver', ver - 1) }
  const put = (one: CreditEntry): Write => {
    const entryKey = creditEntryKey(accountId, currency, guardOfEntry(one.id))
    return {
      kind: 'put',
      item: toItem('creditEntry', entryKey, { v: 1, updatedAt: now, requestId, ...one }),
      when: absent,
    }
  }
  return [balance, ...before.map(put), put(booked)]
}
