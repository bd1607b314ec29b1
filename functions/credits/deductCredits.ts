import { guardOf, idOf } from '#domain/guard'
import { deductCredits } from '#operations/credits'
import { callOf } from '#runtime/guarded'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { moveCredits } from '#runtime/wallet'

export const run: Run<typeof deductCredits> = (input, deps) => {
  const { amount, reason, metadata } = input.body
  const guard = guardOf(input.key.class, deductCredits.id, input.key.text)
  return moveCredits(deps, {
    accountId: input.accountId,
    guard,
    call: callOf(input),
    kind: 'deduct',
    request: () => ({ guard, amount, reason }),
    answer: ({ entry, balance }) => ({ id: idOf('ded', entry.createdAt, guard), amount, balance, entryId: entry.id }),
    own: { metadata },
  })
}

export const handler = httpHandler(deductCredits, run, live())
