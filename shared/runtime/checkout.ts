import { type Account, newAccount } from '#domain/account'
import type { Catalogue } from '#domain/catalogue'
import { fallbackTermsOf } from '#domain/catalogueTerms'
import { couponKey } from '#domain/coupon'
import { noDiscountUse } from '#domain/discount'
import { guardOf } from '#domain/guard'
import { type CheckoutInput, type CheckoutPlan, planCheckout } from '#domain/orderCheckout'
import { discountWindow, type PurchaseContext, type PurchaseRequest } from '#domain/orderPurchase'
import type { Quote } from '#domain/orderQuote'
import { isVisitor, type Payment, paymentId } from '#domain/payment'
import { renewalMethod } from '#domain/paymentMethod'
import type { PaymentWrite } from '#domain/paymentWrite'
import { isOvertaken, planSettlement } from '#domain/settlement'
import { Problem } from '#errors/problem'
import { findAccountCredit } from '#table/accountCredit'
import { currentCatalogue } from '#table/catalogue'
import { type CheckoutKey, findCheckoutKey, putCheckoutKeyWrite } from '#table/checkoutKeys'
import { couponCount, findDiscountUse, openManualDiscounts } from '#table/discounts'
import { findPayment } from '#table/payments'
import type { Write } from '#table/port'
import { loadAccount } from './account.ts'
import { keyReused } from './answers.ts'
import { accountFor, billingCountry } from './billingProfile.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { notErasedBeside } from './erased.ts'
import { callOf } from './guarded.ts'
import { assertNeedsMet, type NamedPayer } from './orderNeeds.ts'
import { type RefusedWrite, writePayment } from './paymentCommit.ts'
import { providerOf } from './provider.ts'
import type { Input } from './run.ts'
import { chargedMethod, type StoredMethod } from './savedMethod.ts'
import { onSettledWallet } from './settled.ts'
import { loadSettlement } from './settlementInput.ts'
import { type Turnable, turnMs } from './turn.ts'

/** What a checkout is asked for, with the quote that its token held. */
export interface CheckoutAsk {
  request: PurchaseRequest
  quote?: Quote
  /** The saved method to be charged; absent: the customer pays with whoever charges the currency. */
  method?: StoredMethod
  /** What the caller said of whoever pays. */
  named: NamedPayer
}

/** A payment that was begun; `isNew` false: another call with the same key was first. */
export interface Begun extends Turnable {
  isNew: boolean
}

/**
 * Begins a purchase: prices it, takes what others may want, and writes a pending payment under the call's key, in one
 * transaction. With nothing to pay it is settled in that very transaction. Nothing reaches the provider here.
 * @throws Problem for everything that a purchase can be refused for.
 */
export async function beginCheckout(deps: Deps, input: Input, ask: CheckoutAsk, key: CheckoutKey): Promise<Begun> {
  const known = input.key.given ? await begunBefore(deps, input, key) : undefined
  if (known) return known
  if (!isVisitor(input.accountId)) await accountFor(deps, input)
  return beginPayment(deps, input, key, {
    isQuoted: ask.quote !== undefined,
    ...(ask.method && { method: ask.method }),
    named: ask.named,
    decide: async (now) => {
      const plan = planCheckout(await checkoutInput(deps, input, ask, key.paymentId, now), now)
      if (plan.kind === 'refused') throw refusalOf(plan)
      return plan
    },
  })
}

/** What a payment of any kind is begun with. */
export interface Beginning {
  /** Reads and decides, at each attempt anew. @throws Problem to refuse. */
  decide: (now: number) => Promise<Accepted>
  /** The amounts were promised: what is taken by then is not decided anew. */
  isQuoted: boolean
  /** Will be charged: the payment names it before the provider hears of it, so that the charge is found again. */
  method?: StoredMethod
  /** Where the caller may name an address; see `orderNeeds.ts`. */
  named?: NamedPayer
  /** In the transaction beside the payment: an audit entry. */
  beside?: (payment: Payment) => Write[]
}

/** Writes what was decided with the call's key, in one transaction; with nothing to pay it is settled in that very one. */
export function beginPayment(
  deps: Deps,
  input: Input,
  key: CheckoutKey,
  { decide, isQuoted, method, named, beside = () => [] }: Beginning,
): Promise<Begun> {
  const attempt = async (): Promise<Begun | typeof again> => {
    const now = deps.clock.now()
    const begun = await decide(now)
      .then(async (plan) => {
        const { provider } = plan.payment
        // A saved method goes under what the provider knows of it.
        if (plan.kind === 'pay' && provider && !method) await assertNeedsMet(deps, input, provider, named)
        return settledIfFree(deps, charging(plan, method), method, now)
      })
      .catch(refusal)
    if (begun === again || begun instanceof Problem) {
      // Mostly by this very call, sent twice: the other one's answer is this one's.
      const first = await begunBefore(deps, input, key)
      if (first || begun === again) return first ?? again
      throw begun
    }
    const { payment, writes, walletCreatedAt } = begun
    // From this write on: what the attempts before it took is not of the provider's time.
    const turn = deps.clock.real() + turnMs
    const also = [
      putCheckoutKeyWrite(input.accountId, { ...key, lockedUntil: turn }, now),
      ...stillStanding(input.accountId, writes),
      ...beside(payment),
    ]
    const outcome = await writePayment(deps, writes, callOf(input), walletCreatedAt, also)
    if (outcome.committed) return { payment, isNew: true, turn }
    const first = await begunBefore(deps, input, key)
    if (first) return first
    const problem = refusedFor(outcome.refused, isQuoted)
    if (problem) throw problem
    return again
  }
  return contend(deps, () => onSettledWallet(deps, input.accountId, attempt))
}

const stillStanding = (accountId: string, writes: readonly PaymentWrite[]): Write[] =>
  isVisitor(accountId) ? [] : notErasedBeside(accountId, writes)

function refusal(error: unknown): Problem {
  if (error instanceof Problem) return error
  throw error
}

/** What an earlier call with this key began. @throws Problem `idempotency_key_reused`. */
export async function begunBefore(deps: Deps, input: Input, { guard }: CheckoutKey): Promise<Begun | undefined> {
  const known = await findCheckoutKey(deps.table, input.accountId, guard)
  if (!known) return undefined
  const { key } = callOf(input)
  if (known.hash !== input.requestHash || known.key !== key) throw keyReused()
  const payment = await findPayment(deps.table, input.accountId, known.paymentId, { consistent: true })
  if (!payment) throw new Error('a checkout key leads to no payment')
  return { payment, isNew: false }
}

/** The key of a checkout that has not begun: its payment's id carries the same guard. Whoever writes it takes the turn. */
export function checkoutKeyOf(deps: Pick<Deps, 'clock'>, input: Input, family: string): CheckoutKey {
  const guard = guardOf(input.key.class, family, input.key.text)
  return {
    guard,
    ...(input.key.given && { key: input.key.text }),
    hash: input.requestHash,
    paymentId: paymentId(deps.clock.now(), guard.bits),
    lockedUntil: 0,
  }
}

async function checkoutInput(
  deps: Deps,
  input: Input,
  { request, quote, method }: CheckoutAsk,
  paymentId: string,
  now: number,
): Promise<CheckoutInput> {
  const context = await purchaseContext(deps, input, request, quote, now)
  const currency = currencyOf(context.published.catalogue, request)
  const [credit, provider] = await Promise.all([
    isVisitor(input.accountId) ? undefined : findAccountCredit(deps.table, input.accountId, currency),
    method?.provider ?? providerOf(deps, await deps.settings(), context.published, currency),
  ])
  return {
    ...context,
    request,
    ...(quote && { quote }),
    provider,
    ...(credit && { credit }),
    mode: deps.config.mode,
    paymentId,
  }
}

/** What the price of a purchase rests on, for its checkout and for a quote. */
export async function purchaseContext(
  deps: Deps,
  input: Input,
  request: PurchaseRequest,
  quote: Quote | undefined,
  now: number,
): Promise<PurchaseContext> {
  const { accountId } = input
  const visitor = isVisitor(accountId)
  // Consistent: a catalogue that was just published prices from now on.
  const [published, settings, account] = await Promise.all([
    currentCatalogue(deps.table),
    deps.settings(),
    visitor ? newAccount(accountId, null, now) : loadAccount(input, deps, { consistent: true }),
  ])
  const product = published.catalogue.products.find(({ id }) => id === request.productId)
  const group = product?.kind === 'item' ? product.group : undefined
  const window = quote?.purchase.holds.discount?.windowId ?? discountWindow(account, now)
  const [redeemed, manual, used, country] = await Promise.all([
    request.couponCode === undefined ? 0 : couponCount(deps.table, couponKey(request.couponCode)),
    visitor ? [] : openManualDiscounts(deps.table, accountId),
    visitor || group === undefined ? undefined : findDiscountUse(deps.table, accountId, group, window),
    billingCountry(deps, account),
  ])
  return {
    published,
    account,
    fallback: visitor ? null : fallbackTermsOf(published),
    redeemed,
    manual,
    used: used ?? noDiscountUse,
    tax: settings.tax,
    country,
  }
}

/** Of the product or price that is bought; an unknown one is refused by the rules, in whatever currency. */
function currencyOf({ products, plans, currency }: Catalogue, { productId, priceId }: PurchaseRequest): string {
  const product = products.find(({ id }) => id === productId)
  const price = plans.flatMap(({ prices }) => prices).find(({ id }) => id === priceId)
  return product?.price.currency ?? price?.currency ?? currency
}

export type Accepted = Exclude<CheckoutPlan, { kind: 'refused' }>

/** Where there is nothing to pay, nothing is charged. */
function charging(plan: Accepted, method: StoredMethod | undefined): Accepted {
  if (!method || plan.kind !== 'pay') return plan
  const payment = { ...plan.payment, method: chargedMethod(method) }
  const writes = plan.writes.map((write) => (write.row === 'payment' ? { ...write, next: payment } : write))
  return { ...plan, payment, writes }
}

/** Nothing to pay: the purchase happens with its checkout. The method that was named renews it, as one that had paid would. */
async function settledIfFree(
  deps: Deps,
  plan: Accepted,
  method: StoredMethod | undefined,
  now: number,
): Promise<{ payment: Payment; writes: PaymentWrite[]; walletCreatedAt?: number } | typeof again> {
  if (plan.kind === 'pay') return plan
  const { input, stored, paidBy } = await loadSettlement(deps, plan.payment, now)
  const settlement = { ...input, payment: plan.payment, seen: null, ...(method && paidBy(renewalMethod(method))) }
  // The account has moved on between the two reads.
  if (isOvertaken(settlement, now)) return again
  const settled = planSettlement(settlement, now)
  if (settled.kind !== 'settle') throw new Error(`a free purchase was ${settled.kind}`)
  return {
    payment: settled.next,
    writes: [...settled.writes, ...plan.writes],
    ...(stored && { walletCreatedAt: stored.createdAt }),
  }
}

function refusalOf({ code, detail }: Extract<CheckoutPlan, { kind: 'refused' }>): Problem {
  if (code !== 'validation_failed') return new Problem(code, detail)
  const [path = '', message] = detail.split(': ', 2)
  return new Problem(code, detail, {
    errors: [message === undefined ? { path: '', message: detail } : { path, message }],
  })
}

/** What a lost condition means to the caller; undefined: decide anew. */
function refusedFor(refused: readonly RefusedWrite[], isQuoted: boolean): Problem | undefined {
  const rows = refused.map(({ of }) => of.row)
  if (rows.includes('coupon')) return new Problem('coupon_invalid', 'The coupon has been used as often as it may be.')
  if (isQuoted && (rows.includes('manualDiscount') || rows.includes('discountUse')))
    return new Problem('quote_expired', 'The quote no longer holds: ask for a new one.')
  return undefined
}

/** Where money is asked for, the account is named to the provider by what it knows of itself. */
export const payerOf = ({ id, email, name }: Account) => ({
  id,
  ...(email !== undefined && { email }),
  ...(name !== undefined && { name }),
})
