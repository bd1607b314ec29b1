import * as z from 'zod/mini'
import { claimKey } from './keys.ts'
import { absent, either, equals, type Table, type Write } from './port.ts'
import { read, stored, toItem } from './stored.ts'

const claim = z.object({ ...stored, claimedBy: z.string() })

/** The account that has claimed what a visitor buys, for ever. Consistent: a settlement decides on it whose the purchase is. */
export async function findClaimer(table: Table, visitor: string): Promise<string | undefined> {
  const item = await table.get(claimKey(visitor), { consistent: true })
  return item && read(claim, item).claimedBy
}

/** Beside the session's own mark. Each claim writes it anew; none changes whose it is. */
export const putClaimWrite = (visitor: string, claimedBy: string, now: number): Write => ({
  kind: 'put',
  item: toItem('claim', claimKey(visitor), { v: 1, createdAt: now, updatedAt: now, claimedBy }),
  when: either(absent, equals('claimedBy', claimedBy)),
})

/** Nobody has claimed it yet: a purchase that is written for the visitor rests on it. */
export const unclaimed = (visitor: string): Write => ({ kind: 'check', key: claimKey(visitor), when: absent })
