import { canonicalJson } from '#domain/guard'
import type { Order, OrderLine } from '#domain/order'
import { type Charge, type Payment, shownProviderPayment } from '#domain/payment'
import { derived } from '#domain/paymentState'
import { accountPk, paymentPrefix } from './keys.ts'
import { type StoredPayment, storedPayment } from './paymentItem.ts'
import type { Item } from './port.ts'
import { readBody } from './stored.ts'

/** What is nothing is not stored. */
const some = <T>(list: readonly T[]): T[] | undefined => (list.length > 0 ? [...list] : undefined)
const unlessZero = (amount: number): number | undefined => (amount === 0 ? undefined : amount)
const keys = <T extends object>(value: T): T | undefined => (Object.keys(value).length > 0 ? value : undefined)

/** A payment's members as they are stored; undefined ones are left out. @throws Error when one would be lost: a defect. */
export function encodePayment(payment: Payment): Record<string, unknown> {
  const { order, method, charges, settled } = payment
  const body = {
    type: payment.type,
    mode: payment.mode,
    amountMinor: payment.amountMinor,
    currency: payment.currency,
    lines: order.lines.map(encodeLine),
    ...taxesOf(order),
    adjustments: some(order.adjustments),
    subject: payment.subject,
    provider: payment.provider,
    followed: payment.followed,
    method: method && { id: method.id, customer: method.gatewayCustomerId },
    providerOrderId: payment.providerOrderId,
    status: payment.status,
    catalogueVersion: payment.catalogueVersion,
    holds: keys(payment.holds),
    released: payment.released || undefined,
    createdAt: payment.createdAt,
    updatedAt: payment.updatedAt,
    expiresAt: payment.expiresAt,
    progress: payment.progress,
    attempt: payment.attempt,
    charges: some(charges.map(encodeCharge)),
    disputes: some(payment.disputes),
    settled: settled && {
      at: settled.at,
      as: settled.as,
      by: settled.providerPaymentId,
      reference: settled.reference,
    },
    refundedMinor: unlessZero(payment.refundedMinor),
    reversedMinor: unlessZero(payment.reversedMinor),
    notedMinor: unlessZero(payment.notedMinor),
    ver: payment.ver,
  } satisfies { [Name in keyof StoredPayment]: unknown }
  const stored = JSON.parse(JSON.stringify(body))
  if (canonicalJson(decoded(payment, stored)) !== canonicalJson(payment))
    throw new Error(`the payment ${payment.id} does not come back as it was`)
  return stored
}

/** @throws Error when what is stored is no payment: a defect. */
export function readPayment(item: Item): Payment {
  const accountId = item.pk.slice(accountPk('').length)
  const id = item.sk.slice(paymentPrefix.length)
  return decoded({ id, accountId }, readBody(storedPayment, item))
}

function decoded({ id, accountId }: Pick<Payment, 'id' | 'accountId'>, stored: StoredPayment): Payment {
  const {
    lines: _,
    tax: _tax,
    taxes: _taxes,
    adjustments: _paid,
    status: _shown,
    refundedMinor: _sum,
    ...said
  } = stored
  const { method, charges, settled, ...rest } = said
  const evidence = (charges ?? []).map(decodeCharge)
  const shown = shownProviderPayment(evidence)
  return derived({
    ...rest,
    id,
    accountId,
    order: decodeOrder(stored),
    ...(method && { method: decodeMethod(method) }),
    ...(shown !== undefined && { providerPaymentId: shown }),
    status: 'pending',
    holds: rest.holds ?? {},
    released: rest.released ?? false,
    charges: evidence,
    disputes: rest.disputes ?? [],
    ...(settled && { settled: decodeSettled(settled) }),
    capturedMinor: 0,
    refundedMinor: 0,
    flags: [],
    reversedMinor: rest.reversedMinor ?? 0,
    notedMinor: rest.notedMinor ?? 0,
  })
}

type Of<Name extends keyof StoredPayment> = NonNullable<StoredPayment[Name]>

const decodeMethod = ({ id, customer }: Of<'method'>): NonNullable<Payment['method']> => ({
  id,
  ...(customer !== undefined && { gatewayCustomerId: customer }),
})

const decodeSettled = ({ by, ...settled }: Of<'settled'>): NonNullable<Payment['settled']> => ({
  ...settled,
  providerPaymentId: by,
})

const encodeLine = (line: OrderLine) => ({
  kind: line.kind,
  id: line.id,
  text: line.description,
  count: line.quantity,
  unit: line.unitAmountMinor,
  off: some(line.discounts),
  net: line.netMinor,
  tax: unlessZero(line.taxMinor),
  total: line.totalMinor,
})

const decodeLine = ({ kind, id, text, count, unit, off, net, tax, total }: Of<'lines'>[number]): OrderLine => ({
  kind,
  id,
  description: text,
  quantity: count,
  unitAmountMinor: unit,
  grossMinor: count * unit,
  discounts: off ?? [],
  netMinor: net,
  taxMinor: tax ?? 0,
  totalMinor: total,
})

/** Of one rate for all lines, what it comes to follows from them. The credit of a change may be taxed otherwise than its price. */
function taxesOf({ taxes, totalMinor, taxMinor }: Order): Pick<StoredPayment, 'tax' | 'taxes'> {
  const [first, ...others] = taxes
  if (!first) return {}
  if (others.length > 0 || first.baseMinor !== totalMinor - taxMinor) return { taxes: [...taxes] }
  return { tax: { name: first.name, rate: first.rate, inclusive: first.inclusive } }
}

function decodeOrder({ currency, lines: stored, tax, taxes, adjustments = [], amountMinor }: StoredPayment): Order {
  const lines = stored.map(decodeLine)
  const sum = (of: (line: OrderLine) => number): number => lines.reduce((total, line) => total + of(line), 0)
  const taxMinor = sum((line) => line.taxMinor)
  const totalMinor = sum((line) => line.totalMinor)
  return {
    currency,
    lines,
    taxes: taxes ?? (tax ? [{ ...tax, baseMinor: totalMinor - taxMinor, taxMinor }] : []),
    grossMinor: sum((line) => line.grossMinor),
    discountMinor: sum((line) => line.grossMinor - line.netMinor),
    taxMinor,
    totalMinor,
    adjustments,
    dueMinor: amountMinor,
  }
}

const encodeCharge = ({ providerPaymentId: id, capture, refunds, refundTotalMinor, ...rest }: Charge) => ({
  ...rest,
  id,
  capture: capture && {
    amountMinor: capture.amountMinor,
    currency: capture.currency,
    at: capture.at,
    differences: some(capture.differences),
    unlawful: some(capture.unlawful),
  },
  refundTotalMinor: unlessZero(refundTotalMinor),
  refunds: some(refunds),
})

const decodeCharge = ({ id, capture, refunds, refundTotalMinor, ...rest }: Of<'charges'>[number]): Charge => ({
  ...rest,
  providerPaymentId: id,
  ...(capture && {
    capture: { ...capture, differences: capture.differences ?? [], unlawful: capture.unlawful ?? [] },
  }),
  refundTotalMinor: refundTotalMinor ?? 0,
  refunds: refunds ?? [],
})
