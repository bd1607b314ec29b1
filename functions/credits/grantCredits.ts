import { guardOf } from '#domain/guard'
import { grantCredits } from '#operations/credits'
import { callOf } from '#runtime/guarded'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { moveCredits } from '#runtime/wallet'

export const run: Run<typeof grantCredits> = (input, deps) => {
  const { amount, priority, reason } = input.body
  const expiresAt = input.body.expiresAt === undefined ? null : Date.parse(input.body.expiresAt)
  const guard = guardOf(input.key.class, grantCredits.id, input.key.text)
  return moveCredits(deps, {
    accountId: input.accountId,
    guard,
    call: callOf(input),
    kind: 'grant',
    request: () => ({ guard, amount, expiresAt, priority, reason }),
    answer: ({ entry, grantId, balance }) => ({
      id: grantId,
      amount,
      expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
      priority,
      balance,
      entryId: entry.id,
    }),
  })
}

export const handler = httpHandler(grantCredits, run, live())
