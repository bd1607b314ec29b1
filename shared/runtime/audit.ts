import { type AuditEntry, auditWrite } from '#table/audit'
import type { Write } from '#table/port'
import type { Deps } from './deps.ts'
import type { Identity, Input } from './run.ts'

type What = Pick<
  AuditEntry,
  'action' | 'entity' | 'entityId' | 'reason' | 'before' | 'after' | 'method' | 'path' | 'status'
>

/** The audit entry of a call, for the transaction of its change. */
export const auditOf = (
  { identity, requestId }: Pick<Input, 'identity' | 'requestId'>,
  deps: Pick<Deps, 'clock' | 'ids'>,
  what: What,
): Write =>
  auditWrite(
    { ...what, actor: actorOf(identity), requestId, address: identity.address, userAgent: identity.userAgent },
    { now: deps.clock.now(), real: deps.clock.real() },
    deps.ids.random(),
  )

const actorOf = ({ kind, subject, keyId, email }: Identity): AuditEntry['actor'] => ({
  id: keyId ?? subject ?? '',
  role: kind === 'staff' ? 'ADMIN' : kind,
  ...(kind === 'staff' && email !== undefined && { email }),
})
