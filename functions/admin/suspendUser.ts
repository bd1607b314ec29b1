import { suspendUser } from '#operations/admin'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { setSuspended } from '#runtime/suspension'

export const run: Run<typeof suspendUser> = (input, deps) =>
  setSuspended(deps, suspendUser, input, { userId: input.params.userId, suspended: true, reason: input.body.reason })

export const handler = httpHandler(suspendUser, run, live(catalogue))
