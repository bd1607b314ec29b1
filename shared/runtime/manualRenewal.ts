import { assertNotSuspended } from '#domain/entitlement'
import { chargeRule } from '#domain/moneyCharge'
import { type BegunFor, beginFor } from '#domain/planChangeCheckout'
import { type ManualRenewal, planManualRenewal, renewalOrder, renewalSubject } from '#domain/renewal'
import { type BoughtSubscription, isBought, maxAhead } from '#domain/subscriptionState'
import { taxRuleFor } from '#domain/tax'
import { Problem } from '#errors/problem'
import { findAccountCredit } from '#table/accountCredit'
import { loadAccount } from './account.ts'
import { auditOf } from './audit.ts'
import { billingCountry } from './billingProfile.ts'
import { askFor, type Bought, boughtView, buy } from './buy.ts'
import { type Begun, beginPayment, begunBefore, checkoutKeyOf } from './checkout.ts'
import type { Deps } from './deps.ts'
import { chargeNamed, namedBy } from './namedCharge.ts'
import { termsOfPlan } from './planTerms.ts'
import { providerOf } from './provider.ts'
import type { Input, Reply } from './run.ts'
import { ownMethod, type StoredMethod } from './savedMethod.ts'
import { presentSubscription } from './subscription.ts'

export interface RenewAsk {
  /** Of what is over, or for whoever never had one; a live one is renewed at its own. */
  priceId?: string
  paymentMethodId?: string
}

/**
 * Pays the next period by hand: added to the end of what is paid, and from now where that is over, as a purchase. The
 * call's key leads to the one payment for as long as that lives.
 * @throws Problem for whatever a renewal or a purchase is refused for.
 */
export async function renewByHand(deps: Deps, input: Input, ask: RenewAsk): Promise<Bought | Reply<Bought>> {
  const key = checkoutKeyOf(deps, input, 'checkout')
  const known = input.key.given ? await begunBefore(deps, input, key) : undefined
  const method =
    ask.paymentMethodId === undefined ? undefined : await ownMethod(deps, input.accountId, ask.paymentMethodId)
  const go = async (begun: Begun) => {
    const asked = method ? chargeNamed(deps, input, begun, key, method) : askFor(deps, input, begun, key, {})
    return boughtView(begun, await asked)
  }
  if (known) return go(known)
  const { plan } = await planned(deps, input, ask, deps.clock.now())
  if (plan.kind === 'purchase')
    return buy(deps, input, { priceId: plan.priceId, ...(method && { paymentMethodId: method.id }) })
  return go(
    await beginPayment(deps, input, key, {
      isQuoted: false,
      ...(method && { method }),
      decide: (now) => begin(deps, input, ask, { method, paymentId: key.paymentId }, now),
      beside: ({ id }) => [
        auditOf(input, deps, {
          action: 'renewSubscription',
          entity: 'account',
          entityId: input.accountId,
          after: { paymentId: id },
        }),
      ],
    }),
  )
}

async function planned(deps: Deps, input: Input, { priceId }: RenewAsk, now: number) {
  const account = await loadAccount(input, deps, { consistent: true })
  assertNotSuspended(account)
  const present = await presentSubscription(deps, account)
  const subscription = present && isBought(present) ? present : undefined
  const plan = planManualRenewal(subscription, { maxAhead, ...(priceId !== undefined && { priceId }) }, now)
  if (plan.kind === 'refused') throw new Problem(plan.code, plan.detail)
  return { account, subscription, plan }
}

type Planned = Extract<ManualRenewal, { kind: 'renewal' }>

async function begin(
  deps: Deps,
  input: Input,
  ask: RenewAsk,
  { method, paymentId }: { method: StoredMethod | undefined; paymentId: string },
  now: number,
): Promise<BegunFor> {
  const { account, subscription, plan } = await planned(deps, input, ask, now)
  if (plan.kind !== 'renewal' || !subscription) throw new Problem('conflict', 'The subscription has changed meanwhile.')
  const { currency } = subscription
  const [settings, published, credit] = await Promise.all([
    deps.settings(),
    deps.catalogue(),
    findAccountCredit(deps.table, account.id, currency),
  ])
  const provider = method?.provider ?? (await providerOf(deps, settings, published, currency))
  const rule = chargeRule(provider, currency)
  if (!rule) throw new Problem('conflict', `${provider} does not charge ${currency}.`)
  const tax = taxRuleFor(settings.tax, await billingCountry(deps, account))
  const price = { tax, rule, creditMinor: credit?.balanceMinor ?? 0 }
  const { order, subject } = await priced(deps, subscription, plan, price, now)
  const { catalogueVersion } = plan.plan
  const what = { account, order, subject, provider, catalogueVersion, paymentId, mode: deps.config.mode, holds: {} }
  const begun = beginFor({ ...what, type: 'renewal', ...(credit && { credit }) }, now)
  return method ? namedBy(deps, subscription, input, begun, now) : begun
}

/** Overage is not on it: whoever lets this order lapse would owe it no more. It waits for the next charge. */
async function priced(
  deps: Deps,
  subscription: BoughtSubscription,
  { plan }: Planned,
  price: Pick<Parameters<typeof renewalOrder>[0], 'tax' | 'rule' | 'creditMinor'>,
  now: number,
) {
  const terms = await termsOfPlan(deps, plan)
  const renewal = renewalOrder({ ...price, subscription, terms, overage: [] }, now)
  if (!renewal) throw new Error('a renewal has its plan to pay')
  return { order: renewal.order, subject: renewalSubject(subscription, renewal.carried) }
}
