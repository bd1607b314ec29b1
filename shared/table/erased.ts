import { accountKey } from './keys.ts'
import { both, equals, lacks, type Table, type Write } from './port.ts'

/** What lies in an erased account's place (`tombstones.ts`). Apart, because every function asks for it and few read more. */
export const tombstoneEntity = 'tombstone'

/** How far an erasure has come; undefined: there is none. */
export async function erasureOf(table: Table, accountId: string): Promise<'begun' | 'done' | undefined> {
  const item = await table.get(accountKey(accountId), { consistent: true })
  if (item?.entity === tombstoneEntity) return 'done'
  return item?.erasingAt === undefined ? undefined : 'begun'
}

/** The account is there and nobody erases it: for whatever is written beside it, of a suspended one too. */
export const notErased = (accountId: string): Write => ({
  kind: 'check',
  key: accountKey(accountId),
  when: both(equals('entity', 'account'), lacks('erasingAt')),
})
