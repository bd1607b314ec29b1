import { putMember } from '#operations/members'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { memberView, putMember as put } from '#runtime/members'
import type { Run } from '#runtime/run'

export const run: Run<typeof putMember> = async (input, deps) =>
  memberView(await put(deps, input, input.params.userId, input.body.role))

export const handler = httpHandler(putMember, run, live(catalogue))
