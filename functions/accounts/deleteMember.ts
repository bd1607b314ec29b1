import { deleteMember } from '#operations/members'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { deleteMember as remove } from '#runtime/members'
import type { Run } from '#runtime/run'

export const run: Run<typeof deleteMember> = async (input, deps) => {
  await remove(deps, input, input.params.userId)
  return undefined
}

export const handler = httpHandler(deleteMember, run, live(catalogue))
