import type { Account } from './account.ts'
import { type Invoice, invoiceOf } from './invoice.ts'
import type { Payment } from './payment.ts'
import type { PaymentWrite } from './paymentWrite.ts'
import type { SettlementInput } from './settlement.ts'
import { grantEffect } from './settlementEffect.ts'
import { localDateAt } from './time.ts'

export interface Granted {
  writes: PaymentWrite[]
  invoice: Invoice
  /** What was granted: subscription, credit grant, purchase. */
  reference?: string
}

/**
 * What money writes that has its effect, whether the settlement decides so or staff do: the effect with what paid it, the
 * invoice, and the word to the account.
 * @throws MoreIsDue when the wallet has to be settled first.
 */
export function grantedWrites(input: SettlementInput, account: Account, now: number): Granted {
  const { payment } = input
  const { writes, reference } = grantEffect(input, account, now)
  const period = paidPeriod(writes, account)
  const invoice = invoiceOf(payment, { ...input.invoice, at: now, ...(period && { period }) })
  const effects: PaymentWrite[] = [...writes.map((write) => paidWith(write, input)), { row: 'invoice', next: invoice }]
  return { writes: told(effects, payment, invoice), invoice, ...(reference !== undefined && { reference }) }
}

/** The time that was paid, on the account's calendar: the plan history has it. A plan without an end has none. */
function paidPeriod(writes: readonly PaymentWrite[], { zones }: Account): Invoice['period'] {
  const line = writes.find((write) => write.row === 'history')?.next
  if (!line || line.endedAt === null) return undefined
  return { from: localDateAt(zones, line.startedAt), to: localDateAt(zones, line.endedAt) }
}

/** The account is told of its payment: a renewal's own notice tells of both, so that nobody gets two mails of one charge. */
function told(
  writes: PaymentWrite[],
  { id, accountId, amountMinor, currency }: Payment,
  invoice: Invoice,
): PaymentWrite[] {
  const data = { paymentId: id, amountMinor, currency, invoiceId: invoice.id }
  const renewed = writes.find((write) => write.row === 'notice' && write.kind === 'subscription.renewed')
  if (!renewed) return [...writes, { row: 'notice', accountId, kind: 'payment.completed', data }]
  return writes.map((write) =>
    write === renewed && write.row === 'notice' ? { ...write, data: { ...write.data, ...data } } : write,
  )
}

/**
 * The plan history names what paid: the method that was saved with it or charged, and what the provider told of it. Where
 * nothing was to be paid, nothing has paid it.
 */
function paidWith(write: PaymentWrite, { payment, savedMethod, methodLabel }: SettlementInput): PaymentWrite {
  if (write.row !== 'history' || payment.amountMinor === 0) return write
  const methodId = savedMethod?.id ?? payment.method?.id
  const named = { ...(methodId !== undefined && { methodId }), ...(methodLabel !== undefined && { methodLabel }) }
  return { ...write, next: { ...write.next, ...named } }
}
