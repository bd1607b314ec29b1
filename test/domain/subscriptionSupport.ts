import { type Account, newAccount } from '#domain/account'
import { newWallet } from '#domain/accountWallet'
import { type Order, priceOrder } from '#domain/order'
import { newPayment, orderLifeMs, type Payment, type PaymentSubject, type PaymentType } from '#domain/payment'
import type { PaymentWrite } from '#domain/paymentWrite'
import { planEffect } from '#domain/settlementPlan'
import type { Subscription } from '#domain/subscription'
import { planCancel } from '#domain/subscriptionEnd'
import { type BoughtSubscription, isBought } from '#domain/subscriptionState'
import type { SubscriptionPlan, SubscriptionScene } from '#domain/subscriptionWrite'
import { noTax } from '#domain/tax'
import type { PlanTerms } from '#domain/terms'
import { initialZones } from '#domain/time'
import type { Wallet } from '#domain/walletState'
import { dayMs } from '#domain/zone'

export const start = Date.parse('2025-06-01T00:00:00Z')
export const at = (iso: string): number => Date.parse(iso)
export const ids = { history: 'his_1', providerPaymentId: 'pay_1' }
export const rule = { minimum: 100, step: 1 }

export const termsOf = (over: Partial<PlanTerms> = {}): PlanTerms => ({
  planId: 'starter',
  priceId: 'starter-month',
  catalogueVersion: 1,
  name: 'Starter',
  rank: 1,
  amount: 10_000,
  currency: 'INR',
  interval: 'month',
  features: {},
  allowance: { included: 100, window: 'period', rollover: 0 },
  ...over,
})
export const growth = termsOf({
  planId: 'growth',
  priceId: 'growth-month',
  name: 'Growth',
  rank: 2,
  amount: 30_000,
  allowance: { included: 500, window: 'period', rollover: 0 },
})
export const yearly = termsOf({ priceId: 'starter-year', interval: 'year', amount: 100_000 })
export const lifetime = termsOf({
  planId: 'forever',
  priceId: 'forever',
  name: 'Forever',
  interval: 'lifetime',
  amount: 50_000,
})
export const free = termsOf({
  planId: 'free',
  priceId: 'free',
  name: 'Free',
  rank: 0,
  amount: 0,
  interval: 'lifetime',
  allowance: { included: 20, window: 'month', rollover: 0 },
})

/** A plain payment of an order. */
export function paymentFor(
  type: PaymentType,
  order: Order,
  subject: PaymentSubject,
  over: Partial<Payment> = {},
): Payment {
  const payment = newPayment({
    id: `fpay_${type}`,
    accountId: 'acc_1',
    type,
    mode: 'test',
    amountMinor: order.dueMinor,
    currency: order.currency,
    order,
    subject,
    provider: order.dueMinor === 0 ? null : 'razorpay',
    catalogueVersion: 1,
    holds: {},
    createdAt: start,
    expiresAt: start + orderLifeMs,
  })
  return { ...payment, ...over }
}

export const planOrder = ({ priceId, name, amount, currency }: PlanTerms): Order =>
  priceOrder([{ item: { kind: 'plan', id: priceId, description: name, quantity: 1, unitAmountMinor: amount } }], {
    currency,
    tax: noTax,
  })

export interface SceneOptions {
  terms?: PlanTerms
  autoRenew?: boolean
  zone?: string
  at?: number
  over?: Partial<BoughtSubscription>
}

/** An account that bought a plan, with everything a decision reads. */
export function sceneOf({
  terms = termsOf(),
  autoRenew = true,
  zone = 'UTC',
  at: now = start,
  over = {},
}: SceneOptions = {}): SubscriptionScene {
  const fresh: Account = { ...newAccount('acc_1', free, now - 1000), ver: 1, zones: initialZones(zone) }
  const wallet: Wallet = { ...newWallet(fresh, free, now - 1000).wallet, version: 1 }
  const { planId, priceId, name, interval } = terms
  const payment = paymentFor('plan_purchase', planOrder(terms), { kind: 'plan', planId, priceId, name, interval })
  const { writes } = planEffect(
    {
      payment,
      account: fresh,
      wallet,
      terms,
      fallback: free,
      ids: { subscription: 'sub_1', history: 'his_0' },
      ...(autoRenew && { method: { id: 'pmt_0', mandate: false } }),
      providerPaymentId: 'pay_0',
    },
    now,
  )
  const scene = applied({ account: fresh, wallet, subscription: undefined, fallback: free }, writes)
  return { ...scene, subscription: { ...scene.subscription, ...over } }
}

/** The scene after a plan was written; every write must rest on what is there. */
export function applied(
  scene: Omit<SubscriptionScene, 'subscription'> & { subscription: BoughtSubscription | undefined },
  writes: readonly PaymentWrite[],
): SubscriptionScene {
  let { account, wallet, subscription } = scene
  for (const write of writes) {
    if (write.row === 'account') {
      if (write.seenVer !== account.ver) throw new Error('the account has moved')
      account = write.next
    }
    if (write.row === 'wallet') {
      if (write.seenVersion !== wallet.version) throw new Error('the wallet has moved')
      wallet = { ...write.change.wallet, version: wallet.version + 1 }
    }
    if (write.row === 'subscription') {
      if (write.seenVer !== (subscription?.ver ?? 0)) throw new Error('the subscription has moved')
      subscription = bought(write.next)
    }
  }
  if (!subscription) throw new Error('no subscription was written')
  return { ...scene, account, wallet, subscription }
}

export function bought(subscription: Subscription): BoughtSubscription {
  if (!isBought(subscription)) throw new Error('not a bought subscription')
  return subscription
}

/** What `run` throws as a code, or undefined. */
export function codeOf(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

/** What it is taken up again with. */
export const kept = { terms: termsOf(), method: { id: 'pmt_0', mandate: false } }
export const rows = ({ writes }: SubscriptionPlan) => writes.map(({ row }) => row)
export const after = (scene: SubscriptionScene, plan: SubscriptionPlan) => applied(scene, plan.writes)
/** The scene once its customer cancelled it, on its second day if nothing else is said. */
export const canceled = (scene: SubscriptionScene, when: 'now' | 'period_end', instant = start + dayMs) =>
  after(scene, planCancel(scene, { when, reason: 'Too dear' }, ids, instant))
/** What is left of the included credits. */
export const included = ({ wallet }: SubscriptionScene) =>
  wallet.grants.reduce((sum, { remaining, source }) => sum + (source === 'included' ? remaining : 0), 0)
