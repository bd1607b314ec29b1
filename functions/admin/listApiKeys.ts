import { listApiKeys } from '#operations/admin'
import { defaultLimit } from '#operations/fields'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { apiKeyView, listApiKeys as listStored } from '#table/apiKeys'
import { decodeCursor, encodeCursor } from '#table/cursor'

const list = 'api-keys'

export const run: Run<typeof listApiKeys> = async ({ query }, deps) => {
  const before = decodeCursor(list, query.cursor)
  const { keys, more } = await listStored(deps.table, {
    limit: Number(query.limit ?? defaultLimit),
    ...(before && { before }),
  })
  const last = keys.at(-1)
  return { data: keys.map(apiKeyView), nextCursor: more && last ? encodeCursor(list, last.id) : null }
}

export const handler = httpHandler(listApiKeys, run, live())
