import { guardOfId, idOf } from '#domain/guard'
import { notFound } from '#errors/problem'
import { commitReservation } from '#operations/credits'
import { callOf } from '#runtime/guarded'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { reservationView } from '#runtime/reservation'
import type { Run } from '#runtime/run'
import { moveCredits } from '#runtime/wallet'

export const run: Run<typeof commitReservation> = (input, deps) => {
  const { reservationId: id } = input.params
  const { amount, allowAboveHold = false, reason } = input.body ?? {}
  const guard = guardOfId('rsv', id)
  if (!guard) throw notFound('reservation')
  return moveCredits(deps, {
    accountId: input.accountId,
    guard,
    call: callOf(input),
    readPrior: true,
    kind: 'commit',
    request: ({ prior }) => ({
      id,
      allowAboveHold,
      ...(amount !== undefined && { amount }),
      ...(reason !== undefined && { reason }),
      ...(prior && { prior: prior.entry }),
    }),
    answer: ({ taken, entry, ...reservation }) => ({
      ...reservationView(reservation),
      committed: taken,
      deductionId: idOf('ded', entry.createdAt, guard),
      entryId: entry.id,
    }),
  })
}

export const handler = httpHandler(commitReservation, run, live())
