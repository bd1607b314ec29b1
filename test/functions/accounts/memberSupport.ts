import { run as deleteMemberRun } from '#functions/accounts/deleteMember'
import { run as listMembersRun } from '#functions/accounts/listMembers'
import { run as putMemberRun } from '#functions/accounts/putMember'
import { deleteMember, listMembers, putMember } from '#operations/members'
import { callsOf } from '#test/support/calls'
import { type Invocation, invoke, type TestDeps } from '#test/support/deps'

/** The three operations about members, and a company to have some. */
export function membersOf(deps: TestDeps) {
  const put = (account: string, userId: string, role: string, call: Invocation = {}) =>
    invoke(putMember, putMemberRun, deps, { account, params: { userId }, body: { role }, ...call })
  return {
    put,
    remove: (account: string, userId: string, call: Invocation = {}) =>
      invoke(deleteMember, deleteMemberRun, deps, { account, params: { userId }, ...call }),
    list: (account: string, call: Invocation = {}) => invoke(listMembers, listMembersRun, deps, { account, ...call }),
    /** An account that a server made, with these members. */
    company: async (account: string, members: Record<string, string> = {}): Promise<string> => {
      await callsOf(deps).putAccount({ account, body: { email: 'office@example.com', name: 'A Company' } })
      for (const [userId, role] of Object.entries(members)) await put(account, userId, role)
      return account
    },
  }
}

/** A login that acts for another account. */
export const actingFor = (account: string): Pick<Invocation, 'as' | 'headers'> => ({
  as: 'customer',
  headers: { 'faregate-account': account },
})
