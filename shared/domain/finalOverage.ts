import { isInFlight, type Payment } from './payment.ts'
import { retryHours, unansweredMs } from './subscriptionDue.ts'
import type { FinalOverage } from './subscriptionState.ts'
import { type SubscriptionPlan, type SubscriptionScene, unchanged, written } from './subscriptionWrite.ts'
import { dayMs } from './zone.ts'

/** Nobody is charged: a later look may find the account free to be. */
export const overageWaitMs = dayMs

/**
 * Writes when what a subscription may owe after its end is looked at next (undefined: nothing is owed any more), on the
 * state that was seen: another worker that was there first has decided, and this changes nothing.
 */
export function planOverage(
  scene: SubscriptionScene,
  seen: FinalOverage,
  next: FinalOverage | undefined,
  now: number,
): SubscriptionPlan {
  const { finalOverage: stored, ...subscription } = scene.subscription
  if (!stored || stored.at !== seen.at || stored.paymentId !== seen.paymentId) return unchanged(scene)
  return written(scene, { next: { ...subscription, ...(next && { finalOverage: next }) } }, now)
}

/** The charge is about to be asked for: its payment is named before the provider hears of it, so that it is found again. */
export const overageStarted = ({ failed }: FinalOverage, paymentId: string, now: number): FinalOverage => ({
  at: now + unansweredMs,
  paymentId,
  ...(failed !== undefined && { failed }),
})

/**
 * After a charge that came to nothing, or could not be begun: a day later again, as often as a renewal is. Then it waits
 * for the next order, or for a window that is still open.
 */
export function overageFailed(
  { failed = 0 }: FinalOverage,
  nextWindowAt: number | undefined,
  now: number,
  retries: number = retryHours.length,
): FinalOverage {
  const count = failed + 1
  const at = count <= retries ? now + dayMs : (nextWindowAt ?? null)
  return { at, failed: count }
}

/** What became of its payment; `unheard`: nobody asked for it, or nobody heard what came of it. */
export function overageOutcome(payment: Payment): 'settled' | 'failed' | 'processing' | 'unheard' {
  if (payment.settled) return 'settled'
  if (isInFlight(payment)) return 'processing'
  return payment.progress === 'failed' || payment.progress === 'expired' ? 'failed' : 'unheard'
}
