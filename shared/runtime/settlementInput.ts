import { type Account, newAccount } from '#domain/account'
import { fallbackTermsOf } from '#domain/catalogueTerms'
import { type Guard, guardOf, idOf } from '#domain/guard'
import type { Party } from '#domain/invoice'
import { isVisitor, type Payment } from '#domain/payment'
import { type RenewalMethod, renewalMethod } from '#domain/paymentMethod'
import type { SettlementInput } from '#domain/settlement'
import type { AccountCredit } from '#domain/settlementCredit'
import type { OtherEffect } from '#domain/settlementEffect'
import { subscriptionEffect } from '#domain/subscriptionEffect'
import { type BoughtSubscription, isBought } from '#domain/subscriptionState'
import type { PaidBy } from '#domain/subscriptionWrite'
import type { PlanTerms } from '#domain/terms'
import { initialZones } from '#domain/time'
import { readAccountCredit } from '#table/accountCredit'
import { accountIn } from '#table/accounts'
import { findClaimer } from '#table/claims'
import { accountCreditKey, accountKey, profileKey, subscriptionKey, walletKey } from '#table/keys'
import { findMethod } from '#table/methods'
import type { Item } from '#table/port'
import { readProfile } from '#table/profiles'
import { readSubscription } from '#table/subscriptions'
import { readWallet, type StoredWallet } from '#table/wallets'
import { buyerOf } from './billingProfile.ts'
import type { Deps } from './deps.ts'
import { holdsNow } from './paymentHolds.ts'
import { termsOfPlan } from './planTerms.ts'

/** Everything a settlement is decided on, but for what the provider says. */
export interface LoadedSettlement {
  input: Omit<SettlementInput, 'payment' | 'seen' | 'savedMethod'>
  /** What changes in it once the method that paid is kept; where there is nothing to pay, by the one that was named. */
  paidBy(savedMethod: RenewalMethod): Pick<SettlementInput, 'savedMethod' | 'other'>
  /** With the image that the wallet was read from, whose creation time its next state keeps. */
  stored: StoredWallet | undefined
}

/**
 * Reads what the settlement of a payment rests on: consistently, because money is decided on it. The ids of what it may
 * grant follow from the payment, so that a decision made again names the same things.
 */
export async function loadSettlement(
  deps: Deps,
  payment: Payment,
  now: number,
  providerPaymentId: string | null = null,
): Promise<LoadedSettlement> {
  const [rows, settings, published, terms, charged] = await Promise.all([
    loadRows(deps, payment, now),
    deps.settings(),
    deps.catalogue(),
    termsOfPayment(deps, payment),
    chargedMethodOf(deps, payment),
  ])
  const { account, claimedBy, stored, credit, buyer } = rows
  const fallback = fallbackTermsOf(published)
  const history = idOf('his', now, ownGuard('history', payment))
  const otherBy = (savedMethod?: RenewalMethod): Pick<SettlementInput, 'other'> => {
    const method = savedMethod ?? charged
    const by = { history, providerPaymentId, ...(method && { method }) }
    const other = otherEffect(payment, { ...rows, terms, fallback }, by, now)
    return other ? { other } : {}
  }
  const holds = await holdsNow(deps, payment, account, fallback, now)
  const { timeZone, ...seller } = settings.seller
  return {
    stored,
    paidBy: (savedMethod) => ({ savedMethod, ...otherBy(savedMethod) }),
    input: {
      account,
      ...(claimedBy !== undefined && { claimedBy }),
      wallet: stored?.wallet,
      credit,
      ...(holds && { holds }),
      ...(terms && { terms }),
      ...otherBy(),
      fallback,
      invoice: {
        id: idOf('inv', now, ownGuard('invoice', payment)),
        seller,
        buyer,
        zones: initialZones(timeZone),
      },
      ids: {
        subscription: idOf('sub', now, ownGuard('subscription', payment)),
        purchase: idOf('pur', payment.createdAt, ownGuard('purchase', payment)),
        history,
      },
    },
  }
}

interface Rows {
  account: Account | undefined
  claimedBy?: string
  stored: StoredWallet | undefined
  credit: AccountCredit | undefined
  subscription: BoughtSubscription | undefined
  buyer: Party
}

/** What is an account's is one read, and stays where the account is gone. */
async function loadRows(deps: Deps, payment: Payment, now: number): Promise<Rows> {
  const { accountId, currency, subject } = payment
  if (isVisitor(accountId)) return loadVisitor(deps, accountId, now)
  const subscriptionId = subject.kind === 'subscription' ? subject.subscriptionId : undefined
  const keys = [
    ...[accountKey(accountId), walletKey(accountId), accountCreditKey(accountId, currency), profileKey(accountId)],
    ...(subscriptionId === undefined ? [] : [subscriptionKey(accountId, subscriptionId)]),
  ]
  const [own, wallet, credit, profile, item] = await deps.table.batchGet(keys, { consistent: true })
  const account = own && standing(own)
  const subscription = item && readSubscription(item)
  return {
    account,
    stored: wallet && readWallet(wallet),
    credit: credit && readAccountCredit(credit),
    subscription: subscription && isBought(subscription) ? subscription : undefined,
    buyer: buyerOf(profile && readProfile(profile), account ?? newAccount(accountId, null, now)),
  }
}

/** A visitor has no account; items need none. Where the session was claimed, what is bought needs the claimer's. */
async function loadVisitor({ table }: Deps, visitor: string, now: number): Promise<Rows> {
  const nobody = newAccount(visitor, null, now)
  const none = { stored: undefined, credit: undefined, subscription: undefined, buyer: buyerOf(undefined, nobody) }
  const claimedBy = await findClaimer(table, visitor)
  if (claimedBy === undefined) return { ...none, account: nobody }
  const own = await table.get(accountKey(claimedBy), { consistent: true })
  return { ...none, claimedBy, account: own && standing(own) && nobody }
}

/** One that is being erased gets nothing any more: its rows are about to go. */
function standing(item: Item): Account | undefined {
  const found = accountIn(item)
  return found?.erasingAt === undefined ? found : undefined
}

const ownGuard = (what: string, { id }: Payment): Guard => guardOf('i', `payment ${what}`, id)

/** The terms that were paid for: of the version in force when the payment was made. */
async function termsOfPayment(
  deps: Deps,
  { subject, catalogueVersion, type }: Payment,
): Promise<PlanTerms | undefined> {
  if (subject.kind !== 'plan' && (subject.kind !== 'subscription' || type === 'overage')) return undefined
  return termsOfPlan(deps, { priceId: subject.priceId, catalogueVersion })
}

/** The saved method that a payment for a subscription charges, unless it was forgotten since. */
async function chargedMethodOf(
  { table }: Pick<Deps, 'table'>,
  { accountId, method, subject }: Payment,
): Promise<RenewalMethod | undefined> {
  const saved = method && subject.kind === 'subscription' ? await findMethod(table, accountId, method.id) : undefined
  return saved && renewalMethod(saved)
}

/** What a renewal, a change or overage does: decided on the subscription as it is now. */
function otherEffect(
  payment: Payment,
  loaded: Rows & { terms: PlanTerms | undefined; fallback: PlanTerms | null },
  by: PaidBy,
  now: number,
): OtherEffect | undefined {
  const { account, stored, credit, subscription, terms, fallback } = loaded
  if (payment.subject.kind !== 'subscription') return undefined
  const scene = account && stored && subscription && { account, wallet: stored.wallet, subscription, fallback }
  return subscriptionEffect({ scene, credit, terms, by }, payment, now)
}
