import { chargeRule, type PaymentProvider } from './moneyCharge.ts'
import { priceOrder } from './order.ts'
import { newPayment, orderLifeMs, type Payment } from './payment.ts'
import { refundableOf } from './paymentState.ts'
import { noTax } from './tax.ts'

export interface SetupInput {
  /** `fpay_<ULID>` */
  paymentId: string
  accountId: string
  provider: PaymentProvider
  /** The account's, or the catalogue's where it has none yet. */
  currency: string
  mode: Payment['mode']
  catalogueVersion: number
}

/** What stands on the provider's page and on the documents. */
export const setupName = 'Check of a payment method, refunded at once'

/**
 * A payment of the smallest amount that the provider takes, for the sake of the method that pays it. Nothing is sold, so
 * nothing is taxed. Undefined: the provider does not charge the currency.
 */
export function planSetup(input: SetupInput, now: number): Payment | undefined {
  const { paymentId: id, accountId, provider, currency, mode, catalogueVersion } = input
  const rule = chargeRule(provider, currency)
  if (!rule) return undefined
  const unitAmountMinor = Math.ceil(rule.minimum / rule.step) * rule.step
  const item = { kind: 'item' as const, id: 'method-setup', description: setupName, quantity: 1, unitAmountMinor }
  const order = priceOrder([{ item }], { currency, tax: noTax })
  const payment = newPayment({
    id,
    accountId,
    type: 'method_setup',
    subject: { kind: 'method', name: setupName },
    mode,
    amountMinor: order.dueMinor,
    currency,
    order,
    provider,
    catalogueVersion,
    holds: {},
    createdAt: now,
    expiresAt: now + orderLifeMs,
  })
  return { ...payment, ver: 1 }
}

/**
 * The method is saved, and nobody has asked for the money back yet. Once somebody has, the refund looks after itself; one
 * that fails is for staff.
 */
export const isOwedBack = (payment: Pick<Payment, 'subject' | 'settled' | 'charges' | 'disputes'>): boolean =>
  payment.subject.kind === 'method' &&
  payment.settled?.as === 'granted' &&
  payment.charges.some(
    (charge) => charge.as === 'granted' && charge.refunds.length === 0 && refundableOf(payment, charge) > 0,
  )
