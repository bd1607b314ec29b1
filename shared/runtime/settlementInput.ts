import { type Account, newAccount } from '#domain/account'
import { fallbackTermsOf, findPrice, termsAt } from '#domain/catalogueTerms'
import { type Guard, guardOf, idOf } from '#domain/guard'
import { isVisitor, type Payment } from '#domain/payment'
import type { SettlementInput } from '#domain/settlement'
import type { PlanTerms } from '#domain/terms'
import { initialZones } from '#domain/time'
import { findAccountCredit } from '#table/accountCredit'
import { findAccount } from '#table/accounts'
import { readCatalogue } from '#table/catalogue'
import { walletKey } from '#table/keys'
import { readWallet, type StoredWallet } from '#table/wallets'
import { buyerOf } from './billingProfile.ts'
import type { Deps } from './deps.ts'

/** Everything a settlement is decided on, but for what the provider says. */
export interface LoadedSettlement {
  input: Omit<SettlementInput, 'payment' | 'seen' | 'savedMethod' | 'other'>
  /** With the image that the wallet was read from, whose creation time its next state keeps. */
  stored: StoredWallet | undefined
}

/**
 * Reads what the settlement of a payment rests on: consistently, because money is decided on it. The ids of what it may
 * grant follow from the payment, so that a decision made again names the same things.
 */
export async function loadSettlement(deps: Deps, payment: Payment, now: number): Promise<LoadedSettlement> {
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
  const { timeZone, ...seller } = settings.seller
  return {
    stored,
    input: {
      account,
      wallet: stored?.wallet,
      credit,
      ...(terms && { terms }),
      fallback: fallbackTermsOf(published),
      invoice: {
        id: idOf('inv', now, ownGuard('invoice', payment)),
        seller,
        buyer: await buyerOf(deps, account ?? visitorAccount(accountId, now)),
        zones: initialZones(timeZone),
      },
      ids: {
        subscription: idOf('sub', now, ownGuard('subscription', payment)),
        purchase: idOf('pur', payment.createdAt, ownGuard('purchase', payment)),
        history: idOf('his', now, ownGuard('history', payment)),
      },
    },
  }
}

const ownGuard = (what: string, { id }: Payment): Guard => guardOf('i', `payment ${what}`, id)

/** A visitor has no account; items need none. */
const visitorAccount = (accountId: string, now: number): Account => newAccount(accountId, null, now)

/** The terms of the version in force at checkout. @throws Error when that version has no such price: a defect. */
async function termsOfPayment(deps: Deps, { subject, catalogueVersion }: Payment): Promise<PlanTerms | undefined> {
  if (subject.kind !== 'plan') return undefined
  const current = await deps.catalogue()
  const published = current.version === catalogueVersion ? current : await readCatalogue(deps.table, catalogueVersion)
  const found = findPrice(published.catalogue, subject.priceId)
  if (!found) throw new Error(`catalogue version ${catalogueVersion} has no price ${subject.priceId}`)
  return termsAt(published, found)
}
