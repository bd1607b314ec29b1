import { createHash } from 'node:crypto'
import * as z from 'zod/mini'
import { scopes } from '#operations/definition'
import { directoryPage, directoryRows, rowsOfEntries } from './directory.ts'
import { apiKeyKey, keyDirectory } from './keys.ts'
import { absent, both, lacks, present, type Table, type Write } from './port.ts'
import { read, stored, toItem } from './stored.ts'

const apiKey = z.object({
  ...stored,
  id: z.string(),
  /** SHA-256 of the key, hex: the key itself is nowhere. */
  hash: z.string(),
  name: z.string(),
  scopes: z.array(z.enum(scopes)),
  lastUsedAt: z.exactOptional(z.int()),
  revokedAt: z.exactOptional(z.int()),
})
export type ApiKey = z.output<typeof apiKey>

/** An hour's precision is enough for "last used", and costs one write an hour. */
const lastUsedStepMs = 3_600_000

/** What stands for a key in the table: 256 random bits need no salt. */
export const hashOfKey = (key: string): string => createHash('sha256').update(key).digest('hex')

export async function findApiKey(table: Table, hash: string): Promise<ApiKey | undefined> {
  const item = await table.get(apiKeyKey(hash))
  return item && read(apiKey, item)
}

export function putApiKeyWrite(key: ApiKey): Write {
  const body = { ...key, gsi1pk: keyDirectory, gsi1sk: key.id }
  return { kind: 'put', item: toItem('apiKey', apiKeyKey(key.hash), body), when: absent }
}

/** Keys by id, newest first. */
export async function listApiKeys(
  table: Table,
  page: { limit: number; before?: string },
): Promise<{ keys: ApiKey[]; more: boolean }> {
  const answer = await directoryPage(table, {
    pk: keyDirectory,
    descending: true,
    limit: page.limit + 1,
    ...(page.before && { sk: { to: page.before } }),
  })
  const entries = answer.entries.filter(({ position }) => position !== page.before)
  const rows = await rowsOfEntries(table, entries.slice(0, page.limit))
  return {
    keys: rows.map((item) => read(apiKey, item)),
    more: entries.length > page.limit || answer.next !== undefined,
  }
}

export async function findApiKeyById(table: Table, id: string): Promise<ApiKey | undefined> {
  const { rows } = await directoryRows(table, { pk: keyDirectory, sk: { from: id, to: id }, limit: 1 })
  return rows[0] && read(apiKey, rows[0])
}

/** Revoked once; a second time is refused by the condition and changes nothing. */
export const revokeApiKeyWrite = (key: ApiKey, now: number): Write => ({
  kind: 'update',
  key: apiKeyKey(key.hash),
  set: { revokedAt: now, updatedAt: now },
  when: both(present, lacks('revokedAt')),
})

/** Undefined while the last note is recent enough. */
export function noteUse(key: ApiKey, now: number): Write | undefined {
  if (key.lastUsedAt !== undefined && now < key.lastUsedAt + lastUsedStepMs) return undefined
  return { kind: 'update', key: apiKeyKey(key.hash), set: { lastUsedAt: now }, when: present }
}

const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString())

/** A key as staff see it: never its hash. */
export const apiKeyView = ({ id, name, scopes: held, createdAt, lastUsedAt, revokedAt }: ApiKey) => ({
  id,
  name,
  scopes: held,
  createdAt: new Date(createdAt).toISOString(),
  lastUsedAt: iso(lastUsedAt),
  revokedAt: iso(revokedAt),
})
