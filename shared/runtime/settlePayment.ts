import type { Payment } from '#domain/payment'
import type { PaymentWrite } from '#domain/paymentWrite'
import { planSettlement, type SettlementInput, type SettlementPlan } from '#domain/settlement'
import type { Gateway, ProviderPayment } from '#gateways/gateway'
import { findPayment } from '#table/payments'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { observedOf } from './observed.ts'
import { keptMethod, labelOf } from './paidWith.ts'
import { factWrites, type RefusedWrite, type SettlementCall, writePayment } from './paymentCommit.ts'
import { countSettled } from './renewalCount.ts'
import { onSettledWallet } from './settled.ts'
import { loadSettlement } from './settlementInput.ts'

export interface PaymentAddress {
  accountId: string
  paymentId: string
}

/**
 * The one settlement, whoever announces the money: the browser's verify call, a webhook, the reconciler. It asks the
 * provider what has been paid on the payment's order and settles each provider payment once: the transaction puts that
 * payment's guard together with its effect. Whoever comes second finds it done.
 * @throws GatewayError when the provider cannot be asked; Error when there is no such payment.
 */
export async function settlePayment(
  deps: Deps,
  at: PaymentAddress,
  call: SettlementCall,
  hint: { providerPaymentId?: string } = {},
): Promise<Payment> {
  const payment = await loadPayment(deps, at)
  const seen = await providerPayments(deps, payment, hint)
  // What failed first, what is paid last: the last word on a payment with several attempts is the money.
  for (const one of seen.toSorted((a, b) => rankOf(a) - rankOf(b))) await settleOne(deps, at, one, call)
  return seen.length === 0 ? payment : loadPayment(deps, at)
}

/** Money is decided on what is there, never on a lagging read. @throws Error when it is gone: a defect. */
export async function loadPayment(
  deps: Pick<Deps, 'table'>,
  { accountId, paymentId }: PaymentAddress,
): Promise<Payment> {
  const payment = await findPayment(deps.table, accountId, paymentId, { consistent: true })
  if (!payment) throw new Error('a payment is gone')
  return payment
}

const ranks: Record<ProviderPayment['status'], number> = {
  created: 0,
  paused: 0,
  abandoned: 0,
  failed: 1,
  processing: 2,
  authorized: 3,
  captured: 4,
  refunded: 5,
}
const rankOf = ({ status }: ProviderPayment): number => ranks[status]

/** The payment that is named, or all on the order. An order that nobody has opened yet has none. */
async function providerPayments(
  deps: Deps,
  { provider, providerOrderId }: Payment,
  { providerPaymentId }: { providerPaymentId?: string },
): Promise<ProviderPayment[]> {
  if (!provider) return []
  const gateway = (await deps.payments()).gateway(provider)
  if (providerPaymentId !== undefined) {
    const seen = await gateway.fetchPayment(providerPaymentId)
    // Its order was made and our row does not know it yet: what the order says of us is all there is to compare.
    return [providerOrderId === undefined ? await withReference(gateway, seen) : seen]
  }
  if (providerOrderId === undefined) return []
  return (await gateway.fetchOrder(providerOrderId)).payments
}

async function withReference(gateway: Gateway, seen: ProviderPayment): Promise<ProviderPayment> {
  if (seen.reference !== undefined || seen.providerOrderId === undefined) return seen
  const reference = await gateway.orderReference?.(seen.providerOrderId)
  return reference === undefined ? seen : { ...seen, reference }
}

/** Settles what was seen of one provider payment, capturing it first where it is only authorised. */
export async function settleOne(
  deps: Deps,
  at: PaymentAddress,
  seen: ProviderPayment,
  call: SettlementCall,
): Promise<void> {
  const plan = await decideAndWrite(deps, at, seen, call)
  if (plan.kind !== 'capture') return
  const gateway = (await deps.payments()).gateway(seen.provider)
  const { providerPaymentId, amountMinor, currency } = seen
  const captured = await gateway.capture({ providerPaymentId, amountMinor, currency })
  // The answer may not carry what its order said.
  const { reference = seen.reference } = captured
  if (captured.status !== 'authorized')
    await settleOne(deps, at, { ...captured, ...(reference !== undefined && { reference }) }, call)
}

function decideAndWrite(
  deps: Deps,
  at: PaymentAddress,
  seen: ProviderPayment,
  call: SettlementCall,
): Promise<SettlementPlan> {
  // Asked for once, however often the settlement is decided anew.
  let keeping: Promise<SettlementInput['savedMethod']> | undefined
  const attempt = async (): Promise<SettlementPlan | typeof again> => {
    const payment = await loadPayment(deps, at)
    const now = deps.clock.now()
    const { input, stored, paidBy } = await loadSettlement(deps, payment, now, seen.providerPaymentId)
    const paidWith = await labelOf(deps, payment, seen)
    const settlement = {
      ...input,
      payment,
      seen: observedOf(seen),
      ...(paidWith !== undefined && { methodLabel: paidWith }),
    }
    const first = planSettlement(settlement, now)
    if (isGranted(first, seen)) keeping ??= keptMethod(deps, payment, seen, call)
    const savedMethod = await keeping
    const plan = savedMethod ? planSettlement({ ...settlement, ...paidBy(savedMethod) }, now) : first
    if (plan.kind === 'withheld') {
      deps.metric('PaymentWithheld', 1, { provider: seen.provider })
      return plan
    }
    const outcome = await writePayment(deps, writesOf(plan, payment), call, stored?.createdAt)
    if (!outcome.committed) return takenElsewhere(deps, outcome.refused, at) ? { kind: 'repeated', payment } : again
    if (plan.kind === 'settle' && plan.as === 'granted') await countSettled(deps, payment)
    if (plan.kind === 'settle' && plan.as !== 'granted') deps.metric('PaymentReview', 1, { provider: seen.provider })
    return plan
  }
  // Whoever lost has mostly lost to another announcement of the same money: the next look finds it settled, at once.
  const twice = async () => {
    const first = await attempt()
    return first === again ? attempt() : first
  }
  return contend(deps, () => onSettledWallet(deps, at.accountId, twice))
}

/** Whether this money has, or had, its effect: the method of any other is not kept, because it may not be the account's. */
function isGranted(plan: SettlementPlan, { status, providerPaymentId }: ProviderPayment): boolean {
  if (status !== 'captured') return false
  if (plan.kind === 'settle') return plan.as === 'granted'
  if (plan.kind !== 'repeated') return false
  return plan.payment.charges.some(
    (charge) => charge.providerPaymentId === providerPaymentId && charge.as === 'granted',
  )
}

/** One provider payment pays for one payment of ours; another that claims it is told of, and grants nothing. */
function takenElsewhere(deps: Deps, refused: RefusedWrite[], { paymentId }: PaymentAddress): boolean {
  const guard = refused.find(({ of }) => of.row === 'charge')?.item
  if (guard === undefined || guard.paymentId === paymentId) return false
  deps.metric('ChargeClaimedTwice', 1, {})
  deps.log.error('a provider payment that settled another payment was announced for this one', { paymentId })
  return true
}

function writesOf(plan: Exclude<SettlementPlan, { kind: 'withheld' }>, payment: Payment): PaymentWrite[] {
  if (plan.kind === 'settle') return plan.writes
  return plan.plan ? factWrites(plan.plan, payment) : []
}
