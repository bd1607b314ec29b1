import * as z from 'zod/mini'
import { type Refund, refundStatuses } from '#domain/refund'
import { accountPk, duePk, duePosition, dueShards, refundKey, refundPrefix, shardOf } from './keys.ts'
import { absent, equals, type Item, type Table, type Write } from './port.ts'
import { type MembersOf, readBody, toItem } from './stored.ts'

const refund = z.object({
  id: z.string(),
  paymentId: z.string(),
  accountId: z.string(),
  providerPaymentId: z.string(),
  providerRefundId: z.exactOptional(z.string()),
  amountMinor: z.int(),
  currency: z.string(),
  reason: z.string(),
  plan: z.enum(['now', 'period_end', 'keep']),
  status: z.enum(refundStatuses),
  creditsTaken: z.exactOptional(z.int()),
  creditsSpent: z.exactOptional(z.int()),
  creditsExpireAt: z.exactOptional(z.nullable(z.int())),
  effectAt: z.exactOptional(z.int()),
  creditNoteId: z.exactOptional(z.string()),
  createdAt: z.int(),
  updatedAt: z.int(),
  ver: z.int(),
} satisfies MembersOf<Refund>)

export const readRefund = (item: Item): Refund => readBody(refund, item)

/** Consistent: whoever asks decides on it. */
export async function findRefund(
  table: Table,
  accountId: string,
  paymentId: string,
  refundId: string,
): Promise<Refund | undefined> {
  const item = await table.get(refundKey(accountId, paymentId, refundId), { consistent: true })
  return item && readRefund(item)
}

/** All of one payment, oldest first: `maxCharges` × `maxRefunds` at most, usually none. */
export async function refundsOf(table: Table, accountId: string, paymentId: string): Promise<Refund[]> {
  const refunds: Refund[] = []
  let after: Record<string, string> | undefined
  do {
    const page = await table.query({
      pk: accountPk(accountId),
      sk: { beginsWith: refundPrefix(paymentId) },
      limit: 100,
      consistent: true,
      ...(after && { after }),
    })
    refunds.push(...page.items.map(readRefund))
    after = page.next
  } while (after)
  return refunds
}

/** The next state on the version that was seen; `seenVer` 0: nothing is stored yet. */
export function putRefundWrite(next: Refund, seenVer: number): Write {
  const key = refundKey(next.accountId, next.paymentId, next.id)
  const dueAt = refundDueAt(next)
  const body = {
    ...next,
    v: 1,
    ...(dueAt !== undefined && { gsi2pk: duePk(shardOf(key.pk, dueShards)), gsi2sk: duePosition(dueAt, key) }),
  }
  return { kind: 'put', item: toItem('refund', key, body), when: seenVer === 0 ? absent : equals('ver', seenVer) }
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** `requested` may mean that the provider never heard of it; a bank takes days over one that it has taken on. */
const asksAfterMs = [15 * minuteMs, hourMs, 4 * hourMs, 12 * hourMs]
const laterMs = 24 * hourMs

/** When the reconciler asks for a refund next, from its last write on; undefined: it is over. */
export function refundDueAt({ status, createdAt, updatedAt }: Refund): number | undefined {
  if (status === 'processed' || status === 'failed') return undefined
  return asksAfterMs.map((afterMs) => createdAt + afterMs).find((at) => at > updatedAt) ?? updatedAt + laterMs
}
