import type { Account } from './account.ts'
import type { WalletChange } from './accountWallet.ts'
import { MoreIsDue } from './accountWallet.ts'
import { addDuration, parseDuration } from './duration.ts'
import { guardOf } from './guard.ts'
import { isVisitor, type Payment, type Unlawful } from './payment.ts'
import { boughtWrites } from './paymentClaim.ts'
import type { PaymentWrite } from './paymentWrite.ts'
import type { SettlementInput } from './settlement.ts'
import { planEffect } from './settlementPlan.ts'
import { windowAt, zoneAt } from './time.ts'
import { decide } from './walletDecide.ts'
import type { Wallet } from './walletState.ts'

/** What renewals, changes and overage do is decided by the rules of subscriptions; settlement writes it. */
export type OtherEffect =
  | { kind: 'lawful'; writes: PaymentWrite[]; reference?: string }
  | { kind: 'unlawful'; reason: Unlawful }

export interface Effect {
  writes: PaymentWrite[]
  /** What was granted: subscription, credit grant, purchase. */
  reference?: string
}

/** The lawful effect of a payment. @throws Error without what its type needs: a defect. */
export function grantEffect(input: SettlementInput, account: Account, now: number): Effect {
  const { payment, ids } = input
  switch (payment.subject.kind) {
    case 'plan':
      return { writes: boughtPlan(input, account, now), reference: ids.subscription }
    case 'credit_pack':
      return boughtCredits(input, account, payment.subject, now)
    case 'item':
      return boughtItem(input, account, payment.subject, now)
    case 'method':
      // The provider hands the method over beside the money, and the money goes back.
      return { writes: [] }
    case 'subscription': {
      if (input.other?.kind !== 'lawful') throw new Error('a renewal or change needs its effect')
      const { writes, reference } = input.other
      return { writes, ...(reference !== undefined && { reference }) }
    }
  }
}

function boughtPlan(input: SettlementInput, account: Account, now: number): PaymentWrite[] {
  const { payment, terms, fallback, ids, seen, savedMethod } = input
  if (!terms) throw new Error('a plan purchase needs its terms')
  const providerPaymentId = seen?.providerPaymentId ?? null
  const wallet = walletOf(input)
  const method = savedMethod && { method: savedMethod }
  return planEffect({ payment, account, wallet, terms, fallback, ids, ...method, providerPaymentId }, now).writes
}

type Subject<K> = Extract<Payment['subject'], { kind: K }>

/** A settlement is never refused: at the wallet's cap the credits join a grant of equal expiry. */
function boughtCredits(input: SettlementInput, account: Account, pack: Subject<'credit_pack'>, now: number): Effect {
  const { payment } = input
  const wallet = walletOf(input)
  const amount = pack.credits * pack.quantity
  const decision = decide(
    wallet,
    {
      kind: 'grant',
      guard: purchaseGuard(payment.id),
      amount,
      expiresAt: packExpiry(pack, account, now),
      source: 'purchase',
      merge: true,
      reason: pack.name,
      reference: payment.id,
    },
    now,
    windowAt,
  )
  // The grant is there already: the payment was read before it was settled, and the wallet after.
  const isStale = decision.kind === 'refused' && decision.reason === 'key_reused'
  if (decision.kind === 'partial' || isStale) throw new MoreIsDue()
  if (decision.kind !== 'accepted') throw new Error(`a wallet ${decision.kind} a purchase`)
  const change: WalletChange = { wallet: decision.wallet, entries: decision.entries }
  return {
    reference: decision.answer.grantId,
    writes: [
      { row: 'wallet', accountId: account.id, change, seenVersion: wallet.version },
      ...currencyFixed(payment, account, now),
      {
        row: 'notice',
        accountId: account.id,
        kind: 'credits.purchased',
        data: { paymentId: payment.id, credits: amount, balance: decision.answer.balance },
      },
    ],
  }
}

/** The ledger entry of a pack is guarded by the payment: a repeated settlement cannot grant it again. */
export const purchaseGuard = (payment: string) => guardOf('i', 'purchase', payment)

/** Counted from settlement, on the account's calendar. */
function packExpiry({ expiresAfter }: Subject<'credit_pack'>, { zones }: Account, now: number): number | null {
  if (expiresAfter === undefined) return null
  const duration = parseDuration(expiresAfter)
  if (!duration) throw new Error(`${expiresAfter} is not a duration`)
  return addDuration(now, duration, zoneAt(zones, now))
}

function boughtItem(input: SettlementInput, account: Account, item: Subject<'item'>, now: number): Effect {
  const { payment, ids, claimedBy } = input
  const bought = {
    id: ids.purchase,
    accountId: payment.accountId,
    paymentId: payment.id,
    productId: item.productId,
    name: item.name,
    group: item.group,
    quantity: item.quantity,
    amountMinor: payment.order.totalMinor,
    currency: payment.currency,
    createdAt: now,
    ver: 1,
  }
  return {
    reference: ids.purchase,
    writes: [...boughtWrites(bought, claimedBy), ...currencyFixed(payment, account, now)],
  }
}

/** The first payment fixes an account's currency. A visitor's account is none yet; nothing paid fixes nothing. */
function currencyFixed(payment: Payment, account: Account, now: number): PaymentWrite[] {
  if (account.hasPaid || isVisitor(account.id) || payment.amountMinor === 0) return []
  const next = { ...account, currency: payment.currency, hasPaid: true, ver: account.ver + 1, updatedAt: now }
  return [{ row: 'account', next, seenVer: account.ver }]
}

function walletOf({ wallet }: SettlementInput): Wallet {
  if (!wallet) throw new Error('an account without a wallet')
  return wallet
}
