import { type Account, newAccount } from '#domain/account'
import { fallbackTermsOf } from '#domain/catalogueTerms'
import { type Guard, guardOf, idOf } from '#domain/guard'
import { isVisitor, type Payment } from '#domain/payment'
import type { SettlementInput } from '#domain/settlement'
import type { AccountCredit } from '#domain/settlementCredit'
import type { OtherEffect } from '#domain/settlementEffect'
import { subscriptionEffect } from '#domain/subscriptionEffect'
import { isBought } from '#domain/subscriptionState'
import type { PlanTerms } from '#domain/terms'
import { initialZones } from '#domain/time'
import { findAccountCredit } from '#table/accountCredit'
import { findAccount } from '#table/accounts'
import { walletKey } from '#table/keys'
import { findSubscription } from '#table/subscriptions'
import { readWallet, type StoredWallet } from '#table/wallets'
import { buyerOf } from './billingProfile.ts'
import type { Deps } from './deps.ts'
import { holdsNow } from './paymentHolds.ts'
import { termsOfPlan } from './planTerms.ts'

/** Everything a settlement is decided on, but for what the provider says. */
export interface LoadedSettlement {
  input: Omit<SettlementInput, 'payment' | 'seen' | 'savedMethod'>
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
  const { accountId, currency } = payment
  const visitor = isVisitor(accountId)
  const [account, item, credit, settings, published] = await Promise.all([
    visitor ? visitorAccount(accountId, now) : findAccount(deps.table, accountId, { consistent: true }),
    visitor ? undefined : deps.table.get(walletKey(accountId), { consistent: true }),
    visitor ? undefined : findAccountCredit(deps.table, accountId, currency),
    deps.settings(),
    deps.catalogue(),
  ])
  const stored = item && readWallet(item)
  const terms = await termsOfPayment(deps, payment)
  const fallback = fallbackTermsOf(published)
  const history = idOf('his', now, ownGuard('history', payment))
  const other = await otherEffect(
    deps,
    payment,
    { account, stored, credit, terms, fallback },
    { history, providerPaymentId },
    now,
  )
  const holds = await holdsNow(deps, payment, account, fallback, now)
  const { timeZone, ...seller } = settings.seller
  return {
    stored,
    input: {
      account,
      wallet: stored?.wallet,
      credit,
      ...(holds && { holds }),
      ...(terms && { terms }),
      ...(other && { other }),
      fallback,
      invoice: {
        id: idOf('inv', now, ownGuard('invoice', payment)),
        seller,
        buyer: await buyerOf(deps, account ?? visitorAccount(accountId, now)),
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

const ownGuard = (what: string, { id }: Payment): Guard => guardOf('i', `payment ${what}`, id)

/** A visitor has no account; items need none. */
const visitorAccount = (accountId: string, now: number): Account => newAccount(accountId, null, now)

/** The terms that were paid for: of the version in force when the payment was made. */
async function termsOfPayment(
  deps: Deps,
  { subject, catalogueVersion, type }: Payment,
): Promise<PlanTerms | undefined> {
  if (subject.kind !== 'plan' && (subject.kind !== 'subscription' || type === 'overage')) return undefined
  return termsOfPlan(deps, { priceId: subject.priceId, catalogueVersion })
}

/** What a renewal, a change or overage does: decided on the subscription as it is now. */
async function otherEffect(
  deps: Deps,
  payment: Payment,
  loaded: {
    account: Account | undefined
    stored: StoredWallet | undefined
    credit: AccountCredit | undefined
    terms: PlanTerms | undefined
    fallback: PlanTerms | null
  },
  ids: { history: string; providerPaymentId: string | null },
  now: number,
): Promise<OtherEffect | undefined> {
  const { account, stored, credit, terms, fallback } = loaded
  if (payment.subject.kind !== 'subscription') return undefined
  const found = await findSubscription(deps.table, payment.accountId, payment.subject.subscriptionId)
  const subscription = found && isBought(found) ? found : undefined
  const scene = account && stored && subscription && { account, wallet: stored.wallet, subscription, fallback }
  return subscriptionEffect({ scene, credit, terms, ids }, payment, now)
}
