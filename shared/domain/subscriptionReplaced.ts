import { Problem } from '#errors/problem'
import type { PaymentWrite } from './paymentWrite.ts'
import { creditWorth } from './planChange.ts'
import { type AccountCredit, noCredit, planCredit } from './settlementCredit.ts'
import { withoutRenewal } from './subscriptionEnd.ts'
import { accessEndOf, type BoughtSubscription, presentPeriod, statusAt } from './subscriptionState.ts'
import { noticeOf, type SubscriptionScene, written } from './subscriptionWrite.ts'

export interface ReplacedPlan {
  subscription: BoughtSubscription
  /** Its row, its notice, and what is left of its money. Account and wallet are the given plan's. */
  writes: PaymentWrite[]
  /** What became account credit, minor units. */
  creditMinor: number
}

/**
 * A bought subscription in whose place staff give a plan: over for good, what is being charged for it goes back, what is left of
 * its money is account credit, and use beyond it is still owed. One that was over, and that no job had tidied yet, ended when
 * it ended.
 * @throws Problem `conflict` where staff did not say that it is to be replaced.
 */
export function planReplaced(
  scene: SubscriptionScene,
  { asked, credit }: { asked: boolean; credit: AccountCredit | undefined },
  now: number,
): ReplacedPlan {
  const { account, subscription: seen } = scene
  const { status, access } = statusAt(seen, now)
  if (access && !asked)
    throw new Problem(
      'conflict',
      'The account has a plan that was bought: `replace` it, and its rest is account credit.',
    )
  const present = presentPeriod(seen, now)
  const creditMinor = access ? creditWorth(present, now) : 0
  const next = access ? replaced(present, now) : { ...withoutRenewal(seen), status, endedAt: accessEndOf(seen) ?? now }
  const reason = access ? 'replaced' : status
  const { subscription, writes } = written(
    scene,
    {
      next,
      beside: [
        noticeOf(account.id, 'subscription.ended', next, { reason }),
        ...keptCredit(credit ?? noCredit(account.id, seen.currency), seen, creditMinor, now),
      ],
    },
    now,
  )
  const own = new Set<PaymentWrite['row']>(['subscription', 'notice', 'credit'])
  return { subscription, writes: writes.filter(({ row }) => own.has(row)), creditMinor }
}

/** Its money is gone from it, so that nothing of it is taken up, credited or given back again. */
function replaced(present: BoughtSubscription, now: number): BoughtSubscription {
  const { ahead: _credited, earlier: _money, ...rest } = withoutRenewal(present)
  return { ...rest, status: 'canceled', canceledAt: now, endedAt: now, paidMinor: 0, replaced: true }
}

function keptCredit(
  credit: AccountCredit,
  { id, paymentId }: BoughtSubscription,
  amountMinor: number,
  now: number,
): PaymentWrite[] {
  if (amountMinor === 0) return []
  const change = planCredit(credit, { cause: 'surplus', amountMinor, paymentId, about: id }, now)
  if (!change) throw new Error('what is left of a plan makes no credit smaller')
  return [{ row: 'credit', change }]
}
