import { guardOf, guardOfId, idOf } from '#domain/guard'
import { notFound } from '#errors/problem'
import { refundCredits } from '#operations/credits'
import { callOf } from '#runtime/guarded'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { moveCredits } from '#runtime/wallet'
import { operationKey, tallyKey } from '#table/keys'
import { putTallyWrite, readTally } from '#table/usage'
import { isEntry, readEntry } from '#table/wallets'

export const run: Run<typeof refundCredits> = async (input, deps) => {
  const { accountId } = input
  const { deductionId, amount, reason = 'Refund' } = input.body
  const origin = guardOfId('ded', deductionId)
  const row = origin && (await deps.table.get(operationKey(accountId, origin), { consistent: true }))
  // Credits of usage come back with the usage, by its own id.
  if (!origin || !row || !isEntry(row) || row.feature !== undefined) throw notFound('deduction')
  const { entry } = readEntry(row)
  // The whole id, not its guard alone: nobody makes one up from another record's.
  if (idOf('ded', entry.createdAt, origin) !== deductionId) throw notFound('deduction')
  const guard = guardOf(input.key.class, refundCredits.id, input.key.text)
  return moveCredits(deps, {
    accountId,
    guard,
    call: callOf(input),
    // The tally is what keeps two refunds of one deduction from giving back more than it took.
    tally: tallyKey(accountId, origin),
    kind: 'refund',
    request: ({ tally }) => ({
      guard,
      entry,
      ...(amount !== undefined && { amount }),
      returned: tally ? readTally(tally).credits : 0,
      reason,
    }),
    answer: ({ entry: booked, balance }) => ({
      id: idOf('rfn', booked.createdAt, guard),
      deductionId,
      amount: booked.amount,
      balance,
      entryId: booked.id,
    }),
    beside: ({ returned }, { tally, now }) => [
      putTallyWrite(accountId, origin, { quantity: 0, credits: returned }, tally && readTally(tally), now),
    ],
  })
}

export const handler = httpHandler(refundCredits, run, live())
