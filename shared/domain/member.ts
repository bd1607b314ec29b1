/** What a login may do for an account that it is a member of. Each may do what those before it may. */
export const memberRoles = ['viewer', 'billing', 'owner'] as const
export type MemberRole = (typeof memberRoles)[number]

/** More than a company's billing ever has: the list stays one page of the table. */
export const maxMembers = 100

/** `viewer` reads, `billing` pays and changes, `owner` also manages members and ends the account. */
export const mayAct = (role: MemberRole, needed: MemberRole): boolean =>
  memberRoles.indexOf(role) >= memberRoles.indexOf(needed)

/** What a request needs: reads are everybody's; what an operation asks for itself counts more. */
export const neededRole = (method: string, least: MemberRole | undefined): MemberRole =>
  method === 'GET' ? 'viewer' : (least ?? 'billing')
