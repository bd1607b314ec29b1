import { type Account, newAccount } from '#domain/account'
import type { PurchaseRequest } from '#domain/orderPurchase'
import { askedWith } from '#domain/orderQuote'
import { isInFlight, isVisitor, type Payment } from '#domain/payment'
import type { paymentView } from '#domain/paymentView'
import { Problem } from '#errors/problem'
import type { CheckoutKey } from '#table/checkoutKeys'
import { findOrder } from '#table/orders'
import { loadAccount } from './account.ts'
import { chargePayment } from './chargePayment.ts'
import { type Begun, beginCheckout, checkoutKeyOf, payerOf } from './checkout.ts'
import type { Deps } from './deps.ts'
import { callOf } from './guarded.ts'
import { openOrder } from './openOrder.ts'
import { type NamedPayer, withNamed } from './orderNeeds.ts'
import { viewOf } from './paymentViews.ts'
import { asked } from './provider.ts'
import { openQuote } from './quote.ts'
import { type Input, type Reply, replayed } from './run.ts'
import { ownMethod, type StoredMethod } from './savedMethod.ts'
import { inTurn } from './turn.ts'

/** What a customer buys, and how it is to be paid. */
export interface BuyRequest extends PurchaseRequest {
  /** The sealed token of a quote. */
  quote?: string
  paymentMethodId?: string
  saveMethod?: boolean
  /** Of a visitor, or of an account that has none, where the provider needs one. */
  email?: string
}

export interface Bought {
  paymentId: string
  provider: Payment['provider']
  providerOrderId: string | null
  amount: number
  currency: string
  checkout: Record<string, unknown> | null
  payment: ReturnType<typeof paymentView>
}

/**
 * Begins a purchase and opens the provider's checkout for it, or charges the saved method that was named, or, with
 * nothing to pay, has it happen at once. The call's key leads to the one payment for as long as that lives.
 */
export async function buy(
  deps: Deps,
  input: Input,
  { quote: token, paymentMethodId, saveMethod, email, ...sent }: BuyRequest,
): Promise<Bought | Reply<Bought>> {
  const { accountId } = input
  if (isVisitor(accountId) && paymentMethodId !== undefined)
    throw new Problem('forbidden', 'A visitor has no saved methods.')
  const method = paymentMethodId === undefined ? undefined : await ownMethod(deps, accountId, paymentMethodId)
  const quote = token === undefined ? undefined : await openQuote(deps, accountId, token)
  const request = quote ? askedWith(sent, quote.request) : sent
  // One family for every way to buy: a key that was used for a checkout buys nothing else.
  const key = checkoutKeyOf(deps, input, 'checkout')
  const named = email === undefined ? {} : { email }
  const ask = { request, named, ...(quote && { quote }), ...(method && { method }) }
  const begun = await beginCheckout(deps, input, ask, key)
  return boughtView(
    deps,
    begun,
    await askFor(deps, input, begun, key, { ...(method && { method }), saveMethod, named }),
  )
}

/** Asks the provider for what was begun: charges the saved method that was named, or opens the checkout. One call at a time does. */
export async function askFor(
  deps: Deps,
  input: Input,
  begun: Begun,
  { guard }: Pick<CheckoutKey, 'guard'>,
  { method, saveMethod, named = {} }: { method?: StoredMethod; saveMethod?: boolean | undefined; named?: NamedPayer },
): Promise<Asked> {
  const account = await withNamed(deps, payerOf(await payingAccount(deps, input)), begun.payment.provider, named)
  if (!method)
    return asked(
      openOrder(deps, begun, guard, {
        account,
        saveMethod: saveMethod ?? isRecurring(begun.payment),
        description: begun.payment.order.lines.map(({ description }) => description).join(', '),
      }),
    )
  const isRepeated = !begun.isNew
  const charge = async (payment: Payment) =>
    isOpen(payment)
      ? chargePayment(deps, payment, method, account, callOf(input), { isRepeated, isAttended: true })
      : payment
  const payment = isOpen(begun.payment) ? await asked(inTurn(deps, begun, guard, charge)) : begun.payment
  return { payment, checkout: await approvalOf(deps, payment) }
}

/** Where the customer has to approve the charge of a saved method, the address is what opens; null: nothing has to be done. */
async function approvalOf(deps: Deps, payment: Payment): Promise<Asked['checkout']> {
  const { provider, providerOrderId } = payment
  if (!provider || providerOrderId === undefined || payment.settled || !isInFlight(payment)) return null
  const checkout = (await findOrder(deps.table, provider, providerOrderId))?.checkout
  return checkout?.approvalUrl === undefined ? null : checkout
}

/** A payment as it is after the provider was asked, and what opens its checkout. */
export interface Asked {
  payment: Payment
  checkout: Record<string, unknown> | null
}

const isOpen = ({ provider, status }: Payment): boolean => provider !== null && status === 'pending'

/** Whoever renews wants the method kept; whoever buys once is not asked. */
const isRecurring = ({ subject }: Payment): boolean =>
  subject.kind === 'subscription' ||
  (subject.kind === 'plan' && subject.interval !== 'one-time' && subject.interval !== 'lifetime')

async function payingAccount(deps: Deps, input: Input): Promise<Account> {
  return isVisitor(input.accountId) ? newAccount(input.accountId, null, deps.clock.now()) : loadAccount(input, deps)
}

/** The answer of whoever buys or renews. */
export async function boughtView(
  deps: Pick<Deps, 'table'>,
  { isNew }: Begun,
  { payment, checkout }: Asked,
): Promise<Bought | Reply<Bought>> {
  const view = await viewOf(deps, payment)
  const { id: paymentId, provider, providerOrderId, amount, currency } = view
  const output = { paymentId, provider, providerOrderId, amount, currency, checkout, payment: view }
  return isNew ? output : replayed(output)
}
