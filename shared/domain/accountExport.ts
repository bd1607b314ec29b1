/**
 * What of each kind of row an export shows. The names on the left are the stored entities; a row that is named nowhere here
 * is a defect, so that nothing can be stored of an account which its export leaves out unsaid.
 */
interface Shown {
  section: ExportSection
  /** Members in this order, as they are stored; others are not shown. */
  members: readonly string[]
}

export const exportSections = [
  'account',
  'profile',
  'members',
  'memberships',
  'subscriptions',
  'subscriptionHistory',
  'wallet',
  'ledger',
  'usage',
  'usageEvents',
  'usageHistory',
  'payments',
  'refunds',
  'invoices',
  'purchases',
  'accountCredit',
  'discounts',
  'paymentMethods',
  'notices',
  'requests',
  'audit',
] as const
export type ExportSection = (typeof exportSections)[number]

const times = ['createdAt', 'updatedAt'] as const

/** A payment's evidence and bookkeeping that only the product reads are in it too: nothing in them is secret. */
export const exportedEntities: Record<string, Shown> = {
  account: {
    section: 'account',
    members: [
      ...['id', 'email', 'name', 'currency', 'country', 'metadata', 'zones', 'plan', 'subscriptionId', 'complimentary'],
      ...['accessEnd', 'period', 'suspended', 'preferences', 'erasingAt', 'returnedFrom', ...times],
    ],
  },
  billingProfile: { section: 'profile', members: ['email', 'name', 'address', 'taxId', ...times] },
  member: { section: 'members', members: ['userId', 'role', ...times] },
  subscription: {
    section: 'subscriptions',
    members: [
      ...['id', 'planId', 'priceId', 'catalogueVersion', 'status', 'complimentary', 'periodStart', 'periodEnd'],
      ...['reason', 'endedAt', 'interval', 'currency', 'anchor', 'zone', 'periodIndex', 'paidMinor', 'paymentId'],
      ...['autoRenew', 'coupon', 'canceledAt', 'cancelReason', 'method', 'scheduledChange', 'ahead', 'retry'],
      ...[
        'hereMinor',
        'earlier',
        'tax',
        'pendingCharge',
        'finalOverage',
        'carried',
        'refunded',
        'replaced',
        'pausedAt',
        'trial',
        'managedBy',
        'provider',
        'providerSubscriptionId',
        'gatewayCustomerId',
        'heard',
        ...times,
      ],
    ],
  },
  subscriptionHistory: {
    section: 'subscriptionHistory',
    members: [
      ...['id', 'planId', 'previousPlanId', 'priceId', 'kind', 'startedAt', 'endedAt', 'amountMinor', 'currency'],
      ...['paymentId', 'provider', 'providerPaymentId', 'methodId', 'methodLabel', 'createdAt'],
    ],
  },
  entry: {
    section: 'ledger',
    members: [
      ...['id', 'type', 'amount', 'seq', 'balanceAfter', 'effectiveAt', 'reason', 'reference', 'key', 'requestId'],
      ...['actor', 'metadata', 'callerReference', 'feature', 'quantity', 'cost', 'at', 'createdAt'],
    ],
  },
  counter: { section: 'usage', members: ['feature', 'window', 'n', 'end', 'd', 'over', 'price', ...times] },
  gauge: { section: 'usage', members: ['feature', 'window', 'n', ...times] },
  usage: {
    section: 'usageEvents',
    members: [
      ...['id', 'feature', 'quantity', 'cost', 'at', 'outcome', 'durationMs', 'callerReference', 'metadata'],
      ...['key', 'requestId', 'actor', 'createdAt'],
    ],
  },
  history: { section: 'usageHistory', members: ['feature', 'month', 'days', 'total', 'statistics', 'overage'] },
  payment: {
    section: 'payments',
    members: [
      ...['id', 'type', 'mode', 'status', 'amountMinor', 'currency', 'subject', 'order', 'provider', 'providerOrderId'],
      ...['providerPaymentId', 'attempt', 'charges', 'disputes', 'settled', 'holds', 'capturedMinor', 'refundedMinor'],
      ...['flags', 'expiresAt', ...times],
    ],
  },
  refund: {
    section: 'refunds',
    members: [
      ...['id', 'paymentId', 'providerPaymentId', 'providerRefundId', 'amountMinor', 'currency', 'reason', 'plan'],
      ...['status', 'creditsTaken', 'creditsSpent', 'effectAt', 'creditNoteId', ...times],
    ],
  },
  invoice: {
    section: 'invoices',
    members: [
      ...[
        'id',
        'kind',
        'series',
        'number',
        'paymentId',
        'refundId',
        'disputeId',
        'invoiceId',
        'seller',
        'buyer',
        'currency',
      ],
      ...['lines', 'taxes', 'subtotalMinor', 'taxMinor', 'totalMinor', 'adjustments', 'paidMinor', 'issuedAt'],
      ...['issuedOn', 'period'],
    ],
  },
  purchase: {
    section: 'purchases',
    members: [
      ...['id', 'paymentId', 'productId', 'name', 'group', 'quantity', 'amountMinor', 'currency', 'revokedAt'],
      'createdAt',
    ],
  },
  accountCredit: { section: 'accountCredit', members: ['currency', 'balanceMinor', ...times] },
  creditEntry: {
    section: 'accountCredit',
    members: ['id', 'cause', 'amountMinor', 'balanceAfterMinor', 'paymentId', 'createdAt'],
  },
  manualDiscount: {
    section: 'discounts',
    members: [
      ...['id', 'percentOff', 'amountOffMinor', 'amountOff', 'currency', 'planId', 'productId', 'group', 'reason'],
      ...['expiresAt', 'paymentId', 'createdAt'],
    ],
  },
  discountUse: { section: 'discounts', members: ['group', 'window', 'free', 'percent', 'updatedAt'] },
  paymentMethod: {
    section: 'paymentMethods',
    members: [
      'id',
      'provider',
      'kind',
      'brand',
      'last4',
      'expMonth',
      'expYear',
      'gatewayCustomerId',
      'isDefault',
      ...times,
    ],
  },
  notice: {
    section: 'notices',
    members: ['id', 'kind', 'feature', 'used', 'limit', 'resetsAt', 'data', 'requestId', 'createdAt'],
  },
  refusal: { section: 'requests', members: ['key', 'requestId', 'problem', 'answer', 'createdAt'] },
  checkoutKey: { section: 'requests', members: ['key', 'paymentId', 'createdAt'] },
}

/** Rows that repeat what others say, or mark that something is gone: their kinds, and why they are left out. */
export const unexportedEntities: Record<string, string> = {
  wallet: 'shown by its balance and grants',
  tally: 'what refunds have given back of an entry: the refunds are in the ledger',
  forgottenMethod: 'that a method was deleted',
  answer: 'an answer kept for a day, of what is shown in its own place',
  tombstone: 'an erased account',
  claim: 'of a visitor, who has no export: which account has what they buy',
}

/**
 * An audit entry about the account as its export shows it. Of staff it says that they did it, not who; where a request came
 * from is shown to whoever sent it. Texts are masked by the caller (`mask`): a reason or a figure may hold what is no business
 * of an export.
 */
export function exportedAudit(
  { actor, address, userAgent, ...entry }: Readonly<Record<string, unknown>>,
  accountId: string,
  mask: (value: unknown) => unknown,
): Record<string, unknown> {
  const { id, role } = actorIn(actor)
  const isOwn = role === 'customer' && id === accountId
  return {
    ...exportedRow(entry, ['id', 'createdAt', 'action']),
    entity: entry.entityType,
    ...exportedRow(entry, ['entityId', 'requestId', 'method', 'status']),
    actor: role === 'ADMIN' ? { role } : { id, role },
    ...(isOwn && exportedRow({ address, userAgent }, ['address', 'userAgent'])),
    ...Object.fromEntries(
      maskedMembers.flatMap((name) => (entry[name] === undefined ? [] : [[name, mask(shownValue(name, entry[name]))]])),
    ),
  }
}

const maskedMembers = ['path', 'reason', 'before', 'after']

const actorIn = (actor: unknown): { id?: unknown; role?: unknown } =>
  typeof actor === 'object' && actor !== null ? actor : {}

/** A row as an export shows it: instants in words, amounts by the API's names. */
export function exportedRow(
  row: Readonly<Record<string, unknown>>,
  members: readonly string[],
): Record<string, unknown> {
  const present = members.filter((name) => row[name] !== undefined)
  return Object.fromEntries(present.map((name) => [shownName(name), shownValue(name, row[name])]))
}

const shownName = (name: string): string => words[name] ?? name.replace(/Minor$/, '')

/** Kept short in the table, because every use writes them. */
const words: Readonly<Record<string, string>> = { n: 'used', d: 'days' }

/** Members that hold an instant, whatever row they are in: 0 (since ever), or milliseconds since 1970 beyond any count. */
const isInstant = (name: string, value: number): boolean => instant.test(name) && (value === 0 || value >= firstInstant)
const firstInstant = Date.UTC(1980, 0, 1)
const instant = /^(at|.*At|ahead|anchor|end|accessEnd|from|start|until|periodStart|periodEnd)$/

function shownValue(name: string, value: unknown): unknown {
  if (typeof value === 'number') return isInstant(name, value) ? new Date(value).toISOString() : value
  if (Array.isArray(value)) return value.map((one) => shownValue(typeof one === 'number' ? name : '', one))
  if (typeof value !== 'object' || value === null) return value
  // What the product's server put there is its own: names and numbers stay as they came.
  if (name === 'metadata' || name === 'data') return value
  return Object.fromEntries(Object.entries(value).map(([inner, one]) => [shownName(inner), shownValue(inner, one)]))
}
