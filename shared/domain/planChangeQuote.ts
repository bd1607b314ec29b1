import type { Order } from './order.ts'
import { creditUsed } from './order.ts'
import { isSameCoupon, quoteLifeMs } from './orderQuote.ts'
import type { ChangePlan } from './planChange.ts'
import { type BoughtSubscription, groundOf, statusAt } from './subscriptionState.ts'
import { mayHappen } from './subscriptionTransition.ts'
import { isoOf } from './time.ts'

/** What a preview shows, in the order of the sum. Amounts are minor units; credits and discounts are below zero. */
export interface PreviewLine {
  kind: 'credit' | 'charge' | 'discount' | 'tax' | 'account_credit'
  description: string
  amount: number
}

type Now = Extract<ChangePlan, { kind: 'now' }>
type Scheduled = Extract<ChangePlan, { kind: 'scheduled' }>

/** Lines whose sum is the total. Tax that prices contain is in their lines. A kept surplus is an account credit above zero. */
export function previewLines({ lines, taxes, adjustments }: Order): PreviewLine[] {
  return [
    ...lines.flatMap(({ description, grossMinor, discounts }): PreviewLine[] => [
      { kind: grossMinor < 0 ? 'credit' : 'charge', description, amount: grossMinor },
      ...discounts.map(({ label, amountMinor }) => ({
        kind: 'discount' as const,
        description: label,
        amount: -amountMinor,
      })),
    ]),
    ...taxes.flatMap(({ name, rate, inclusive, taxMinor }): PreviewLine[] =>
      inclusive || taxMinor === 0 ? [] : [{ kind: 'tax', description: `${name} ${rate} %`, amount: taxMinor }],
    ),
    ...adjustments.map(
      ({ kind, amountMinor }): PreviewLine =>
        kind === 'rounding'
          ? { kind: 'discount', description: 'Rounding', amount: amountMinor }
          : { kind, description: amountMinor < 0 ? 'Account credit' : 'Kept as account credit', amount: amountMinor },
    ),
  ]
}

/** A change as `POST /subscription/preview` answers it; `token` is the sealed quote's. */
export const previewView = (plan: Now | Scheduled, currency: string, token: string) => ({
  lines: plan.kind === 'now' ? previewLines(plan.order) : [],
  total: plan.kind === 'now' ? plan.order.dueMinor : 0,
  currency,
  effectiveAt: isoOf(plan.effectiveAt),
  daysRemaining: plan.daysRemaining,
  token,
})

/** What a sealed token carries: a change that brings it pays these very amounts. */
export interface ChangeQuote {
  accountId: string
  subscriptionId: string
  priceId: string
  catalogueVersion: number
  couponCode?: string
  manualDiscountId?: string
  plan: Now | Scheduled
  /** Epoch milliseconds; over at this very instant. */
  expiresAt: number
}

export const newChangeQuote = (quote: Omit<ChangeQuote, 'expiresAt'>, now: number): ChangeQuote => ({
  ...quote,
  expiresAt: now + quoteLifeMs,
})

/** `another_…`: what is asked for is not what the quote is of. */
export type ChangeQuoteFault = 'quote_expired' | 'another_change' | 'another_price' | 'another_coupon'

/**
 * Whether a quote holds for a request that it has completed (`askedWith`). It survives a new catalogue and a changed tax; not
 * a subscription that has moved on or is overdue, a discount that another order took, or account credit that was spent
 * meanwhile.
 */
export function changeQuoteFault(
  quote: ChangeQuote,
  request: { accountId: string; priceId: string; couponCode?: string },
  seen: { subscription: BoughtSubscription; creditMinor: number; takenDiscounts: readonly string[] },
  now: number,
): ChangeQuoteFault | undefined {
  if (quote.accountId !== request.accountId || quote.subscriptionId !== seen.subscription.id) return 'another_change'
  if (quote.priceId !== request.priceId) return 'another_price'
  if (!isSameCoupon(quote.couponCode, request.couponCode)) return 'another_coupon'
  const { plan, manualDiscountId } = quote
  if (now >= quote.expiresAt) return 'quote_expired'
  const moved = (plan.kind === 'now' ? plan.change.ground : plan.ground) !== groundOf(seen.subscription)
  const spent = plan.kind === 'now' && creditUsed(plan.order) > seen.creditMinor
  const taken = manualDiscountId !== undefined && seen.takenDiscounts.includes(manualDiscountId)
  // The end of what is paid moves nothing, and what is overdue is not changed.
  const isOver = !mayHappen('upgrade_paid', statusAt(seen.subscription, now).status)
  return moved || spent || taken || isOver ? 'quote_expired' : undefined
}
