import type { Account } from '#domain/account'
import { overageStarted, planOverage } from '#domain/finalOverage'
import { guardOf } from '#domain/guard'
import { chargeRule, type PaymentProvider } from '#domain/moneyCharge'
import { creditUsed, type Order } from '#domain/order'
import { newPayment, orderLifeMs, type Payment, type PaymentSubject, paymentId } from '#domain/payment'
import type { PaymentWrite } from '#domain/paymentWrite'
import { nextPlan, renewalName, renewalOrder, renewalSubject, renewedBy } from '#domain/renewal'
import { planChargeStarted } from '#domain/renewalPaid'
import { isOvertaken, planSettlement } from '#domain/settlement'
import { type AccountCredit, planCredit } from '#domain/settlementCredit'
import { isChargeDue } from '#domain/subscriptionDue'
import { type BoughtSubscription, nextUnpaid } from '#domain/subscriptionState'
import type { SubscriptionScene } from '#domain/subscriptionWrite'
import { taxRuleFor } from '#domain/tax'
import type { PlanTerms } from '#domain/terms'
import { readAccountCredit } from '#table/accountCredit'
import { accountCreditKey, profileKey } from '#table/keys'
import { readProfile } from '#table/profiles'
import { billingCountryOf } from './billingProfile.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { notErasedBeside } from './erased.ts'
import { type OwedOverage, owedOverage } from './overage.ts'
import { type SettlementCall, writePayment } from './paymentCommit.ts'
import { termsOfPlan } from './planTerms.ts'
import { chargedMethod, type StoredMethod } from './savedMethod.ts'
import { onSettledWallet } from './settled.ts'
import { loadSettlement } from './settlementInput.ts'
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
  { seen, method }: { seen: LoadedScene; method: StoredMethod },
  call: SettlementCall,
): Promise<Payment | undefined> {
  // What the caller decided on serves the first attempt: its versions are conditions of the write.
  let first: LoadedScene | undefined = seen
  const attempt = async (): Promise<Payment | undefined | typeof again> => {
    const loaded = first ?? (await loadScene(deps, at.accountId, at.subscriptionId))
    first = undefined
    if (!loaded) return undefined
    const { subscription } = loaded.scene
    if (subscription.pendingCharge || !subscription.autoRenew || subscription.periodEnd === null) return undefined
    // Another worker may have charged it since this one looked: what it has left to pay then is a period that is not due.
    if (!isChargeDue(subscription, deps.clock.now())) return undefined
    const name = renewalName(subscription.id, nextUnpaid(subscription), subscription.retry?.failed)
    const guard = guardOf('i', 'renewal', name)
    const terms = await termsOfPlan(deps, nextPlan(subscription))
    // One that starts ahead of the period's end has the use of windows that are over by then; the rest is on the next one.
    const owed = await owedOverage(deps, loaded.scene.account, subscription.currency)
    const priced = await priceRenewal(deps, loaded, terms, owed, method.provider)
    if (!priced) return undefined
    return begin(deps, loaded, { ...priced, guard, terms, type: 'renewal', owed }, method, call)
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
  owed: OwedOverage,
  provider: PaymentProvider,
): Promise<Priced | undefined> {
  const { account, subscription } = scene
  const rule = chargeRule(provider, subscription.currency)
  if (!rule) throw new Error(`${provider} does not charge ${subscription.currency}`)
  const keys = [profileKey(account.id), accountCreditKey(account.id, subscription.currency)]
  const [settings, [profile, money]] = await Promise.all([
    deps.settings(),
    deps.table.batchGet(keys, { consistent: true }),
  ])
  const credit = money && readAccountCredit(money)
  const country = billingCountryOf(profile && readProfile(profile), account)
  const renewal = renewalOrder(
    {
      subscription,
      terms,
      overage: owed.items,
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
  owed: OwedOverage
}

async function begin(
  deps: Deps,
  loaded: LoadedScene,
  what: Beginning,
  method: StoredMethod,
  call: SettlementCall,
): Promise<Payment | typeof again> {
  const { scene, stored } = loaded
  const now = deps.clock.now()
  const fresh = renewalPayment(deps, scene.account, scene.subscription, what, method, now)
  const taken = creditTaken(fresh, what.credit, now)
  const beside = what.owed.billedBy(fresh.id)
  // An account is not erased with a live subscription; what is owed afterwards is of one that may be.
  const stands = (writes: PaymentWrite[]) => (what.type === 'overage' ? notErasedBeside(scene.account.id, writes) : [])
  if (fresh.amountMinor === 0) {
    const { input } = await loadSettlement(deps, fresh, now)
    const settlement = { ...input, payment: fresh, seen: null }
    // The subscription has moved on between the two reads.
    if (isOvertaken(settlement, now)) return again
    const settled = planSettlement(settlement, now)
    if (settled.kind !== 'settle') throw new Error(`a renewal with nothing to pay was ${settled.kind}`)
    const writes = [...settled.writes, ...taken]
    const outcome = await writePayment(deps, writes, call, stored.createdAt, [...beside, ...stands(writes)])
    return outcome.committed ? settled.next : again
  }
  const payment = { ...fresh, ver: 1 }
  const started = startedWrites(scene, payment, now)
  const writes: PaymentWrite[] = [{ row: 'payment', next: payment, seenVer: 0 }, ...taken, ...started]
  const outcome = await writePayment(deps, writes, call, stored.createdAt, [...beside, ...stands(writes)])
  return outcome.committed ? payment : again
}

/** The subscription names the payment from then on, on the version that was seen. */
function startedWrites(scene: SubscriptionScene, payment: Payment, now: number) {
  const { id: paymentId, type } = payment
  if (type === 'renewal') return planChargeStarted(scene, { paymentId, ...renewedBy(payment) }, now).writes
  const { finalOverage } = scene.subscription
  if (!finalOverage) throw new Error('nothing is owed for a subscription that is over')
  return planOverage(scene, finalOverage, overageStarted(finalOverage, paymentId, now), now).writes
}

function renewalPayment(
  deps: Deps,
  account: Account,
  subscription: BoughtSubscription,
  { order, subject, guard, terms, type }: Beginning,
  method: StoredMethod,
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
    provider: order.dueMinor === 0 ? null : method.provider,
    ...(order.dueMinor > 0 && { method: chargedMethod(method) }),
    ...(order.dueMinor > 0 && type === 'renewal' && { followed: true }),
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

/**
 * Writes the payment of what is owed for a subscription that is over, beside the subscription, which names it; with nothing
 * left to pay it is settled in this very transaction. Undefined: nothing is owed, or too little to be charged alone.
 */
export async function startFinalOverage(
  deps: Deps,
  loaded: LoadedScene,
  owed: OwedOverage,
  method: StoredMethod,
  call: SettlementCall,
): Promise<Payment | typeof again | undefined> {
  const { subscription } = loaded.scene
  const priced = await priceRenewal(deps, loaded, null, owed, method.provider)
  if (!priced || priced.order.totalMinor <= 0 || carriesOver(priced.subject)) return undefined
  const [first] = owed.items
  // Where account credit pays all of it the subscription stays as it is, so the name tells one part from the next.
  const name = [subscription.id, subscription.ver, first?.feature ?? '', first?.windowId ?? ''].join(' ')
  const guard = guardOf('i', 'final overage', name)
  return begin(deps, loaded, { ...priced, guard, terms: null, type: 'overage', owed }, method, call)
}

const carriesOver = (subject: PaymentSubject): boolean =>
  subject.kind === 'subscription' && subject.carried !== undefined
