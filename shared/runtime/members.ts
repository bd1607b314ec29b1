import { assertNotSuspended } from '#domain/entitlement'
import { type MemberRole, maxMembers } from '#domain/member'
import { Problem } from '#errors/problem'
import { commit } from '#table/commit'
import { deleteMemberWrite, findMember, listMembers, type Member, putMemberWrite } from '#table/members'
import { loadAccount } from './account.ts'
import { auditOf } from './audit.ts'
import { accountFor, stillActive } from './billingProfile.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import type { Input } from './run.ts'

/**
 * Makes a login a member, or changes its role. A customer's first write makes their account.
 * @throws Problem `conflict` for the account's own login and beyond 100 members.
 */
export async function putMember(deps: Deps, input: Input, userId: string, role: MemberRole): Promise<Member> {
  const { accountId } = input
  if (userId === accountId)
    throw new Problem('conflict', 'An account’s own login is its owner and needs no membership.')
  await accountFor(deps, input)
  return contend(deps, async () => {
    assertNotSuspended(await loadAccount(input, deps, { consistent: true }))
    const seen = await findMember(deps.table, accountId, userId)
    if (seen?.role === role) return seen
    if (!seen && (await isFull(deps, accountId)))
      throw new Problem('conflict', `An account has at most ${maxMembers} members.`)
    const now = deps.clock.now()
    const next: Member = {
      accountId,
      userId,
      role,
      createdAt: seen?.createdAt ?? now,
      updatedAt: now,
      ver: (seen?.ver ?? 0) + 1,
    }
    const outcome = await commit(deps.table, [
      putMemberWrite(next, seen?.ver ?? 0),
      stillActive(accountId),
      auditOf(input, deps, {
        action: 'putMember',
        entity: 'account',
        entityId: accountId,
        ...(seen && { before: { userId, role: seen.role } }),
        after: { userId, role },
      }),
    ])
    return outcome.committed ? next : again
  })
}

/** Two at once may pass it by one: the bound keeps the list small, nothing rests on its being exact. */
async function isFull(deps: Pick<Deps, 'table'>, accountId: string): Promise<boolean> {
  const { members } = await listMembers(deps.table, accountId, { limit: maxMembers })
  return members.length >= maxMembers
}

/** Twice is once. Of a suspended account too: whoever is to lose access does not keep it meanwhile. */
export async function deleteMember(deps: Deps, input: Input, userId: string): Promise<void> {
  const { id } = await loadAccount(input, deps)
  return contend(deps, async () => {
    const seen = await findMember(deps.table, id, userId)
    if (!seen) return undefined
    const outcome = await commit(deps.table, [
      deleteMemberWrite(seen),
      auditOf(input, deps, {
        action: 'deleteMember',
        entity: 'account',
        entityId: id,
        before: { userId, role: seen.role },
      }),
    ])
    return outcome.committed ? undefined : again
  })
}

/** A member as answers show it. */
export const memberView = ({ userId, role, createdAt, updatedAt }: Member) => ({
  userId,
  role,
  createdAt: new Date(createdAt).toISOString(),
  updatedAt: new Date(updatedAt).toISOString(),
})
