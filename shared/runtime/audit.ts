import { type AuditEntry, auditWrite } from '#table/audit'
import type { Write } from '#table/port'
import type { Deps } from './deps.ts'
import type { Input } from './run.ts'

/** The audit entry of a staff call, for the transaction of its change. */
export const staffAudit = (
  { identity, requestId }: Pick<Input, 'identity' | 'requestId'>,
  deps: Pick<Deps, 'clock' | 'ids'>,
  what: Pick<AuditEntry, 'action' | 'entity' | 'entityId' | 'reason' | 'before' | 'after'>,
): Write =>
  auditWrite(
    {
      ...what,
      actor: { id: identity.subject ?? '', role: 'ADMIN' },
      requestId,
      address: identity.address,
      userAgent: identity.userAgent,
    },
    { now: deps.clock.now(), real: deps.clock.real() },
    deps.ids.random(),
  )
