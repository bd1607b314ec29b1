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

const entry = z.object({
  id: z.string(),
  cause: z.enum(['taken', 'released', 'paid_in', 'surplus', 'withdrawn']),
  amountMinor: z.int(),
  balanceAfterMinor: z.int(),
  paymentId: z.string(),
  createdAt: z.int(),
} satisfies MembersOf<CreditEntry>)

export const readAccountCredit = (item: Item): AccountCredit => readBody(credit, item)
export const readCreditEntry = (item: Item): CreditEntry => readBody(entry, item)

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

export async function findCreditEntry(
  table: Table,
  accountId: string,
  currency: string,
  id: string,
): Promise<CreditEntry | undefined> {
  const item = await table.get(creditEntryKey(accountId, currency, guardOfEntry(id)), { consistent: true })
  return item && readCreditEntry(item)
}

/** The balance on the version before, then the entry, which is only ever put. */
export function creditWrites({ next, entry: booked }: CreditChange, requestId: string): [Write, Write] {
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
  const body = { v: 1, updatedAt: now, requestId, ...booked }
  const entryKey = creditEntryKey(accountId, currency, guardOfEntry(booked.id))
  return [balance, { kind: 'put', item: toItem('creditEntry', entryKey, body), when: absent }]
}
