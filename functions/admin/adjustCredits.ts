import { guardOf } from '#domain/guard'
import { adjustCredits } from '#operations/admin'
import { auditOf } from '#runtime/audit'
import { callOf } from '#runtime/guarded'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { moveCredits } from '#runtime/wallet'

export const run: Run<typeof adjustCredits> = (input, deps) => {
  const { amount, reason } = input.body
  const guard = guardOf(input.key.class, adjustCredits.id, input.key.text)
  return moveCredits(deps, {
    accountId: input.accountId,
    guard,
    call: callOf(input),
    kind: 'adjust',
    request: () => ({ guard, amount, reason }),
    answer: ({ entry, balance }) => ({ entryId: entry.id, amount, balance }),
    beside: ({ entry }) => [
      auditOf(input, deps, {
        action: 'adjustCredits',
        entity: 'account',
        entityId: input.accountId,
        reason,
        after: { amount, entryId: entry.id },
      }),
    ],
  })
}

export const handler = httpHandler(adjustCredits, run, live())
