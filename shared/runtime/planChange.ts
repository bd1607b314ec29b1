import * as z from 'zod/mini'
import { findPrice, termsAt } from '#domain/catalogueTerms'
import { couponKey, findCoupon } from '#domain/coupon'
import { manualDiscountFor } from '#domain/discount'
import { assertNotSuspended } from '#domain/entitlement'
import { chargeRule, type PaymentProvider } from '#domain/moneyCharge'
import { couponOf } from '#domain/orderPurchase'
import type { paymentView } from '#domain/paymentView'
import type { ChangePlan } from '#domain/planChange'
import {
  beginChange,
  type ChangeInput,
  type ChangeRefusal,
  priceChange,
  quotedChange,
} from '#domain/planChangeCheckout'
import { type ChangeQuote, newChangeQuote, previewView } from '#domain/planChangeQuote'
import type { Subscription } from '#domain/subscription'
import { planSchedule } from '#domain/subscriptionSchedule'
import type { BoughtSubscription } from '#domain/subscriptionState'
import { taxRuleFor } from '#domain/tax'
import type { PlanTerms } from '#domain/terms'
import { parseOwn } from '#errors/parse'
import { notFound, Problem } from '#errors/problem'
import type { HttpOperation } from '#operations/definition'
import { findAccountCredit } from '#table/accountCredit'
import { currentCatalogue } from '#table/catalogue'
import { couponCount, openManualDiscounts } from '#table/discounts'
import { loadAccount } from './account.ts'
import { auditOf } from './audit.ts'
import { billingCountry } from './billingProfile.ts'
import { type Asked, askFor } from './buy.ts'
import { type Begun, beginPayment, begunBefore, checkoutKeyOf } from './checkout.ts'
import type { Deps } from './deps.ts'
import { viewOf } from './paymentViews.ts'
import { termsOfPlan } from './planTerms.ts'
import { providerOf } from './provider.ts'
import { type Input, type Reply, replayed } from './run.ts'
import { ownMethod, type StoredMethod } from './savedMethod.ts'
import { presentSubscription } from './subscription.ts'
import { askedStep, type SubscriptionAnswer } from './subscriptionStep.ts'
import { loadSubscriptionView } from './subscriptionView.ts'

/** Which plan, and how it is to be paid. */
export interface ChangeAsk {
  priceId: string
  couponCode?: string
  /** Of a preview: the change costs what that said. */
  token?: string
  paymentMethodId?: string
}

export interface ChangeAnswer extends Record<string, unknown> {
  status: 'scheduled' | 'payment_required' | 'changed'
  checkout: Asked['checkout']
  payment: ReturnType<typeof paymentView> | null
  subscription: SubscriptionAnswer
}

interface Loaded {
  input: ChangeInput
  provider: PaymentProvider
  couponMax?: number
}

type Wanted = Pick<ChangeAsk, 'priceId' | 'couponCode'>

/** Reads what a change rests on, consistently: money is decided on it. `quote`: the terms are those of its time. */
async function load(
  deps: Deps,
  call: Input,
  { priceId, couponCode }: Wanted,
  now: number,
  { quote, method }: { quote?: ChangeQuote | undefined; method?: StoredMethod | undefined } = {},
): Promise<Loaded> {
  const [published, settings, account] = await Promise.all([
    currentCatalogue(deps.table),
    deps.settings(),
    loadAccount(call, deps, { consistent: true }),
  ])
  const to = await termsTo(deps, published, priceId, quote)
  const subscription = await presentSubscription(deps, account)
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

/** @throws Problem for what the rules refuse. */
function accepted<Plan extends { kind: string }>(plan: Plan | ChangeRefusal): Plan {
  if ('code' in plan) throw new Problem(plan.code, plan.detail)
  return plan
}

/** What a change would cost now, line by line, and the token that holds it for a quarter of an hour. Nothing is taken. */
export async function previewPlanChange(deps: Deps, call: Input, ask: Wanted) {
  const now = deps.clock.now()
  const { input } = await load(deps, call, ask, now)
  const plan = accepted(priceChange(input, now))
  const { account, subscription, to } = input
  if (!subscription) throw new Error('a change without what it changes')
  const manualDiscountId = plan.kind === 'now' ? input.manual?.id : undefined
  const quote = newChangeQuote(
    {
      accountId: account.id,
      subscriptionId: subscription.id,
      priceId: to.priceId,
      catalogueVersion: to.catalogueVersion,
      ...(ask.couponCode !== undefined && { couponCode: ask.couponCode }),
      ...(manualDiscountId !== undefined && { manualDiscountId }),
      plan,
    },
    now,
  )
  const { seal } = await deps.payments()
  return previewView(plan, to.currency, seal.seal(JSON.stringify(quote), aboutOf(account.id)))
}

const aboutOf = (accountId: string): string => `plan change ${accountId}`

/** @throws Problem `validation_failed` for what is no preview's token of this account. */
async function openToken(deps: Pick<Deps, 'payments'>, accountId: string, token: string): Promise<ChangeQuote> {
  const { seal } = await deps.payments()
  const text = seal.open(token, aboutOf(accountId))
  if (text === undefined)
    throw new Problem('validation_failed', 'The token is not one of this account.', {
      errors: [{ path: 'token', message: 'is not a token of this account' }],
    })
  return parseOwn(sealedChange, JSON.parse(text), 'a sealed change')
}

/** The seal proves that it is ours, as it was made: what is looked at here is that it is a change at all. */
const sealedChange = z.custom<ChangeQuote>(
  (value) =>
    typeof value === 'object' && value !== null && 'subscriptionId' in value && 'plan' in value && 'expiresAt' in value,
)

/**
 * Changes the plan: at the end of what is paid where nothing is to be paid, at once where nothing is left to pay, and
 * otherwise when its payment settles. The call's key leads to the one payment for as long as that lives.
 * @throws Problem for whatever the change is refused for.
 */
export async function changePlan(
  deps: Deps,
  operation: HttpOperation,
  call: Input,
  ask: ChangeAsk,
): Promise<ChangeAnswer | Reply<ChangeAnswer>> {
  const { accountId } = call
  const method = ask.paymentMethodId === undefined ? undefined : await ownMethod(deps, accountId, ask.paymentMethodId)
  const key = checkoutKeyOf(deps, call, 'checkout')
  const known = call.key.given ? await begunBefore(deps, call, key) : undefined
  if (known) return paid(deps, call, known, await askFor(deps, call, known, key, { ...(method && { method }) }))
  const quote = ask.token === undefined ? undefined : await openToken(deps, accountId, ask.token)
  const decided = async (now: number) => {
    const loaded = await load(deps, call, ask, now, { quote, method })
    assertNotSuspended(loaded.input.account)
    const { input } = loaded
    const plan = accepted(quote ? quotedChange(input, quote, ask, now) : priceChange(input, now))
    return { ...loaded, plan }
  }
  const { plan } = await decided(deps.clock.now())
  if (plan.kind === 'scheduled') return scheduled(deps, operation, call, decided)
  const begun = await beginPayment(deps, call, key, {
    isQuoted: quote !== undefined,
    ...(method && { method }),
    decide: async (now) => begin(deps, key.paymentId, { ...(await decided(now)), ask, quote }, now),
    beside: (payment) => [auditOf(call, deps, changeAudit(operation, payment.accountId, ask, payment.id))],
  })
  return paid(deps, call, begun, await askFor(deps, call, begun, key, { ...(method && { method }) }))
}

interface Decided extends Loaded {
  plan: Exclude<ChangePlan, { kind: 'refused' }>
}

function begin(
  deps: Deps,
  paymentId: string,
  { input, provider, couponMax, plan, ask, quote }: Decided & { ask: ChangeAsk; quote: ChangeQuote | undefined },
  now: number,
) {
  // What was to be paid a moment ago is another change by now.
  if (plan.kind !== 'now') throw new Problem('conflict', 'The subscription has changed meanwhile.')
  const manualDiscountId = quote ? quote.manualDiscountId : input.manual?.id
  return beginChange(
    input,
    plan,
    input.to,
    {
      provider,
      mode: deps.config.mode,
      paymentId,
      ...(couponMax !== undefined && { couponMax }),
      holds: {
        ...(ask.couponCode !== undefined && { coupon: { code: couponKey(ask.couponCode) } }),
        ...(manualDiscountId !== undefined && { manualDiscountId }),
      },
    },
    now,
  )
}

function scheduled(
  deps: Deps,
  operation: HttpOperation,
  call: Input,
  decided: (now: number) => Promise<Decided>,
): Promise<ChangeAnswer | Reply<ChangeAnswer>> {
  return askedStep(operation, call, deps, {
    plan: async ({ scene }, now) => {
      const { plan, input } = await decided(now)
      if (plan.kind !== 'scheduled') throw new Problem('conflict', 'The subscription has changed meanwhile.')
      return planSchedule(scene, plan, input.to, now)
    },
    answer: (subscription): ChangeAnswer => ({ status: 'scheduled', checkout: null, payment: null, subscription }),
  })
}

/** What became of it: the payment says. */
async function paid(
  deps: Deps,
  call: Input,
  { isNew }: Begun,
  { payment, checkout }: Asked,
): Promise<ChangeAnswer | Reply<ChangeAnswer>> {
  const { settled } = payment
  if (settled && settled.as !== 'granted')
    throw new Problem('conflict', 'The subscription changed meanwhile. What was paid is kept, and staff look at it.')
  const subscription = await loadSubscriptionView(deps, call, { consistent: true })
  const status = settled ? 'changed' : 'payment_required'
  const output: ChangeAnswer = {
    status,
    checkout: settled ? null : checkout,
    payment: await viewOf(deps, payment),
    subscription,
  }
  return isNew ? output : replayed(output)
}

const changeAudit = ({ id }: HttpOperation, accountId: string, { priceId }: ChangeAsk, paymentId: string) => ({
  action: id,
  entity: 'account' as const,
  entityId: accountId,
  after: { priceId, paymentId },
})
