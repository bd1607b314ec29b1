import { Problem } from '#errors/problem'
import { userKey } from '#table/keys'
import type { Deps } from './deps.ts'
import type { Identity } from './run.ts'

/** Roles live in the table; role claims in a token are ignored. @throws Problem `forbidden` for whoever is not ADMIN. */
export async function requireAdmin(identity: Identity, deps: Pick<Deps, 'table'>): Promise<void> {
  const user = identity.subject === undefined ? undefined : await deps.table.get(userKey(identity.subject))
  if (user?.role !== 'ADMIN') throw new Problem('forbidden', 'This is for staff with the role ADMIN.')
}
