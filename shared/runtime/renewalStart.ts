import type { Account } from '#domain/account'
import { guardOf, idOf } from '#domain/guard'
import { chargeRule, type PaymentProvider } from '#domain/moneyCharge'
import { creditUsed, type Order } from '#domain/order'
import { newPayment, orderLifeMs, type Payment, type PaymentSubject, paymentId } from '#domain/payment'
import type { PaymentWrite } from '#domain/paymentWrite'
import { nextPlan, renewalName, renewalOrder, renewalSubject } from '#domain/renewal'
import { planChargeStarted } from '#domain/renewalPaid'
import { planSettlement } from '#domain/settlement'
import { type AccountCredit, planCredit } from '#domain/settlementCredit'
import { isChargeDue } from '#domain/subscriptionDue'
import { type BoughtSubscription, nextUnpaid } from '#domain/subscriptionState'
import { taxRuleFor } from '#domain/tax'
import type { PlanTerms } from '#domain/terms'
import { findAccountCredit } from '#table/accountCredit'
import { findCheckoutKey, putCheckoutKeyWrite } from '#table/checkoutKeys'
import type { Write } from '#table/port'
import { billingCountry } from './billingProfile.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { type OwedOverage, owedOverage } from './overage.ts'
import { termsOfPlan } from './planTerms.ts'
import type { StoredMethod } from './savedMethod.ts'
import { onSettledWallet } from './settled.ts'
import { loadSettlement } from './settlementInput.ts'
import { type SettlementCall, writePayment } from './settlePayment.ts'
import { type LoadedScene, loadScene } from './subscription.ts'

interface At {
  accountId: string
  subscriptionId: string
}

/**
 * Writes the payment of the next period beside the subscription, which names it from then on: that write stands on the
 * version that was seen, so a crash or a second delivery finds the charge under way instead of beginning another. With
 * nothing to pay the period is paid in this very transaction. Undefined: there is nothing to charge any more.
 */
export function startRenewal(
  deps: Deps,
  at: At,
  method: StoredMethod,
  call: SettlementCall,
): Promise<Payment | undefined> {
  const attempt = async (): Promise<Payment | undefined | typeof again> => {
    const loaded = await loadScene(deps, at.accountId, at.subscriptionId)
    if (!loaded) return undefined
    const { subscription } = loaded.scene
    if (subscription.pendingCharge || !subscription.autoRenew || subscription.periodEnd === null) return undefined
    // Another worker may have charged it since this one looked: what it has left to pay then is a period that is not due.
    if (!isChargeDue(subscription, deps.clock.now())) return undefined
    const name = renewalName(subscription.id, nextUnpaid(subscription), subscription.retry?.failed)
    const guard = guardOf('i', 'renewal', name)
    const terms = await termsOfPlan(deps, nextPlan(subscription))
    // A charge that starts ahead of the period's end has no overage of it: that is on the next one.
    const isAhead = deps.clock.now() < subscription.periodEnd
    const owed = isAhead ? undefined : await owedOverage(deps, loaded.scene.account)
    const priced = await priceRenewal(deps, loaded, terms, owed, method.provider)
    if (!priced) return undefined
    return begin(deps, loaded, { ...priced, guard, terms, type: 'renewal', owed }, method.provider, call)
  }
  return contend(deps, () => onSettledWallet(deps, at.accountId, attempt))
}

interface Priced {
  order: Order
  subject: PaymentSubject
  credit: AccountCredit | undefined
}

async function priceRenewal(
  deps: Deps,
  { scene }: LoadedScene,
  terms: PlanTerms | null,
  owed: OwedOverage | undefined,
  provider: PaymentProvider,
): Promise<Priced | undefined> {
  const { account, subscription } = scene
  const rule = chargeRule(provider, subscription.currency)
  if (!rule) throw new Error(`${provider} does not charge ${subscription.currency}`)
  const [settings, country, credit] = await Promise.all([
    deps.settings(),
    billingCountry(deps, account),
    findAccountCredit(deps.table, account.id, subscription.currency),
  ])
  const renewal = renewalOrder(
    {
      subscription,
      terms,
      overage: owed?.items ?? [],
      tax: taxRuleFor(settings.tax, country),
      creditMinor: credit?.balanceMinor ?? 0,
      rule,
    },
    deps.clock.now(),
  )
  return renewal && { order: renewal.order, subject: renewalSubject(subscription, renewal.carried), credit }
}

interface Beginning extends Priced {
  guard: ReturnType<typeof guardOf>
  terms: PlanTerms | null
  type: 'renewal' | 'overage'
  owed: OwedOverage | undefined
}

async function begin(
  deps: Deps,
  loaded: LoadedScene,
  what: Beginning,
  provider: PaymentProvider,
  call: SettlementCall,
): Promise<Payment | typeof again> {
  const { scene, stored } = loaded
  const now = deps.clock.now()
  const fresh = renewalPayment(deps, scene.account, scene.subscription, what, provider, now)
  const taken = creditTaken(fresh, what.credit, now)
  const beside = [...onceOnly(what, fresh, now), ...(what.owed?.billedBy(fresh.id) ?? [])]
  if (fresh.amountMinor === 0) {
    const { input } = await loadSettlement(deps, fresh, now)
    const settled = planSettlement({ ...input, payment: fresh, seen: null }, now)
    if (settled.kind !== 'settle') throw new Error(`a renewal with nothing to pay was ${settled.kind}`)
    const outcome = await writePayment(deps, [...settled.writes, ...taken], call, stored.createdAt, beside)
    return outcome.committed ? settled.next : again
  }
  const payment = { ...fresh, ver: 1 }
  const started = what.type === 'renewal' ? planChargeStarted(scene, payment.id, now).writes : []
  const writes: PaymentWrite[] = [{ row: 'payment', next: payment, seenVer: 0 }, ...taken, ...started]
  const outcome = await writePayment(deps, writes, call, stored.createdAt, beside)
  return outcome.committed ? payment : again
}

/** Final overage leaves the subscription as it is, so it has a guard of its own. */
const onceOnly = ({ type, guard }: Beginning, { id, accountId }: Payment, now: number): Write[] =>
  type === 'overage' ? [putCheckoutKeyWrite(accountId, { guard, hash: type, paymentId: id, lockedUntil: 0 }, now)] : []

function renewalPayment(
  deps: Deps,
  account: Account,
  subscription: BoughtSubscription,
  { order, subject, guard, terms, type }: Beginning,
  provider: PaymentProvider,
  now: number,
): Payment {
  const creditMinor = creditUsed(order)
  return newPayment({
    id: paymentId(now, guard.bits),
    accountId: account.id,
    type,
    mode: deps.config.mode,
    amountMinor: order.dueMinor,
    currency: order.currency,
    order,
    subject,
    provider: order.dueMinor === 0 ? null : provider,
    catalogueVersion: terms?.catalogueVersion ?? subscription.catalogueVersion,
    holds: creditMinor > 0 ? { creditMinor } : {},
    createdAt: now,
    expiresAt: now + orderLifeMs,
  })
}

/** Account credit that the order uses up: taken with it, given back when the payment expires unpaid. */
function creditTaken(payment: Payment, credit: AccountCredit | undefined, now: number): PaymentWrite[] {
  const { creditMinor } = payment.holds
  if (!credit || creditMinor === undefined) return []
  const taken = { cause: 'taken' as const, amountMinor: -creditMinor, paymentId: payment.id, about: payment.id }
  const change = planCredit(credit, taken, now)
  if (!change) throw new Error('a renewal takes more credit than there is')
  return [{ row: 'credit', change }]
}

/** Overage of the last period, and what was carried, after the subscription is over: a payment of its own. */
export function chargeFinalOverage(
  deps: Deps,
  accountId: string,
  subscriptionId: string,
  method: StoredMethod,
  call: SettlementCall,
): Promise<{ payment: Payment | undefined; account: Account } | undefined> {
  const attempt = async () => {
    const loaded = await loadScene(deps, accountId, subscriptionId)
    if (!loaded) return undefined
    const { account, subscription } = loaded.scene
    const terms = await termsOfPlan(deps, subscription)
    const guard = guardOf('i', 'final overage', subscription.id)
    const known = await findCheckoutKey(deps.table, accountId, guard)
    if (known) return undefined
    // The plan that was over counts, not the one that the account fell back to.
    const owed = await owedOverage(deps, { ...account, plan: terms })
    const priced = await priceRenewal(deps, loaded, null, owed, method.provider)
    if (!priced) return undefined
    const payment = await begin(
      deps,
      loaded,
      { ...priced, guard, terms: null, type: 'overage', owed },
      method.provider,
      call,
    )
    return payment === again ? again : { payment, account }
  }
  return contend(deps, () => onSettledWallet(deps, accountId, attempt))
}

/** The id of a history line that no payment stands behind. */
export const freshHistoryId = (deps: Pick<Deps, 'clock' | 'ids'>): string =>
  idOf('his', deps.clock.now(), { class: 'i', bits: deps.ids.random() })
