import { unsuspendUser } from '#operations/admin'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { setSuspended } from '#runtime/suspension'

export const run: Run<typeof unsuspendUser> = (input, deps) =>
  setSuspended(deps, unsuspendUser, input, { userId: input.params.userId, suspended: false, reason: input.body.reason })

export const handler = httpHandler(unsuspendUser, run, live(catalogue))
