import type { Account } from '#domain/account'
import type { Standing } from '#domain/erasure'
import { accountPk, paymentPrefix, subscriptionPrefix } from './keys.ts'
import { putForgottenWrites, readMethod } from './methods.ts'
import { orderScrubWrite } from './orders.ts'
import { readPayment } from './paymentCodec.ts'
import { type Item, present, type Table, type Write } from './port.ts'
import { readRefund } from './refunds.ts'
import { readSubscription } from './subscriptions.ts'

/** Gone: rows about a person, or of no use without one. */
const goes = ['billingProfile', 'member', 'notice', 'answer', 'usage', 'refusal', 'manualDiscount'] as const
/**
 * They stay, under the id alone: books and their guards, counts that a return must not set back, and what the law has kept.
 * An invoice keeps its buyer.
 */
const stays = [
  ...['entry', 'tally', 'counter', 'gauge', 'history', 'refund', 'invoice'],
  ...['purchase', 'claim', 'accountCredit', 'creditEntry', 'discountUse', 'checkoutKey', 'forgottenMethod'],
  // The last two make room together, at the very end.
  ...['account', 'wallet', 'tombstone'],
] as const

const worded = ['cancelReason', 'gatewayCustomerId', 'finalOverage', 'gsi2pk', 'gsi2sk'] as const

/**
 * What the erasure of an account does to one of its rows; nothing for one that stays. Each write may be made again.
 * @throws Error for a kind of row that nobody has decided on: a defect.
 */
export function erasureWrites(item: Item, at: { now: number; real: number }): Write[] {
  const { pk, sk } = item
  const entity = String(item.entity)
  const gone: Write = { kind: 'delete', key: { pk, sk }, when: 'unconditional' }
  if (goes.some((one) => one === entity)) return [gone]
  if (stays.some((one) => one === entity)) return []
  if (entity === 'paymentMethod') {
    // Late news of an old payment does not bring it back.
    return [gone, ...putForgottenWrites(readMethod(item), at)]
  }
  if (entity === 'payment') {
    const { provider, providerOrderId } = readPayment(item)
    // What opened the provider's checkout names the buyer; the way from order to payment stays.
    return provider && providerOrderId !== undefined ? [orderScrubWrite(provider, providerOrderId)] : []
  }
  if (entity === 'subscriptionHistory')
    // What it was paid with: the last four digits of a card.
    return item.methodLabel === undefined
      ? []
      : [{ kind: 'update', key: { pk, sk }, remove: ['methodLabel'], when: present }]
  if (entity === 'subscription')
    // The customer's own words and who they are to a provider; and it waits for nothing any more, as nobody is there to be
    // charged. The way to it from a provider's subscription stays: that never belongs to another account.
    return worded.every((name) => item[name] === undefined)
      ? []
      : [{ kind: 'update', key: { pk, sk }, remove: [...worded], when: present }]
  throw new Error(`an erasure does not know what to do with a row of the kind ${entity}`)
}

const pageSize = 200

/** Every row of an account, read consistently, a page at a time. */
export async function* accountPages(table: Table, accountId: string, prefix?: string): AsyncGenerator<Item[]> {
  const pk = accountPk(accountId)
  let after: Record<string, string> | undefined
  do {
    const page = await table.query({
      pk,
      limit: pageSize,
      consistent: true,
      ...(prefix !== undefined && { sk: { beginsWith: prefix } }),
      ...(after && { after }),
    })
    yield page.items
    after = page.next
  } while (after)
}

/** All subscriptions, payments and refunds of an account: what may stand in the way of its erasure. */
export async function standingOf(table: Table, { id }: Pick<Account, 'id'>): Promise<Standing> {
  const rows: Item[] = []
  for (const prefix of [subscriptionPrefix, paymentPrefix])
    for await (const page of accountPages(table, id, prefix)) rows.push(...page)
  const of = (entity: string): Item[] => rows.filter((row) => row.entity === entity)
  return {
    subscriptions: of('subscription').map(readSubscription),
    payments: of('payment').map(readPayment),
    refunds: of('refund').map(readRefund),
  }
}
