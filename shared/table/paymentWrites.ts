import type { PaymentWrite } from '#domain/paymentWrite'
import type { BoughtSubscription } from '#domain/subscriptionState'
import { creditWrites } from './accountCredit.ts'
import { putAccountWrite } from './accounts.ts'
import { putChargeWrite } from './charges.ts'
import { unclaimed } from './claims.ts'
import { countCouponWrite, discountUseWrite, manualDiscountWrite } from './discounts.ts'
import { notErased } from './erased.ts'
import { putHistoryWrite } from './history.ts'
import { putInvoiceWrite } from './invoices.ts'
import { noticeWrite, numberWaitsWrite } from './outbox.ts'
import { putPaymentWrite } from './payments.ts'
import type { Write } from './port.ts'
import { putPurchaseWrite } from './purchases.ts'
import { putRefundWrite } from './refunds.ts'
import { countPriceWrite, putSubscriptionWrite } from './subscriptions.ts'
import { type Call, putEntryWrite, putWalletWrite } from './wallets.ts'

/** What rows record of whoever wrote them. */
export interface PaymentWriteContext {
  /** Stands on ledger entries. */
  call: Call
  at: { now: number; real: number }
  /** 16 base-32 characters, others at each call: ids of outbox rows. */
  random: () => string
  /** Stands on outbox rows and entries of account credit. */
  requestId: string
  /** The wallet's own, from where it was read; needed where a plan writes a wallet that is stored. */
  walletCreatedAt?: number
  /** When a bought subscription is due next (null: never); default: a live one at its end. */
  subscriptionDueAt?: (next: BoughtSubscription) => number | null
}

/** A plan's write with its rows, so that a refused transaction is read in the plan's words: `of.row` of the write refused. */
export interface PaymentRows {
  of: PaymentWrite
  writes: Write[]
}

/**
 * Each write of a plan as table writes under its conditions; all of them belong into one transaction. The word that an
 * invoice waits for its number leaves with the plan's first notice, where there is one.
 */
export function rowsOf(writes: readonly PaymentWrite[], context: PaymentWriteContext): PaymentRows[] {
  const carrier = writes.find(({ row }) => row === 'notice')
  const waiting = writes.find((of): of is Of<'invoice'> => of.row === 'invoice')
  return writes.map((of) => {
    const carried = of === carrier || (of === waiting && carrier) ? waiting : undefined
    return { of, writes: writesOf(of, { ...context, ...(carried && { carried: carried.next.series }) }) }
  })
}

type Row = PaymentWrite['row']
type Of<R extends Row> = Extract<PaymentWrite, { row: R }>

/** `carried`: the series whose waiting invoice a notice of the same plan tells of. */
type RowContext = PaymentWriteContext & { carried?: string }

/** One maker for each kind of row: a new kind does not compile until it is here. */
const makers: { [R in Row]: (of: Of<R>, context: RowContext) => Write[] } = {
  payment: ({ next, seenVer }) => [putPaymentWrite(next, seenVer)],
  charge: ({ row: _row, ...guard }, { at }) => [putChargeWrite(guard, at.now)],
  account: ({ next, seenVer }) => [putAccountWrite(next, seenOf(seenVer))],
  wallet: walletWrites,
  subscription: ({ accountId, next, seenVer }, { at, subscriptionDueAt }) => [
    putSubscriptionWrite(accountId, next, seenOf(seenVer), at.now, subscriptionDueAt?.(next)),
  ],
  priceCount: ({ priceId, by }, { at }) => [countPriceWrite(priceId, by, at.now)],
  history: ({ accountId, next }, { at }) => [putHistoryWrite(accountId, next, at.now)],
  purchase: ({ next, seenVer }, { at }) => [putPurchaseWrite(next, seenVer, at.now)],
  claim: ({ visitor, by }) => [by === undefined ? unclaimed(visitor) : notErased(by)],
  credit: ({ change }, { requestId }) => creditWrites(change, requestId),
  invoice: ({ next }, { at, random, requestId, carried }) => [
    putInvoiceWrite(next, at.now),
    ...(carried === undefined ? [numberWaitsWrite({ series: next.series, requestId }, at, random())] : []),
  ],
  refund: ({ next, seenVer }) => [putRefundWrite(next, seenVer)],
  coupon: ({ code, by, max }, { at }) => [countCouponWrite(code, by, max, at.now)],
  manualDiscount: (of, { at }) => [manualDiscountWrite(of, at.now)],
  discountUse: (of, { at }) => [discountUseWrite(of, at)],
  notice: ({ accountId, kind, data }, { at, random, requestId, carried: series }) => [
    noticeWrite(
      { kind, accountId, data, requestId },
      at,
      random(),
      series === undefined ? undefined : { series, requestId },
    ),
  ],
}

function writesOf<R extends Row>(of: Of<R>, context: RowContext): Write[] {
  const make: (of: Of<R>, context: RowContext) => Write[] = makers[of.row]
  return make(of, context)
}

const seenOf = (ver: number): { ver: number } | undefined => (ver === 0 ? undefined : { ver })

/** A wallet keeps the instant it was made at. @throws Error when a stored one comes without: a defect. */
function walletWrites(
  { accountId, change, seenVersion }: Of<'wallet'>,
  { call, at, walletCreatedAt }: PaymentWriteContext,
): Write[] {
  if (seenVersion > 0 && walletCreatedAt === undefined)
    throw new Error('a stored wallet was read without its createdAt')
  const seen = seenVersion > 0 ? { wallet: { version: seenVersion }, createdAt: walletCreatedAt ?? at.now } : undefined
  return [
    putWalletWrite(accountId, change.wallet, seen, at.now),
    ...change.entries.map((entry) => putEntryWrite(accountId, entry, call)),
  ]
}
