import * as z from 'zod/mini'
import { couponKey } from '#domain/coupon'
import { assertNotSuspended } from '#domain/entitlement'
import { askedWith } from '#domain/orderQuote'
import type { paymentView } from '#domain/paymentView'
import type { ChangePlan } from '#domain/planChange'
import { beginChange, type ChangeRefusal, priceChange, quotedChange } from '#domain/planChangeCheckout'
import { assertDebitInTime } from '#domain/planChangePaid'
import { type ChangeQuote, newChangeQuote, previewView } from '#domain/planChangeQuote'
import { planSchedule } from '#domain/subscriptionSchedule'
import { type BoughtSubscription, isBought } from '#domain/subscriptionState'
import { parseOwn } from '#errors/parse'
import { Problem } from '#errors/problem'
import type { HttpOperation } from '#operations/definition'
import { auditOf } from './audit.ts'
import { type Asked, askFor } from './buy.ts'
import { type Begun, beginPayment, begunBefore, checkoutKeyOf } from './checkout.ts'
import type { Deps } from './deps.ts'
import { chargeNamed, namedBy } from './namedCharge.ts'
import { viewOf } from './paymentViews.ts'
import { type LoadedChange, loadChange, type WantedChange } from './planChangeInput.ts'
import { type Input, type Reply, replayed } from './run.ts'
import { ownMethod, type StoredMethod } from './savedMethod.ts'
import { askedStep, type SubscriptionAnswer } from './subscriptionStep.ts'
import { loadSubscriptionView } from './subscriptionView.ts'

/** Which plan, and how it is to be paid. */
export interface ChangeAsk extends WantedChange {
  /** Of a preview: the change costs what that said, its coupon included, which need not be sent again. */
  token?: string
  paymentMethodId?: string
}

export interface ChangeAnswer extends Record<string, unknown> {
  status: 'scheduled' | 'payment_required' | 'changed'
  checkout: Asked['checkout']
  payment: ReturnType<typeof paymentView> | null
  subscription: SubscriptionAnswer
}

/** @throws Problem for what the rules refuse. */
function accepted<Plan extends { kind: string }>(plan: Plan | ChangeRefusal): Plan {
  if ('code' in plan) throw new Problem(plan.code, plan.detail)
  return plan
}

/** What a change would cost now, line by line, and the token that holds it for a quarter of an hour. Nothing is taken. */
export async function previewPlanChange(deps: Deps, call: Input, ask: WantedChange) {
  const now = deps.clock.now()
  const { input } = await loadChange(deps, call, ask, now)
  const plan = accepted(priceChange(input, now))
  const { account, subscription, to } = input
  if (!subscription) throw new Error('a change without what it changes')
  const manualDiscountId = plan.kind === 'now' ? input.manual?.id : undefined
  const quote = newChangeQuote(
    {
      accountId: account.id,
      subscriptionId: subscription.id,
      priceId: to.priceId,
      catalogueVersion: to.catalogueVersion,
      ...(ask.couponCode !== undefined && { couponCode: ask.couponCode }),
      ...(manualDiscountId !== undefined && { manualDiscountId }),
      plan,
    },
    now,
  )
  const { seal } = await deps.payments()
  return previewView(plan, to.currency, seal.seal(JSON.stringify(quote), aboutOf(account.id)))
}

const aboutOf = (accountId: string): string => `plan change ${accountId}`

/** @throws Problem `validation_failed` for what is no preview's token of this account. */
async function openToken(deps: Pick<Deps, 'payments'>, accountId: string, token: string): Promise<ChangeQuote> {
  const { seal } = await deps.payments()
  const text = seal.open(token, aboutOf(accountId))
  if (text === undefined)
    throw new Problem('validation_failed', 'The token is not one of this account.', {
      errors: [{ path: 'token', message: 'is not a token of this account' }],
    })
  return parseOwn(sealedChange, JSON.parse(text), 'a sealed change')
}

/** The seal proves that it is ours, as it was made: what is looked at here is that it is a change at all. */
const sealedChange = z.custom<ChangeQuote>(
  (value) =>
    typeof value === 'object' && value !== null && 'subscriptionId' in value && 'plan' in value && 'expiresAt' in value,
)

/**
 * Changes the plan: at the end of what is paid where nothing is to be paid, at once where nothing is left to pay, and
 * otherwise when its payment settles. The call's key leads to the one payment for as long as that lives.
 * @throws Problem for whatever the change is refused for.
 */
export async function changePlan(
  deps: Deps,
  operation: HttpOperation,
  call: Input,
  sent: ChangeAsk,
): Promise<ChangeAnswer | Reply<ChangeAnswer>> {
  const { accountId } = call
  const method = sent.paymentMethodId === undefined ? undefined : await ownMethod(deps, accountId, sent.paymentMethodId)
  const key = checkoutKeyOf(deps, call, 'checkout')
  const known = call.key.given ? await begunBefore(deps, call, key) : undefined
  const askedFor = (begun: Begun) =>
    method ? chargeNamed(deps, call, begun, key, method) : askFor(deps, call, begun, key, {})
  if (known) return paid(deps, call, known, await askedFor(known))
  const quote = sent.token === undefined ? undefined : await openToken(deps, accountId, sent.token)
  const ask = quote ? askedWith(sent, quote) : sent
  const decided = async (now: number) => {
    const loaded = await loadChange(deps, call, ask, now, { quote, method })
    assertNotSuspended(loaded.input.account)
    const { input } = loaded
    const plan = accepted(quote ? quotedChange(input, quote, ask, now) : priceChange(input, now))
    return { ...loaded, plan }
  }
  const { plan } = await decided(deps.clock.now())
  if (plan.kind === 'scheduled') return scheduled(deps, operation, call, decided)
  const begun = await beginPayment(deps, call, key, {
    isQuoted: quote !== undefined,
    ...(method && { method }),
    decide: async (now) => begin(deps, call, key.paymentId, { ...(await decided(now)), ask, quote, method }, now),
    beside: (payment) => [auditOf(call, deps, changeAudit(operation, payment.accountId, ask, payment.id))],
  })
  return paid(deps, call, begun, await askedFor(begun))
}

interface Decided extends LoadedChange {
  plan: Exclude<ChangePlan, { kind: 'refused' }>
}

interface Beginning extends Decided {
  ask: ChangeAsk
  quote: ChangeQuote | undefined
  method: StoredMethod | undefined
}

async function begin(
  deps: Deps,
  call: Input,
  paymentId: string,
  { input, provider, couponMax, plan, ask, quote, method }: Beginning,
  now: number,
) {
  // What was to be paid a moment ago is another change by now.
  if (plan.kind !== 'now') throw new Problem('conflict', 'The subscription has changed meanwhile.')
  const manualDiscountId = quote ? quote.manualDiscountId : input.manual?.id
  const begun = beginChange(
    input,
    plan,
    input.to,
    {
      provider,
      mode: deps.config.mode,
      paymentId,
      ...(couponMax !== undefined && { couponMax }),
      holds: {
        ...(ask.couponCode !== undefined && { coupon: { code: couponKey(ask.couponCode) } }),
        ...(manualDiscountId !== undefined && { manualDiscountId }),
      },
    },
    now,
  )
  const { subscription } = input
  if (method && begun.kind !== 'free' && subscription && isBought(subscription))
    assertDebitInTime(subscription, method.provider, now)
  // A renewal of the plan before may be under way: it gives way to the change, which then nothing names.
  const isNamed = method && subscription && isBought(subscription) && !isRenewing(subscription)
  return isNamed ? namedBy(deps, subscription, call, begun, now) : begun
}

const isRenewing = ({ pendingCharge }: BoughtSubscription): boolean =>
  pendingCharge !== undefined && pendingCharge.byHand === undefined

function scheduled(
  deps: Deps,
  operation: HttpOperation,
  call: Input,
  decided: (now: number) => Promise<Decided>,
): Promise<ChangeAnswer | Reply<ChangeAnswer>> {
  return askedStep(operation, call, deps, {
    plan: async ({ scene }, now) => {
      const { plan, input } = await decided(now)
      if (plan.kind !== 'scheduled') throw new Problem('conflict', 'The subscription has changed meanwhile.')
      return planSchedule(scene, plan, input.to, now)
    },
    answer: (subscription): ChangeAnswer => ({ status: 'scheduled', checkout: null, payment: null, subscription }),
  })
}

/** What became of it: the payment says. */
async function paid(
  deps: Deps,
  call: Input,
  { isNew }: Begun,
  { payment, checkout }: Asked,
): Promise<ChangeAnswer | Reply<ChangeAnswer>> {
  const { settled } = payment
  if (settled && settled.as !== 'granted')
    throw new Problem('conflict', 'The subscription changed meanwhile. What was paid is kept, and staff look at it.')
  const subscription = await loadSubscriptionView(deps, call, { consistent: true })
  const status = settled ? 'changed' : 'payment_required'
  const output: ChangeAnswer = {
    status,
    checkout: settled ? null : checkout,
    payment: await viewOf(deps, payment),
    subscription,
  }
  return isNew ? output : replayed(output)
}

const changeAudit = ({ id }: HttpOperation, accountId: string, { priceId }: ChangeAsk, paymentId: string) => ({
  action: id,
  entity: 'account' as const,
  entityId: accountId,
  after: { priceId, paymentId },
})
