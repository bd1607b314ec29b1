import { findPrice, termsAt } from '#domain/catalogueTerms'
import { couponKey, findCoupon } from '#domain/coupon'
import { manualDiscountFor } from '#domain/discount'
import { chargeRule, type PaymentProvider } from '#domain/moneyCharge'
import { couponOf } from '#domain/orderPurchase'
import type { ChangeInput } from '#domain/planChangeCheckout'
import type { ChangeQuote } from '#domain/planChangeQuote'
import type { Subscription } from '#domain/subscription'
import { type BoughtSubscription, isBought, presentPeriod } from '#domain/subscriptionState'
import { taxRuleFor } from '#domain/tax'
import type { PlanTerms } from '#domain/terms'
import { notFound, Problem } from '#errors/problem'
import { findAccountCredit } from '#table/accountCredit'
import { currentCatalogue } from '#table/catalogue'
import { couponCount, openManualDiscounts } from '#table/discounts'
import { loadAccount } from './account.ts'
import { billingCountry } from './billingProfile.ts'
import type { Deps } from './deps.ts'
import { termsOfPlan } from './planTerms.ts'
import { providerOf } from './provider.ts'
import type { Input } from './run.ts'
import type { StoredMethod } from './savedMethod.ts'
import { presentSubscription } from './subscription.ts'

/** What a change is asked for, as far as its price goes. */
export interface WantedChange {
  priceId: string
  couponCode?: string
}

export interface LoadedChange {
  input: ChangeInput
  provider: PaymentProvider
  couponMax?: number
}

/** Reads what a change rests on, consistently: money is decided on it. `quote`: the terms are those of its time. */
export async function loadChange(
  deps: Deps,
  call: Input,
  { priceId, couponCode }: WantedChange,
  now: number,
  { quote, method }: { quote?: ChangeQuote | undefined; method?: StoredMethod | undefined } = {},
): Promise<LoadedChange> {
  const [published, settings, account] = await Promise.all([
    currentCatalogue(deps.table),
    deps.settings(),
    loadAccount(call, deps, { consistent: true }),
  ])
  const to = await termsTo(deps, published, priceId, quote)
  const stored = await presentSubscription(deps, account)
  // A period that was paid ahead has begun at its time, also where no job has written it.
  const subscription = stored && isBought(stored) ? presentPeriod(stored, now) : stored
  const { planId, currency } = to
  const [from, redeemed, openDiscounts, credit, country, provider] = await Promise.all([
    termsFrom(deps, subscription, to),
    couponCode === undefined ? 0 : couponCount(deps.table, couponKey(couponCode)),
    openManualDiscounts(deps.table, account.id),
    findAccountCredit(deps.table, account.id, currency),
    billingCountry(deps, account),
    method?.provider ?? providerOf(deps, settings, published, currency),
  ])
  const rule = chargeRule(provider, currency)
  if (!rule) throw new Problem('conflict', `${provider} does not charge ${currency}.`)
  // What a quote promised holds; its coupon is counted again, and no more.
  const found = quote
    ? { coupon: undefined }
    : couponOf({ published, redeemed }, { ...(couponCode !== undefined && { couponCode }) }, { planId, currency }, now)
  if ('detail' in found) throw new Problem(found.code, found.detail)
  const { coupon } = found
  const couponMax = couponCode === undefined ? undefined : findCoupon(published.catalogue, couponCode)?.maxRedemptions
  const manual = manualDiscountFor(openDiscounts, { planId, currency }, now)
  return {
    provider,
    ...(couponMax !== undefined && { couponMax }),
    input: {
      account,
      subscription,
      from,
      to,
      openDiscounts,
      tax: taxRuleFor(settings.tax, country),
      rule,
      ...(coupon && { coupon }),
      ...(manual && { manual }),
      ...(credit && { credit }),
    },
  }
}

type Published = Awaited<ReturnType<typeof currentCatalogue>>

async function termsTo(deps: Deps, published: Published, priceId: string, quote?: ChangeQuote): Promise<PlanTerms> {
  if (quote) return termsOfPlan(deps, quote)
  const found = findPrice(published.catalogue, priceId)
  if (!found) throw notFound('price')
  return termsAt(published, found)
}

/** Without a subscription the rules refuse before they look at it. */
const termsFrom = async (
  deps: Deps,
  subscription: Subscription | BoughtSubscription | undefined,
  to: PlanTerms,
): Promise<PlanTerms> => (subscription ? termsOfPlan(deps, subscription) : to)
