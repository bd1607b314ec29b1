import { guardOfId } from '#domain/guard'
import { notFound } from '#errors/problem'
import { releaseReservation } from '#operations/credits'
import { callOf } from '#runtime/guarded'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { reservationView } from '#runtime/reservation'
import type { Run } from '#runtime/run'
import { moveCredits } from '#runtime/wallet'

export const run: Run<typeof releaseReservation> = (input, deps) => {
  const { reservationId: id } = input.params
  const guard = guardOfId('rsv', id)
  if (!guard) throw notFound('reservation')
  return moveCredits(deps, {
    accountId: input.accountId,
    guard,
    call: callOf(input),
    readPrior: true,
    kind: 'release',
    request: ({ prior }) => ({ id, ...(prior && { prior: prior.entry }) }),
    answer: reservationView,
  })
}

export const handler = httpHandler(releaseReservation, run, live())
