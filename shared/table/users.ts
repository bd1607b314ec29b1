import { userKey } from './keys.ts'
import type { Table, Write } from './port.ts'
import { toItem } from './stored.ts'

/** SUBSCRIBER is derived from a live paid subscription and is never stored. */
export type StoredRole = 'USER' | 'ADMIN'

/** Gives a login a role; who had it before does not matter. */
export const roleWrite = (subject: string, role: StoredRole, now: number): Write => ({
  kind: 'put',
  item: toItem('user', userKey(subject), { v: 1, createdAt: now, updatedAt: now, subject, role }),
  when: 'unconditional',
})

/** Whether a login has the role ADMIN now. */
export const isStaff = async (table: Table, subject: string): Promise<boolean> =>
  (await table.get(userKey(subject), { consistent: true }))?.role === 'ADMIN'
