import { maxClaimed, planClaim } from '#domain/paymentClaim'
import { purchaseView } from '#domain/purchaseView'
import { notFound, Problem } from '#errors/problem'
import { claimSession } from '#operations/purchases'
import { accountFor } from '#runtime/billingProfile'
import { again, contend } from '#runtime/contend'
import { callOf } from '#runtime/guarded'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { writePayment } from '#runtime/settlePayment'
import { hashOfKey } from '#table/apiKeys'
import { purchaseKey } from '#table/keys'
import { listPurchases } from '#table/purchases'
import { claimSessionWrite, findSession } from '#table/sessions'

export const run: Run<typeof claimSession> = async (input, deps) => {
  const { accountId } = input
  const hash = hashOfKey(input.body.sessionToken)
  const session = await findSession(deps.table, hash, { consistent: true })
  if (!session) throw notFound('session')
  // Whoever claims has an account from now on: its first write makes it.
  await accountFor(deps, input)
  return contend(deps, async () => {
    const { purchases, more } = await listPurchases(deps.table, session.accountId, { limit: maxClaimed })
    const plan = planClaim(session.accountId, accountId, purchases)
    const claim = claimSessionWrite(hash, accountId, deps.clock.now())
    const gone = plan.moved.map(({ id }) => ({
      kind: 'delete' as const,
      key: purchaseKey(session.accountId, id),
      when: { op: 'present' as const, attr: 'pk' },
    }))
    const outcome = await writePayment(deps, plan.writes, callOf(input), undefined, [claim, ...gone])
    if (!outcome.committed) {
      const now = await findSession(deps.table, hash, { consistent: true })
      if (now?.claimedBy !== undefined && now.claimedBy !== accountId)
        throw new Problem('conflict', 'Another account has claimed this session.')
      return again
    }
    if (more) return again
    const { purchases: own } = await listPurchases(deps.table, accountId, { limit: 100 })
    return { purchases: own.map(purchaseView) }
  })
}

export const handler = httpHandler(claimSession, run, live(catalogue))
