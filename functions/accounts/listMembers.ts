import { defaultLimit } from '#operations/fields'
import { listMembers } from '#operations/members'
import { loadAccount } from '#runtime/account'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { memberView } from '#runtime/members'
import type { Run } from '#runtime/run'
import { decodeCursor, encodeCursor } from '#table/cursor'
import { listMembers as listStored } from '#table/members'

export const run: Run<typeof listMembers> = async (input, deps) => {
  const { id } = await loadAccount(input, deps)
  const list = `members ${id}`
  const after = decodeCursor(list, input.query.cursor)
  const { members, more } = await listStored(deps.table, id, {
    limit: Number(input.query.limit ?? defaultLimit),
    ...(after !== undefined && { after }),
  })
  const last = members.at(-1)
  return { data: members.map(memberView), nextCursor: more && last ? encodeCursor(list, last.userId) : null }
}

export const handler = httpHandler(listMembers, run, live(catalogue))
