import { type Coupon, couponAmounts } from './coupon.ts'
import type { ManualDiscount } from './discount.ts'
import { manualAmount } from './discount.ts'
import type { ChargeRule } from './moneyCharge.ts'
import { isSameTax, isTaxed, type TaxRule, taxOn } from './tax.ts'

export const lineKinds = ['plan', 'credit_pack', 'item', 'proration', 'overage'] as const
export type LineKind = (typeof lineKinds)[number]

/** What is bought, before anything comes off. `id` is the price's or the product's. Amounts are minor units. */
export interface OrderItem {
  kind: LineKind
  id: string
  description: string
  quantity: number
  unitAmountMinor: number
}

export interface LineDiscount {
  kind: 'plan' | 'manual' | 'coupon'
  label: string
  /** Above zero: what comes off. */
  amountMinor: number
}

export interface OrderLine extends OrderItem {
  /** quantity × unitAmountMinor */
  grossMinor: number
  /** In the order in which they were taken off. */
  discounts: LineDiscount[]
  /** What is left of the price: with an inclusive rate, tax included. */
  netMinor: number
  taxMinor: number
  /** What the buyer owes for the line. */
  totalMinor: number
}

export interface TaxTotal extends TaxRule {
  /** What the tax is on, without it. */
  baseMinor: number
  taxMinor: number
}

/** What is paid otherwise than by the provider: below zero. Above it: a surplus, kept as account credit. */
export interface Adjustment {
  kind: 'account_credit' | 'rounding'
  amountMinor: number
}

export interface Order {
  currency: string
  lines: OrderLine[]
  taxes: TaxTotal[]
  grossMinor: number
  discountMinor: number
  taxMinor: number
  /** Σ of the lines' totals: the sum of the invoice. */
  totalMinor: number
  adjustments: Adjustment[]
  /** What the provider is asked for: the total and its adjustments. */
  dueMinor: number
}

/** An item with what comes off it before the coupon. */
export interface DiscountedItem {
  item: OrderItem
  /** From `quoteDiscount`. */
  planDiscountMinor?: number
  planDiscountLabel?: string
  manual?: ManualDiscount
  /** The coupon does not hold for it. */
  withoutCoupon?: boolean
  /** Absent: the order's. A credit is taxed as what it credits was. */
  tax?: TaxRule
}

/**
 * The order of what comes off a line: the plan's discount, the manual one, the coupon; then tax. Every discount is rounded
 * half up on its line, the tax once for the order.
 */
export function priceOrder(
  items: readonly DiscountedItem[],
  terms: { currency: string; coupon?: Pick<Coupon, 'code' | 'percentOff' | 'amountOff'>; tax: TaxRule },
): Order {
  const couponed = withCoupon(items.map(beforeCoupon), items, terms.coupon)
  const { lines, taxes } = taxedLines(couponed, items, terms.tax)
  const totalMinor = sumOf(lines, 'totalMinor')
  return {
    currency: terms.currency,
    lines,
    taxes,
    grossMinor: sumOf(lines, 'grossMinor'),
    discountMinor: sumOf(lines, 'grossMinor') - sumOf(lines, 'netMinor'),
    taxMinor: sumOf(lines, 'taxMinor'),
    totalMinor,
    adjustments: [],
    dueMinor: totalMinor,
  }
}

type PricedLine = Omit<OrderLine, 'taxMinor' | 'totalMinor'>

function beforeCoupon({ item, planDiscountMinor = 0, planDiscountLabel, manual }: DiscountedItem): PricedLine {
  const grossMinor = item.quantity * item.unitAmountMinor
  const afterPlan = grossMinor - planDiscountMinor
  const manualMinor = manual ? manualAmount(manual, afterPlan) : 0
  return {
    ...item,
    grossMinor,
    discounts: [
      ...discountLine('plan', planDiscountLabel ?? 'Plan discount', planDiscountMinor),
      ...discountLine('manual', manual?.reason ?? 'Discount', manualMinor),
    ],
    netMinor: afterPlan - manualMinor,
  }
}

function withCoupon(
  lines: PricedLine[],
  items: readonly DiscountedItem[],
  coupon: Pick<Coupon, 'code' | 'percentOff' | 'amountOff'> | undefined,
): PricedLine[] {
  if (!coupon) return lines
  const off = couponAmounts(
    coupon,
    lines.map(({ netMinor }, index) => (items[index]?.withoutCoupon ? 0 : Math.max(0, netMinor))),
  )
  return lines.map((line, index) => {
    const amountMinor = off[index] ?? 0
    return {
      ...line,
      discounts: [...line.discounts, ...discountLine('coupon', coupon.code, amountMinor)],
      netMinor: line.netMinor - amountMinor,
    }
  })
}

const discountLine = (kind: LineDiscount['kind'], label: string, amountMinor: number): LineDiscount[] =>
  amountMinor === 0 ? [] : [{ kind, label, amountMinor }]

/** By rate: each is rounded once, on the sum of its lines. */
function taxedLines(
  priced: readonly PricedLine[],
  items: readonly DiscountedItem[],
  ofOrder: TaxRule,
): { lines: OrderLine[]; taxes: TaxTotal[] } {
  const ruled = priced.map((line, index) => ({ line, rule: items[index]?.tax ?? ofOrder }))
  const rules: TaxRule[] = []
  const taxOf = new Map<PricedLine, number>()
  for (const { rule } of ruled) {
    if (rules.some((seen) => isSameTax(seen, rule))) continue
    rules.push(rule)
    const own = ruled.flatMap((one) => (isSameTax(one.rule, rule) ? [one.line] : []))
    const parts = taxOn(
      own.map(({ netMinor }) => netMinor),
      rule,
    )
    for (const [index, line] of own.entries()) taxOf.set(line, parts[index] ?? 0)
  }
  const lines = ruled.map(({ line, rule }): OrderLine => {
    const taxMinor = taxOf.get(line) ?? 0
    return { ...line, taxMinor, totalMinor: line.netMinor + (rule.inclusive ? 0 : taxMinor) }
  })
  const linesOf = (rule: TaxRule) => lines.filter((_, index) => isSameTax(ruled[index]?.rule ?? ofOrder, rule))
  return { lines, taxes: rules.flatMap((rule) => taxTotals(linesOf(rule), rule)) }
}

function taxTotals(lines: OrderLine[], tax: TaxRule): TaxTotal[] {
  if (!isTaxed(tax)) return []
  const taxMinor = sumOf(lines, 'taxMinor')
  const { name, rate, inclusive } = tax
  return [{ name, rate, inclusive, baseMinor: sumOf(lines, 'totalMinor') - taxMinor, taxMinor }]
}

const sumOf = (lines: readonly OrderLine[], member: 'grossMinor' | 'netMinor' | 'taxMinor' | 'totalMinor'): number =>
  lines.reduce((sum, line) => sum + line[member], 0)

/**
 * The order with what account credit pays of it, and what is left for the provider. A rest that the provider's step does
 * not divide is rounded down, in the buyer's favour. So much credit is kept back that the rest is not below the
 * provider's smallest charge. Undefined: the total itself is below it (and is not 0).
 */
export function withDue(order: Order, creditMinor: number, rule: ChargeRule): Order | undefined {
  const { totalMinor } = order
  const used = Math.min(Math.max(0, creditMinor), totalMinor)
  if (totalMinor === 0 || used === totalMinor) return adjusted(order, used, 0)
  const rest = totalMinor - used
  const roundingMinor = rest % rule.step
  if (rest - roundingMinor >= rule.minimum) return adjusted(order, used, roundingMinor)
  const smallest = Math.ceil(rule.minimum / rule.step) * rule.step
  return totalMinor >= smallest ? adjusted(order, totalMinor - smallest, 0) : undefined
}

function adjusted(order: Order, creditMinor: number, roundingMinor: number): Order {
  const adjustments: Adjustment[] = [
    ...(creditMinor > 0 ? [{ kind: 'account_credit' as const, amountMinor: -creditMinor }] : []),
    ...(roundingMinor > 0 ? [{ kind: 'rounding' as const, amountMinor: -roundingMinor }] : []),
  ]
  return { ...order, adjustments, dueMinor: order.totalMinor - creditMinor - roundingMinor }
}

/** Account credit that an order takes, minor units. */
export const creditUsed = ({ adjustments }: Pick<Order, 'adjustments'>): number =>
  adjustments.reduce((sum, { kind, amountMinor }) => sum + (kind === 'account_credit' ? -amountMinor : 0), 0)

/** Defends what invoices and settlement rely on. @throws Error when an order contradicts itself: a defect. */
export function assertOrder(order: Order): void {
  const { lines, taxes, adjustments } = order
  const fail = (what: string): never => {
    throw new Error(`an order's ${what} do not add up`)
  }
  for (const { grossMinor, discounts, netMinor } of lines) {
    const off = discounts.reduce((sum, { amountMinor }) => sum + amountMinor, 0)
    if (grossMinor - off !== netMinor) fail('discounts')
  }
  if (sumOf(lines, 'totalMinor') !== order.totalMinor) fail('lines')
  if (sumOf(lines, 'taxMinor') !== order.taxMinor) fail('taxes')
  if (order.taxMinor !== taxes.reduce((sum, { taxMinor }) => sum + taxMinor, 0)) fail('rates')
  const adjustedMinor = adjustments.reduce((sum, { amountMinor }) => sum + amountMinor, 0)
  if (order.totalMinor + adjustedMinor !== order.dueMinor || order.dueMinor < 0) fail('adjustments')
}
