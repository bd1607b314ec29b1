import * as z from 'zod/mini'
import { memberRoles } from '#domain/member'
import { directoryRows } from './directory.ts'
import { accountPk, memberKey, memberPrefix, membershipsPk } from './keys.ts'
import { absent, equals, type Item, type Table, type Write } from './port.ts'
import { readBody, toItem } from './stored.ts'

const member = z.object({
  accountId: z.string(),
  /** The login: a JWT's subject. */
  userId: z.string(),
  role: z.enum(memberRoles),
  createdAt: z.int(),
  updatedAt: z.int(),
  ver: z.int(),
})
/** A login that may act for an account that is not its own. */
export type Member = z.output<typeof member>

export const readMember = (item: Item): Member => readBody(member, item)

/** Consistent: whoever was taken out is out at once. */
export async function findMember(table: Table, accountId: string, userId: string): Promise<Member | undefined> {
  const item = await table.get(memberKey(accountId, userId), { consistent: true })
  return item && readMember(item)
}

/** Of an account, by login, from behind the one given. */
export async function listMembers(
  table: Table,
  accountId: string,
  { limit, after }: { limit: number; after?: string },
): Promise<{ members: Member[]; more: boolean }> {
  const { items, next } = await table.query({
    pk: accountPk(accountId),
    sk: { beginsWith: memberPrefix },
    limit,
    consistent: true,
    ...(after !== undefined && { after: { ...memberKey(accountId, after) } }),
  })
  return { members: items.map(readMember), more: next !== undefined }
}

/** Where a login is a member, at most 100 at once; the index lags. */
export async function membershipsOf(table: Table, userId: string): Promise<Member[]> {
  const { rows } = await directoryRows(table, { pk: membershipsPk(userId), limit: 100 })
  return rows.map(readMember)
}

/** The next state on the version that was seen; `seenVer` 0: nothing is stored yet. */
export const putMemberWrite = (next: Member, seenVer: number): Write => ({
  kind: 'put',
  item: toItem('member', memberKey(next.accountId, next.userId), {
    ...next,
    v: 1,
    gsi1pk: membershipsPk(next.userId),
    gsi1sk: next.accountId,
  }),
  when: seenVer === 0 ? absent : equals('ver', seenVer),
})

export const deleteMemberWrite = ({ accountId, userId, ver }: Pick<Member, 'accountId' | 'userId' | 'ver'>): Write => ({
  kind: 'delete',
  key: memberKey(accountId, userId),
  when: equals('ver', ver),
})
