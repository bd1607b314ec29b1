import { maxClaimed, planClaim } from '#domain/paymentClaim'
import { purchaseView } from '#domain/purchaseView'
import { notFound, Problem } from '#errors/problem'
import { claimSession } from '#operations/purchases'
import { accountFor } from '#runtime/billingProfile'
import { again, contend } from '#runtime/contend'
import type { Deps } from '#runtime/deps'
import { callOf } from '#runtime/guarded'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { writePayment } from '#runtime/paymentCommit'
import type { Input, Run } from '#runtime/run'
import { hashOfKey } from '#table/apiKeys'
import { putClaimWrite } from '#table/claims'
import { listPurchases } from '#table/purchases'
import { claimSessionWrite, findSession, type Session } from '#table/sessions'

/** What settles after the mark goes to the claimer by itself; whatever settled before it is there when all is read after it. */
export const run: Run<typeof claimSession> = async (input, deps) => {
  const { accountId } = input
  const session = await findSession(deps.table, hashOfKey(input.body.sessionToken), { consistent: true })
  if (!session) throw notFound('session')
  // Whoever claims has an account from now on: its first write makes it.
  await accountFor(deps, input)
  await contend(deps, () => claimPage(input, deps, session, { isMarking: true }))
  let before: string | undefined
  do before = await contend(deps, () => claimPage(input, deps, session, { before }))
  while (before !== undefined)
  const { purchases } = await listPurchases(deps.table, accountId, { limit: 100, consistent: true })
  return { purchases: purchases.map(purchaseView) }
}

interface ClaimedPage {
  before?: string | undefined
  /** The mark goes with a page, so that a claim of few purchases happens at once. */
  isMarking?: true
}

/** Moves what is unclaimed of a page of the visitor's purchases; answers from where the next one goes on. */
async function claimPage(input: Input, deps: Deps, session: Session, { before, isMarking }: ClaimedPage) {
  const { hash, accountId: visitor } = session
  const page = { limit: maxClaimed, consistent: true, ...(before !== undefined && { before }) }
  const { purchases, more } = await listPurchases(deps.table, visitor, page)
  const { writes } = planClaim(visitor, input.accountId, purchases)
  const now = deps.clock.now()
  const mark = [claimSessionWrite(hash, input.accountId, now), putClaimWrite(visitor, input.accountId, now)]
  const outcome = await writePayment(deps, writes, callOf(input), undefined, isMarking ? mark : [])
  if (outcome.committed) return more ? purchases.at(-1)?.id : undefined
  const stored = await findSession(deps.table, hash, { consistent: true })
  if (stored?.claimedBy !== undefined && stored.claimedBy !== input.accountId)
    throw new Problem('conflict', 'Another account has claimed this session.')
  return again
}

export const handler = httpHandler(claimSession, run, live(catalogue))
