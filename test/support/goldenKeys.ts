import { guardOf } from '#domain/guard'
import * as keys from '#table/keys'

const guard = guardOf('s', 'family', 'key')
const hidden = (text: string) => text.replaceAll(guard.bits, '<guard>').replace('#s#<', '#<class>#<')

/**
 * Every export of the key file with placeholders for its arguments. A new one that is not named here is shown as
 * missing, so that it cannot enter the table unseen.
 */
const shown: Record<keyof typeof keys, unknown> = {
  accountPk: keys.accountPk('<account>'),
  accountKey: keys.accountKey('<account>'),
  walletKey: keys.walletKey('<account>'),
  operationKey: keys.operationKey('<account>', guard),
  tallyKey: keys.tallyKey('<account>', guard),
  answerKey: keys.answerKey('<owner>', guard),
  staffPk: keys.staffPk('<subject>'),
  counterKey: keys.counterKey('<account>', '<feature>', '<window kind>#<start>'),
  gaugeKey: keys.gaugeKey('<account>', '<feature>'),
  historyKey: keys.historyKey('<account>', '<feature>', '<yyyy-mm>'),
  subscriptionKey: keys.subscriptionKey('<account>', '<subscription>'),
  noticeKey: keys.noticeKey('<account>', '<row>'),
  subscriptionPrefix: keys.subscriptionPrefix,
  noticePrefix: keys.noticePrefix,
  historyEntryKey: keys.historyEntryKey('<account>', '<entry>'),
  historyEntryPrefix: keys.historyEntryPrefix,
  paymentKey: keys.paymentKey('<account>', '<payment>'),
  paymentPrefix: keys.paymentPrefix,
  refundKey: keys.refundKey('<account>', '<payment>', '<refund>'),
  refundPrefix: keys.refundPrefix('<payment>'),
  invoicePrefix: keys.invoicePrefix('<payment>'),
  invoiceKey: keys.invoiceKey('<account>', '<payment>', '<invoice>'),
  claimKey: keys.claimKey('<visitor>'),
  purchaseKey: keys.purchaseKey('<account>', '<purchase>'),
  purchasePrefix: keys.purchasePrefix,
  accountCreditKey: keys.accountCreditKey('<account>', '<currency>'),
  creditEntryKey: keys.creditEntryKey('<account>', '<currency>', guard),
  manualDiscountKey: keys.manualDiscountKey('<account>', '<discount>'),
  manualDiscountPrefix: keys.manualDiscountPrefix,
  discountUseKey: keys.discountUseKey('<account>', '<group>', '<window kind>#<start>'),
  methodKey: keys.methodKey('<account>', '<method>'),
  methodPrefix: keys.methodPrefix,
  forgottenMethodKey: keys.forgottenMethodKey('<account>', '<method>'),
  methodTokenPk: keys.methodTokenPk('<fingerprint>'),
  profileKey: keys.profileKey('<account>'),
  memberKey: keys.memberKey('<account>', '<user>'),
  memberPrefix: keys.memberPrefix,
  membershipsPk: keys.membershipsPk('<user>'),
  erasureKey: keys.erasureKey('<yyyy-mm>', '<account>'),
  couponCountKey: keys.couponCountKey('<CODE>'),
  orderKey: keys.orderKey('stripe', '<provider order>'),
  chargeKey: keys.chargeKey('stripe', '<provider payment>'),
  providerSubscriptionKey: keys.providerSubscriptionKey('stripe', '<provider subscription>'),
  seriesKey: keys.seriesKey('<series>'),
  webhookEventKey: keys.webhookEventKey('stripe', '<event>'),
  settingKey: keys.settingKey('<name>'),
  settingVersionKey: keys.settingVersionKey('<name>', 7),
  sessionKey: keys.sessionKey('<hash>'),
  accountRateKey: keys.accountRateKey('<account>', '<policy>'),
  addressRateKey: keys.addressRateKey('<address>', '<policy>'),
  userKey: keys.userKey('<subject>'),
  apiKeyKey: keys.apiKeyKey('<hash>'),
  catalogueKey: keys.catalogueKey(7),
  currentCatalogueKey: keys.currentCatalogueKey(),
  priceCountKey: keys.priceCountKey('<price>'),
  clockKey: keys.clockKey(),
  followerKey: keys.followerKey('<name>'),
  followerPrefix: keys.followerPrefix,
  renewalRunKey: keys.renewalRunKey('<yyyy-mm-dd>'),
  runKey: keys.runKey('<job>', '<scheduled at>'),
  outboxShards: keys.outboxShards,
  outboxPk: keys.outboxPk('<hour>', 3),
  auditPk: keys.auditPk('<day>'),
  auditedPk: keys.auditedPk('<account>'),
  accountShards: keys.accountShards,
  accountDirectory: keys.accountDirectory(5),
  subscriptionShards: keys.subscriptionShards,
  subscriptionDirectory: keys.subscriptionDirectory(5),
  moneyShards: keys.moneyShards,
  paymentDirectory: keys.paymentDirectory('<yyyy-mm>', 5),
  webhookDirectory: keys.webhookDirectory('<yyyy-mm>', 5),
  webhookPosition: keys.webhookPosition(Date.UTC(2026, 0, 31), 'stripe', '<event>'),
  webhookStuckPk: keys.webhookStuckPk('<status>'),
  reconciliationKey: keys.reconciliationKey('<yyyy-mm-dd>'),
  numberPk: keys.numberPk('<series>'),
  numberPosition: keys.numberPosition(Date.UTC(2026, 0, 31), '<invoice>'),
  keyDirectory: keys.keyDirectory,
  auditDirectory: keys.auditDirectory('<yyyy-mm>'),
  ledgerIndex: keys.ledgerIndex('<account>'),
  ledgerPosition: keys.ledgerPosition(12),
  dueShards: keys.dueShards,
  duePk: keys.duePk(3),
  duePosition: keys.duePosition(Date.UTC(2026, 0, 31), { pk: '<pk>', sk: '<sk>' }),
  shardOf: keys.shardOf('<text>', 16),
}

/** `name value`, sorted by name; a key as `pk | sk`. */
export function keyLines(): string[] {
  return Object.keys(keys)
    .sort()
    .map((name) => `${name} ${lineOf(Object.hasOwn(shown, name) ? shown[name as keyof typeof keys] : undefined)}`)
}

function lineOf(value: unknown): string {
  if (value === undefined) return 'MISSING: name it in test/support/goldenKeys.ts'
  if (typeof value === 'object' && value !== null && 'pk' in value && 'sk' in value)
    return hidden(`${value.pk} | ${value.sk}`)
  return hidden(String(value))
}
