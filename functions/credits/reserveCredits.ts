import { guardOf } from '#domain/guard'
import { reserveCredits } from '#operations/credits'
import { callOf } from '#runtime/guarded'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { reservationView } from '#runtime/reservation'
import type { Run } from '#runtime/run'
import { moveCredits } from '#runtime/wallet'

export const run: Run<typeof reserveCredits> = (input, deps) => {
  const { amount, expiresInSeconds, reason } = input.body
  const guard = guardOf(input.key.class, reserveCredits.id, input.key.text)
  return moveCredits(deps, {
    accountId: input.accountId,
    guard,
    call: callOf(input),
    // The entry under the guard is the commit of this very hold, which a repeated reserve answers from.
    readPrior: true,
    kind: 'reserve',
    request: ({ prior, now }) => ({
      guard,
      amount,
      expiresAt: now + expiresInSeconds * 1000,
      requestHash: input.requestHash,
      reason,
      ...(prior && { prior: prior.entry }),
    }),
    answer: reservationView,
  })
}

export const handler = httpHandler(reserveCredits, run, live())
