import { listNotices } from '#operations/accounts'
import { defaultLimit } from '#operations/fields'
import { loadAccount } from '#runtime/account'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { decodeCursor, encodeCursor } from '#table/cursor'
import { listNotices as listStored } from '#table/notices'

const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString())

export const run: Run<typeof listNotices> = async (input, deps) => {
  const { id } = await loadAccount(input, deps)
  const list = `notices ${id}`
  const before = decodeCursor(list, input.query.cursor)
  const { notices, more } = await listStored(deps.table, id, {
    limit: Number(input.query.limit ?? defaultLimit),
    ...(before && { before }),
  })
  const last = notices.at(-1)
  return {
    data: notices.map(({ id: noticeId, kind, feature, used, limit, resetsAt, data, createdAt }) => ({
      id: noticeId,
      kind,
      feature: feature ?? null,
      used: used ?? null,
      limit: limit ?? null,
      resetsAt: iso(resetsAt),
      data: data ?? null,
      createdAt: new Date(createdAt).toISOString(),
    })),
    nextCursor: more && last ? encodeCursor(list, last.id) : null,
  }
}

export const handler = httpHandler(listNotices, run, live(catalogue))
