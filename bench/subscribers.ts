import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb'
import { newAccount } from '#domain/account'
import { newWallet } from '#domain/accountWallet'
import { fallbackTermsOf, findPrice, termsAt } from '#domain/catalogueTerms'
import { guardOf, idOf } from '#domain/guard'
import { chargeRule } from '#domain/moneyCharge'
import { type Order, priceOrder, withDue } from '#domain/order'
import { newPayment, type Payment } from '#domain/payment'
import { methodId } from '#domain/paymentMethod'
import { addMonths } from '#domain/period'
import { planEffect } from '#domain/settlementPlan'
import { nextDueAt } from '#domain/subscriptionDue'
import { noTax } from '#domain/tax'
import type { PlanTerms } from '#domain/terms'
import type { Seal } from '#gateways/seal'
import type { Deps } from '#runtime/deps'
import { toAttributes } from '#table/expression'
import { methodFingerprint, type PaymentMethod, putMethodWrite } from '#table/methods'
import { rowsOf } from '#table/paymentWrites'
import type { Item } from '#table/port'
import type { Engine } from '#test/support/engine'
import { accountIdOf } from './capacity.ts'
import { withProgress } from './progress.ts'

/** What a subscriber is stored as: account, wallet, subscription, saved card. */
export interface Subscriber {
  accountId: string
  subscriptionId: string
  items: Item[]
}

/**
 * Customers who bought a monthly plan with a card that Stripe keeps, as the product's own rules leave them; only the
 * purchase itself is left out. Their period is over at `dueAt`, and nothing else of them is due.
 */
export async function subscribersOf(deps: Deps, priceId: string, dueAt: number): Promise<(no: number) => Subscriber> {
  const published = await deps.catalogue()
  const found = findPrice(published.catalogue, priceId)
  if (!found) throw new Error(`there is no price ${priceId}`)
  const terms = termsAt(published, found)
  const fallback = fallbackTermsOf(published)
  const { seal } = await deps.payments()
  const order = orderOf(terms)
  const now = addMonths(dueAt, -1, 'UTC')
  return (no) => {
    const accountId = accountIdOf(no)
    const named = (what: string) => guardOf('i', what, accountId)
    const fresh = newAccount(accountId, fallback, now)
    const account = { ...fresh, email: `${accountId}@example.com`, name: 'Benchmark', ver: 1 }
    const method = cardOf(seal, accountId, named('token').bits, now)
    const ids = { subscription: idOf('sub', now, named('subscription')), history: idOf('his', now, named('history')) }
    const { writes } = planEffect(
      {
        payment: purchaseOf(accountId, idOf('fpay', now, named('purchase')), terms, order, now),
        account,
        wallet: newWallet(account, fallback, now).wallet,
        terms,
        fallback,
        ids,
        method: { id: method.id, mandate: false },
        providerPaymentId: `pi_Bench${named('purchase').bits}`,
      },
      now,
    )
    const context = {
      call: { hash: '', requestId: 'bench', actor: 'bench' },
      at: { now, real: now },
      requestId: 'bench',
    }
    const rows = rowsOf(
      writes.filter(({ row }) => row === 'account' || row === 'wallet' || row === 'subscription'),
      { ...context, random: () => named('row').bits, walletCreatedAt: now, subscriptionDueAt: nextDueAt },
    )
    const kept = [...rows.flatMap((row) => row.writes), putMethodWrite(method, 0)]
    return {
      accountId,
      subscriptionId: ids.subscription,
      items: kept.flatMap((write) => (write.kind === 'put' ? [write.item] : [])),
    }
  }
}

function orderOf({ priceId: id, name: description, amount, currency }: PlanTerms): Order {
  const item = { kind: 'plan', id, description, quantity: 1, unitAmountMinor: amount } as const
  const rule = chargeRule('stripe', currency)
  const order = rule && withDue(priceOrder([{ item }], { currency, tax: noTax }), 0, rule)
  if (!order) throw new Error(`Stripe does not charge ${amount} ${currency}`)
  return order
}

const purchaseOf = (
  accountId: string,
  id: string,
  { planId, priceId, name, interval, catalogueVersion }: PlanTerms,
  order: Order,
  now: number,
): Payment =>
  newPayment({
    id,
    accountId,
    type: 'plan_purchase',
    mode: 'live',
    amountMinor: order.dueMinor,
    currency: order.currency,
    order,
    subject: { kind: 'plan', planId, priceId, name, interval },
    provider: 'stripe',
    catalogueVersion,
    holds: {},
    createdAt: now,
    expiresAt: now,
  })

/** As long as Stripe's own ids are. */
function cardOf(seal: Seal, accountId: string, bits: string, now: number): PaymentMethod {
  const token = `pm_1Bench${bits}`
  const fingerprint = methodFingerprint('stripe', token)
  return {
    id: methodId({ accountId, fingerprint }),
    accountId,
    provider: 'stripe',
    kind: 'card',
    brand: 'visa',
    last4: '4242',
    expMonth: 12,
    expYear: 2099,
    sealedToken: seal.seal(JSON.stringify({ token }), accountId),
    gatewayCustomerId: `cus_${bits.slice(0, 14)}`,
    fingerprint,
    isDefault: true,
    createdAt: now,
    updatedAt: now,
    ver: 1,
  }
}

/** What BatchWriteItem takes. */
const batchSize = 25
const writersAtOnce = 4

/** Stores them past the product, `count` from `first` on, as fast as the engine takes them. */
export async function storeSubscribers(
  { client }: Engine,
  tableName: string,
  subscriber: (no: number) => Subscriber,
  { first, count }: { first: number; count: number },
): Promise<void> {
  const rowsEach = subscriber(first).items.length
  const atOnce = Math.floor(batchSize / rowsEach)
  let stored = 0
  const writer = async (update: (done: number, all: number) => void) => {
    while (stored < count) {
      const from = stored
      stored += atOnce
      const some = Array.from({ length: Math.min(atOnce, count - from) }, (_, at) => subscriber(first + from + at))
      const requests = some.flatMap(({ items }) => items.map((item) => ({ PutRequest: { Item: toAttributes(item) } })))
      await client.send(new BatchWriteItemCommand({ RequestItems: { [tableName]: requests } }))
      update(from, count)
    }
  }
  await withProgress(`storing ${count.toLocaleString('en-US')} subscriptions`, (update) =>
    Promise.all(Array.from({ length: writersAtOnce }, () => writer(update))),
  )
}
