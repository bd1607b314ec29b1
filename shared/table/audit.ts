import { ulidOf } from '#domain/guard'
import { auditDirectory, auditedPk, auditPk } from './keys.ts'
import { absent, type Item, type Table, type Value, type Write } from './port.ts'
import { toItem } from './stored.ts'

/** One staff call, or one change of account, subscription, key or setting. Secrets never enter `before` and `after`. */
export interface AuditEntry {
  action: string
  entity: string
  entityId: string
  /** Whose business it is: the account's export has it. */
  accountId?: string
  /** `email` as the identity provider's token says it, of staff only. */
  actor: { id: string; role: string; email?: string }
  requestId: string
  /** Of calls over HTTP. */
  method?: string
  path?: string
  address?: string
  userAgent?: string
  /** HTTP status; absent on an entry in the transaction of its change, which is there only because it was done. */
  status?: number
  reason?: string
  before?: Record<string, Value>
  after?: Record<string, Value>
}

const keptSeconds = 400 * 86_400

/** In the transaction of the change it tells of. */
export function auditWrite(entry: AuditEntry, at: { now: number; real: number }, random: string): Write {
  const id = `aud_${ulidOf(at.real, random)}`
  const day = new Date(at.real).toISOString().slice(0, 10)
  // Every item's own `entity` says what the item is, so what the entry is about has a name beside it.
  const { entity: entityType, ...rest } = entry
  const body = {
    v: 1,
    createdAt: at.real,
    updatedAt: at.real,
    businessAt: at.now,
    ttl: Math.ceil(at.real / 1000) + keptSeconds,
    id,
    entityType,
    ...rest,
    gsi1pk: auditDirectory(day.slice(0, 7)),
    gsi1sk: id,
    ...(entry.accountId !== undefined && { gsi2pk: auditedPk(entry.accountId), gsi2sk: id }),
  }
  return { kind: 'put', item: toItem('audit', { pk: auditPk(day), sk: id }, body), when: absent }
}

/** BatchGetItem takes 100 keys. */
const readAtOnce = 100

/** The entries about an account, oldest first, from behind an id. The index may lag: what was written a moment ago may be missing. */
export async function* auditOfAccount(table: Table, accountId: string, after?: string): AsyncGenerator<Item> {
  let next: Record<string, string> | undefined
  do {
    const page = await table.query({
      index: 'gsi2',
      pk: auditedPk(accountId),
      ...(after !== undefined && { sk: { from: after } }),
      limit: readAtOnce,
      ...(next && { after: next }),
    })
    const keys = page.items.filter(({ sk }) => sk !== after).map(({ pk, sk }) => ({ pk, sk }))
    const found = keys.length === 0 ? [] : await table.batchGet(keys)
    for (const item of found) if (item) yield item
    next = page.next
  } while (next)
}
