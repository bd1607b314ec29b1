import { assertNotErasing } from '#domain/erasure'
import type { PaymentProvider } from '#domain/moneyCharge'
import type { Payment } from '#domain/payment'
import { isOwedBack, planSetup, setupName } from '#domain/paymentSetup'
import { Problem } from '#errors/problem'
import { putCheckoutKeyWrite } from '#table/checkoutKeys'
import { notErased } from '#table/erased'
import { loadAccount } from './account.ts'
import { accountFor } from './billingProfile.ts'
import { type Begun, begunBefore, checkoutKeyOf, payerOf } from './checkout.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { callOf } from './guarded.ts'
import { openOrder } from './openOrder.ts'
import { assertNeedsMet } from './orderNeeds.ts'
import { type SettlementCall, writePayment } from './paymentCommit.ts'
import { viewOf } from './paymentViews.ts'
import { asked, providerOf } from './provider.ts'
import { requestRefund, sendRefund } from './refund.ts'
import { type Input, replayed } from './run.ts'
import { turnMs } from './turn.ts'

type Key = ReturnType<typeof checkoutKeyOf>

/**
 * Opens the provider's checkout for a method to be saved. The call's key leads to the one payment for as long as that
 * lives; the method is kept when the payment settles, and the money goes back.
 * @throws Problem `conflict` where nobody charges the currency or the account is being erased, `provider_unavailable`.
 */
export async function setUpMethod(deps: Deps, input: Input, chosen: PaymentProvider | undefined) {
  // Of one family with every way to buy: a key that was used for a purchase sets up nothing.
  const key = checkoutKeyOf(deps, input, 'checkout')
  const begun = (input.key.given && (await begunBefore(deps, input, key))) || (await begin(deps, input, chosen, key))
  const account = payerOf(await loadAccount(input, deps))
  const opened = await asked(openOrder(deps, begun, key.guard, { account, saveMethod: true, description: setupName }))
  const view = await viewOf(deps, opened.payment)
  const { id: paymentId, provider, providerOrderId, amount, currency } = view
  const output = { paymentId, provider, providerOrderId, amount, currency, checkout: opened.checkout, payment: view }
  return begun.isNew ? output : replayed(output)
}

async function begin(deps: Deps, input: Input, chosen: PaymentProvider | undefined, key: Key): Promise<Begun> {
  await accountFor(deps, input)
  return contend(deps, async () => {
    const account = await loadAccount(input, deps, { consistent: true })
    assertNotErasing(account)
    const now = deps.clock.now()
    const payment = await pricedSetup(deps, account, chosen, key.paymentId, now)
    if (payment.provider) await assertNeedsMet(deps, input, payment.provider)
    const writes = [{ row: 'payment' as const, next: payment, seenVer: 0 }]
    const turn = deps.clock.real() + turnMs
    const beside = [putCheckoutKeyWrite(account.id, { ...key, lockedUntil: turn }, now), notErased(account.id)]
    const outcome = await writePayment(deps, writes, callOf(input), undefined, beside)
    if (outcome.committed) return { payment, isNew: true, turn }
    return (await begunBefore(deps, input, key)) ?? again
  })
}

async function pricedSetup(
  deps: Deps,
  { id: accountId, currency: own }: { id: string; currency?: string },
  chosen: PaymentProvider | undefined,
  paymentId: string,
  now: number,
): Promise<Payment> {
  const [published, settings, { turnedOn }] = await Promise.all([deps.catalogue(), deps.settings(), deps.payments()])
  const currency = own ?? published.catalogue.currency
  const provider = chosen ?? (await providerOf(deps, settings, published, currency))
  const { version: catalogueVersion } = published
  const setup = { paymentId, accountId, provider, currency, mode: deps.config.mode, catalogueVersion }
  const payment = turnedOn.includes(provider) ? planSetup(setup, now) : undefined
  if (payment) return payment
  throw new Problem('conflict', `${provider} is not turned on here, or does not charge ${currency}.`)
}

/**
 * Gives back what a settled set-up took, once: the payment is the key of its refund. Where the provider cannot be asked,
 * the refund is written down and the reconciler follows it; where this dies before, the payment is due in a minute.
 */
export async function refundSetup(deps: Deps, payment: Payment, { requestId, actor }: SettlementCall): Promise<void> {
  if (!isOwedBack(payment)) return
  const { id: paymentId, accountId } = payment
  const key = { class: 'i' as const, text: paymentId, given: true }
  const call = { key: paymentId, hash: 'method_setup', requestId, actor }
  const request = { reason: setupName }
  const asked = { paymentId, accountId, request, key, call, beside: () => [] }
  const requested = await requestRefund(deps, asked).catch((error: unknown) => {
    // Somebody else has given it back since it was read.
    if (error instanceof Problem && error.code === 'conflict') return undefined
    throw error
  })
  if (requested && !requested.repeated) await sendRefund(deps, requested.refund, call)
}
