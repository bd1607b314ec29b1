import * as z from 'zod/mini'
import { sessionKey } from './keys.ts'
import { absent, both, either, equals, lacks, present, type Table, type Write } from './port.ts'
import { read, stored, toItem } from './stored.ts'

const session = z.object({
  ...stored,
  id: z.string(),
  /** SHA-256 of the token, hex: the token itself is nowhere. */
  hash: z.string(),
  /** `anon_…` */
  accountId: z.string(),
  /** Real time: a turned test clock ends no session. */
  expiresAt: z.int(),
  /** The account that took what was bought; nobody gets in any more. */
  claimedBy: z.exactOptional(z.string()),
})
export type Session = z.output<typeof session>

/** An expired one is kept a while, so that what was bought can still be claimed. */
const keptAfterSeconds = 180 * 86_400

export async function findSession(
  table: Table,
  hash: string,
  options?: { consistent?: boolean },
): Promise<Session | undefined> {
  const item = await table.get(sessionKey(hash), options)
  return item && read(session, item)
}

export const putSessionWrite = (next: Session): Write => ({
  kind: 'put',
  item: toItem('session', sessionKey(next.hash), {
    ...next,
    ttl: Math.ceil(next.expiresAt / 1000) + keptAfterSeconds,
  }),
  when: absent,
})

/** One account claims it, as often as it likes. */
export const claimSessionWrite = (hash: string, accountId: string, now: number): Write => ({
  kind: 'update',
  key: sessionKey(hash),
  set: { claimedBy: accountId, updatedAt: now },
  when: both(present, either(lacks('claimedBy'), equals('claimedBy', accountId))),
})
