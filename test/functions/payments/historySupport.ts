import { invoiceOf } from '#domain/invoice'
import { priceOrder } from '#domain/order'
import {
  type Charge,
  newPayment,
  orderLifeMs,
  type Payment,
  paymentId,
  progressSteps,
  shownProviderPayment,
} from '#domain/payment'
import { derived } from '#domain/paymentState'
import { noTax } from '#domain/tax'
import { initialZones } from '#domain/time'
import { commit } from '#table/commit'
import { putInvoiceWrite } from '#table/invoices'
import { putPaymentWrite } from '#table/payments'
import { callsOf } from '#test/support/calls'
import type { TestDeps } from '#test/support/deps'

/** A payment as it lies in the table, whatever led there. */
export async function put(deps: TestDeps, account: string, over: Partial<Payment> = {}): Promise<Payment> {
  const payment = paymentOf(deps, account, over)
  await commit(deps.table, [putPaymentWrite(payment, 0)])
  return payment
}

/** Default: one of 10.00 USD that was completed. Its evidence is what leads to the status that is asked for. */
export function paymentOf(deps: TestDeps, account: string, over: Partial<Payment> = {}): Payment {
  const createdAt = over.createdAt ?? deps.clock.now()
  const amountMinor = over.amountMinor ?? 1000
  const currency = over.currency ?? 'USD'
  const payment: Payment = {
    ...newPayment({
      id: paymentId(createdAt, deps.ids.random()),
      accountId: account,
      type: 'item',
      subject: { kind: 'item', productId: 'guide', name: 'Guide', quantity: 1, group: 'guides' },
      mode: 'test',
      amountMinor,
      currency,
      order: orderOf('A guide', amountMinor, currency),
      provider: 'stripe',
      catalogueVersion: 1,
      holds: {},
      createdAt,
      expiresAt: createdAt + orderLifeMs,
    }),
    status: 'completed',
    capturedMinor: amountMinor,
    ver: 1,
    ...over,
  }
  return derived(evidenced(payment))
}

function evidenced(payment: Payment): Payment {
  const progress = progressSteps.find((step) => step === payment.status)
  if (progress) return { ...payment, progress }
  const { amountMinor, currency, status, createdAt, refundedMinor, id } = payment
  const charge: Charge = {
    providerPaymentId: payment.providerPaymentId ?? `pi_${id.slice(-16)}`,
    capture: {
      amountMinor: payment.capturedMinor,
      currency,
      at: createdAt,
      differences: [],
      unlawful: status === 'review' ? ['already_subscribed'] : [],
    },
    refundTotalMinor: status === 'refunded' ? amountMinor : refundedMinor,
    refunds: [],
    as: status === 'review' ? 'account_credit' : 'granted',
  }
  const disputes = [{ disputeId: `dp_${id.slice(-8)}`, amountMinor, opened: true }]
  const charges = payment.charges.length > 0 ? payment.charges : [charge]
  const shown = shownProviderPayment(charges)
  return {
    ...payment,
    charges,
    ...(shown !== undefined && { providerPaymentId: shown }),
    ...(status === 'disputed' && { disputes }),
  }
}

export const orderOf = (description: string, unitAmountMinor: number, currency = 'USD') =>
  priceOrder([{ item: { kind: 'item', id: 'guide', description, quantity: 1, unitAmountMinor } }], {
    currency,
    tax: noTax,
  })

/** An account that exists. */
export async function made(deps: TestDeps, account: string): Promise<string> {
  await callsOf(deps).putAccount({ account, body: { email: `${account}@example.com`, name: 'A Customer' } })
  return account
}

/** An invoice that waits for its number. */
export async function putInvoice(deps: TestDeps, payment: Payment, at = deps.clock.now()): Promise<string> {
  const id = payment.id.replace('fpay_', 'inv_')
  const invoice = invoiceOf(payment, {
    id,
    seller: { name: 'Seller Ltd' },
    buyer: { name: 'A Customer' },
    zones: initialZones('UTC'),
    at,
  })
  await commit(deps.table, [putInvoiceWrite(invoice, at)])
  return id
}
