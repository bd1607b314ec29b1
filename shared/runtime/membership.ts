import { type MemberRole, mayAct, neededRole } from '#domain/member'
import { notFound, Problem } from '#errors/problem'
import { findMember } from '#table/members'
import type { Deps } from './deps.ts'

/**
 * That a login may do this for an account that is not its own.
 * @throws Problem `not_found` for whoever is no member, as for an account that nobody made; `forbidden` for a lesser role.
 */
export async function requireMember(
  deps: Pick<Deps, 'table'>,
  { accountId, userId }: { accountId: string; userId: string },
  method: string,
  least: MemberRole | undefined,
): Promise<void> {
  const member = await findMember(deps.table, accountId, userId)
  if (!member) throw notFound('account')
  const needed = neededRole(method, least)
  if (!mayAct(member.role, needed))
    throw new Problem('forbidden', `This needs the role "${needed}" in the account; yours is "${member.role}".`)
}
