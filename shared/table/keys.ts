import { createHash } from 'node:crypto'
import { type Guard, operationSk } from '#domain/guard'
import type { PaymentProvider } from '#domain/moneyCharge'
import type { Key } from './port.ts'

/**
 * Every key of the table, and nothing else makes one. Values from outside enter a key only after their border parsed
 * them: an account id has no `#`, a feature id neither, an idempotency key enters as its hash (`#domain/guard`).
 */
export const accountPk = (accountId: string): string => `ACCOUNT#${accountId}`
export const accountKey = (accountId: string): Key => ({ pk: accountPk(accountId), sk: 'ACCOUNT' })
export const walletKey = (accountId: string): Key => ({ pk: accountPk(accountId), sk: 'WALLET' })

/** The guard of an operation: ledger entry, usage event or stored refusal, all under one key, so that a plan change between two tries cannot split them. */
export const operationKey = (accountId: string, guard: Guard): Key => ({
  pk: accountPk(accountId),
  sk: operationSk(guard),
})
export const tallyKey = (accountId: string, guard: Guard): Key => ({
  pk: accountPk(accountId),
  sk: operationSk(guard).replace('OP#', 'TALLY#'),
})
/** Stored answers live beside what they changed: `ACCOUNT#…` or `STAFF#…`. */
export const answerKey = (pk: string, guard: Guard): Key => ({ pk, sk: operationSk(guard).replace('OP#', 'IDEM#') })
export const staffPk = (subject: string): string => `STAFF#${subject}`

/** `windowId` comes from `#domain/time`: `<kind>#<start, ISO>`, or `lifetime`. */
export const counterKey = (accountId: string, feature: string, windowId: string): Key => ({
  pk: accountPk(accountId),
  sk: `USE#${feature}#${windowId}`,
})
export const gaugeKey = (accountId: string, feature: string): Key => ({
  pk: accountPk(accountId),
  sk: `USE#${feature}#gauge`,
})
/** `month` is `yyyy-mm`, in the account's zone. */
export const historyKey = (accountId: string, feature: string, month: string): Key => ({
  pk: accountPk(accountId),
  sk: `HIST#${feature}#${month}`,
})
export const subscriptionKey = (accountId: string, subscriptionId: string): Key => ({
  pk: accountPk(accountId),
  sk: `SUB#${subscriptionId}`,
})
export const subscriptionPrefix = 'SUB#'
export const noticeKey = (accountId: string, rowId: string): Key => ({
  pk: accountPk(accountId),
  sk: `NOTICE#${rowId}`,
})
export const noticePrefix = 'NOTICE#'

export const historyEntryKey = (accountId: string, id: string): Key => ({
  pk: accountPk(accountId),
  sk: `SUBHIST#${id}`,
})
export const historyEntryPrefix = 'SUBHIST#'

/** A payment, its refunds and its documents lie together: one query of `PAY#<id>` reads them all. */
export const paymentKey = (accountId: string, paymentId: string): Key => ({
  pk: accountPk(accountId),
  sk: `PAY#${paymentId}`,
})
export const paymentPrefix = 'PAY#'
export const refundKey = (accountId: string, paymentId: string, refundId: string): Key => ({
  pk: accountPk(accountId),
  sk: `PAY#${paymentId}#RFD#${refundId}`,
})
export const refundPrefix = (paymentId: string): string => `PAY#${paymentId}#RFD#`
/** A payment's invoice and credit notes: whoever asks for a document names its payment. */
export const invoiceKey = (accountId: string, paymentId: string, invoiceId: string): Key => ({
  pk: accountPk(accountId),
  sk: `PAY#${paymentId}#INV#${invoiceId}`,
})
export const invoicePrefix = (paymentId: string): string => `PAY#${paymentId}#INV#`
export const purchaseKey = (accountId: string, purchaseId: string): Key => ({
  pk: accountPk(accountId),
  sk: `PUR#${purchaseId}`,
})
export const purchasePrefix = 'PUR#'
/** Of a visitor: which account has claimed what they buy. */
export const claimKey = (visitor: string): Key => ({ pk: accountPk(visitor), sk: 'CLAIM' })
/** Money that an account has with us, by currency, and its entries under their guards. */
export const accountCreditKey = (accountId: string, currency: string): Key => ({
  pk: accountPk(accountId),
  sk: `MONEY#${currency}`,
})
export const creditEntryKey = (accountId: string, currency: string, guard: Guard): Key => ({
  pk: accountPk(accountId),
  sk: `MONEY#${currency}#${guard.bits}`,
})
export const manualDiscountKey = (accountId: string, id: string): Key => ({
  pk: accountPk(accountId),
  sk: `MANUAL#${id}`,
})
export const manualDiscountPrefix = 'MANUAL#'
export const discountUseKey = (accountId: string, group: string, windowId: string): Key => ({
  pk: accountPk(accountId),
  sk: `DISC#${group}#${windowId}`,
})
export const methodKey = (accountId: string, methodId: string): Key => ({
  pk: accountPk(accountId),
  sk: `METHOD#${methodId}`,
})
export const methodPrefix = 'METHOD#'
/** Left by a method that was deleted: late news of an old payment does not bring it back. */
export const forgottenMethodKey = (accountId: string, methodId: string): Key => ({
  pk: accountPk(accountId),
  sk: `FORGOTTEN#${methodId}`,
})
/** Whose method a provider's token is: gsi1, by the fingerprint of provider and token. */
export const methodTokenPk = (fingerprint: string): string => `METHOD#${fingerprint}`
export const profileKey = (accountId: string): Key => ({ pk: accountPk(accountId), sk: 'PROFILE' })
export const memberKey = (accountId: string, userId: string): Key => ({
  pk: accountPk(accountId),
  sk: `MEMBER#${userId}`,
})
export const memberPrefix = 'MEMBER#'
/** The accounts that a login is a member of: gsi1, by account. */
export const membershipsPk = (userId: string): string => `MEMBER#${userId}`
/** Accounts erased in a month (`yyyy-mm`, UTC, real time): what a table restored from before has to be told. */
export const erasureKey = (month: string, accountId: string): Key => ({ pk: `ERASED#${month}`, sk: accountId })
export const couponCountKey = (code: string): Key => ({ pk: `COUPON#${code}`, sk: 'COUNT' })

/** From a provider's order to our payment. */
export const orderKey = (provider: PaymentProvider, providerOrderId: string): Key => ({
  pk: `ORDER#${provider}#${providerOrderId}`,
  sk: 'ORDER',
})
/** The guard of a provider's payment, for ever: its money has had its effect. */
export const chargeKey = (provider: PaymentProvider, providerPaymentId: string): Key => ({
  pk: `CHARGE#${provider}#${providerPaymentId}`,
  sk: 'CHARGE',
})
/** From a subscription that a provider renews to ours, for ever: it belongs to one account. */
export const providerSubscriptionKey = (provider: PaymentProvider, providerSubscriptionId: string): Key => ({
  pk: `PSUB#${provider}#${providerSubscriptionId}`,
  sk: 'SUBSCRIPTION',
})
export const seriesKey = (series: string): Key => ({ pk: `SERIES#${series}`, sk: 'SERIES' })
export const webhookEventKey = (provider: PaymentProvider, eventKey: string): Key => ({
  pk: `EVT#${provider}#${eventKey}`,
  sk: 'EVENT',
})
export const settingKey = (name: string): Key => ({ pk: `SETTING#${name}`, sk: 'CURRENT' })
export const settingVersionKey = (name: string, version: number): Key => ({
  pk: `SETTING#${name}`,
  sk: `VERSION#${String(version).padStart(6, '0')}`,
})
/** What the comparison of a day (`yyyy-mm-dd`, UTC) with the providers' lists found. */
export const reconciliationKey = (day: string): Key => ({ pk: `RECON#${day}`, sk: 'REPORT' })
/** A visitor's session, by the hash of its token. */
export const sessionKey = (hash: string): Key => ({ pk: `SESSION#${hash}`, sk: 'SESSION' })

/** Quotas have partitions of their own, so a function that only counts may write nothing else. An account id has no `#`. */
export const accountRateKey = (accountId: string, policy: string): Key => ({
  pk: `RATE#${accountId}`,
  sk: policy,
})
export const addressRateKey = (address: string, policy: string): Key => ({ pk: `RATE#IP#${address}`, sk: policy })

export const userKey = (subject: string): Key => ({ pk: `USER#${subject}`, sk: 'USER' })
export const apiKeyKey = (hash: string): Key => ({ pk: `KEY#${hash}`, sk: 'KEY' })
export const catalogueKey = (version: number): Key => ({
  pk: 'CATALOGUE',
  sk: `VERSION#${String(version).padStart(6, '0')}`,
})
export const currentCatalogueKey = (): Key => ({ pk: 'CATALOGUE', sk: 'CURRENT' })
export const priceCountKey = (priceId: string): Key => ({ pk: `PRICE#${priceId}`, sk: 'COUNT' })
export const clockKey = (): Key => ({ pk: 'CLOCK', sk: 'CLOCK' })
/** Who goes by the test clock from outside lies beside it. */
export const followerKey = (name: string): Key => ({ pk: 'CLOCK', sk: `FOLLOWER#${name}` })
export const followerPrefix = 'FOLLOWER#'
/** Jobs report under their name and the time they were scheduled for. */
export const runKey = (job: string, scheduledAt: string): Key => ({ pk: `RUN#${job}`, sk: scheduledAt })

/** What the renewals of a day (`yyyy-mm-dd`, UTC) came to. */
export const renewalRunKey = (day: string): Key => ({ pk: `RENEWALS#${day.slice(0, 7)}`, sk: day })

/** Outbox rows are spread over the hour they were made in and 4 shards: no partition is hot, and the sweeper knows where to look. */
export const outboxShards = 4
export const outboxPk = (hour: string, shard: number): string => `OUT#${hour}#${shard}`
export const auditPk = (day: string): string => `AUDIT#${day}`
/** The entries about an account, by their ids: gsi2. */
export const auditedPk = (accountId: string): string => `AUDITED#${accountId}`

/** Directory shards of accounts: the index has no hotter partition than a shard. */
export const accountShards = 8
export const accountDirectory = (shard: number): string => `DIR#account#${shard}`
/** Subscriptions by their ids, over all accounts: for staff. */
export const subscriptionShards = 8
export const subscriptionDirectory = (shard: number): string => `DIR#subscription#${shard}`
/** Payments and webhook events by month (`yyyy-mm`, UTC, of their id or receipt) and shard. */
export const moneyShards = 8
export const paymentDirectory = (month: string, shard: number): string => `DIR#payment#${month}#${shard}`
export const webhookDirectory = (month: string, shard: number): string => `DIR#webhook#${month}#${shard}`
export const webhookPosition = (receivedAt: number, provider: PaymentProvider, eventKey: string): string =>
  `${new Date(receivedAt).toISOString()}#${provider}:${eventKey}`
/** Events that wait for staff (`dead`, `failed`), oldest first: gsi2, until they are replayed. */
export const webhookStuckPk = (status: string): string => `WEBHOOK#${status}`
/** Invoices that wait for their number, oldest first: gsi2, until they have it. */
export const numberPk = (series: string): string => `NUMBER#${series}`
export const numberPosition = (issuedAt: number, invoiceId: string): string =>
  `${new Date(issuedAt).toISOString()}#${invoiceId}`
export const keyDirectory = 'DIR#key'
export const auditDirectory = (month: string): string => `DIR#audit#${month}`
export const ledgerIndex = (accountId: string): string => `${accountId}#LEDGER`
/** `seq` as an index key sorts as a number up to 2^53. */
export const ledgerPosition = (seq: number): string => String(seq).padStart(16, '0')

/** Due work: 16 shards by hash, sorted by the instant at which it falls due. */
export const dueShards = 16
export const duePk = (shard: number): string => `DUE#${String(shard).padStart(2, '0')}`
export const duePosition = (at: number, key: Key): string => `${new Date(at).toISOString()}#${key.pk}#${key.sk}`

/** A stable spread of `text` over `shards`. */
export function shardOf(text: string, shards: number): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) % shards
}
