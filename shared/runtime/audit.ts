import { type AuditEntry, auditWrite } from '#table/audit'
import type { Write } from '#table/port'
import type { Deps } from './deps.ts'
import type { Identity, Input } from './run.ts'

type What = Pick<
  AuditEntry,
  'action' | 'entity' | 'entityId' | 'accountId' | 'reason' | 'before' | 'after' | 'method' | 'path' | 'status'
>

/** The audit entry of a call, for the transaction of its change. It is about the call's account, where `what` names no other. */
export const auditOf = (
  { identity, requestId, accountId }: Pick<Input, 'identity' | 'requestId' | 'accountId'>,
  deps: Pick<Deps, 'clock' | 'ids'>,
  what: What,
): Write => {
  const { address, userAgent } = identity
  const about = accountId === '' ? {} : { accountId }
  return auditWrite(
    { ...about, ...what, actor: actorOf(identity), requestId, address, userAgent },
    { now: deps.clock.now(), real: deps.clock.real() },
    deps.ids.random(),
  )
}

const actorOf = ({ kind, subject, keyId, email }: Identity): AuditEntry['actor'] => ({
  id: keyId ?? subject ?? '',
  role: kind === 'staff' ? 'ADMIN' : kind,
  ...(kind === 'staff' && email !== undefined && { email }),
})
