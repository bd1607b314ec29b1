import { expect } from 'vitest'
import type { PaymentProvider } from '#domain/moneyCharge'
import { listPayments } from '#table/payments'
import { callsOf, outboxRows } from '#test/support/calls'
import type { TestDeps } from '#test/support/deps'
import { deliver, hashOf, stored, work } from '#test/support/webhooks'
import { subscribingOf } from '../subscriptions/support.ts'

export const now = '2026-03-10T12:00:00.000Z'
export const seconds = (iso: string) => Date.parse(iso) / 1000
export const start = '2026-02-20T10:00:00.000Z'
export const end = '2026-03-20T10:00:00.000Z'
export const next = '2026-04-20T10:00:00.000Z'
/** When the second period has just begun. */
export const renewed = '2026-03-20T10:05:00.000Z'
export const first = {
  status: 'active',
  period: [start, end],
  autoRenew: true,
  cancelAtPeriodEnd: false,
  activePlanId: 'pro',
}
export const second = { ...first, period: [end, next] }

/** Subscriptions that were brought over, what their providers tell of them, and what is seen of them then. */
export function importedOf(deps: TestDeps) {
  const { putAccount } = callsOf(deps)
  const { bringOver, get, history } = subscribingOf(deps)
  async function brought(account: string, provider: PaymentProvider, id: string) {
    await putAccount({ account, body: { email: 'a@example.com' } })
    const body = {
      provider,
      providerSubscriptionId: id,
      priceId: 'pro-month',
      currentPeriodStart: start,
      currentPeriodEnd: end,
    }
    expect(await bringOver(account, body)).toMatchObject({ status: 201 })
    return account
  }
  /** Delivers and works off each; answers what became of the last. */
  async function hear(provider: PaymentProvider, ...bodies: string[]) {
    for (const body of bodies) {
      await deliver(deps, provider, body)
      expect(await work(deps)).toEqual([])
    }
    const last = bodies.at(-1) ?? ''
    return stored(deps, provider, provider === 'stripe' ? JSON.parse(last).id : hashOf(last))
  }
  const seen = async (account: string) => {
    const { body } = await get(account)
    const { status, currentPeriodStart, currentPeriodEnd, autoRenew, cancelAtPeriodEnd, activePlanId } = body
    return { status, period: [currentPeriodStart, currentPeriodEnd], autoRenew, cancelAtPeriodEnd, activePlanId }
  }
  const linesOf = async (account: string) =>
    (await history(account)).body.data.map(
      ({ kind, amount, currency, provider, providerPaymentId, paymentId, endedAt }) => ({
        ...{ kind, amount, currency, provider, providerPaymentId, paymentId, endedAt },
      }),
    )
  const ours = async (account: string) => (await listPayments(deps.table, account, { limit: 10 })).payments
  /** In no order: an outbox promises none. */
  const noticesOf = async (account: string) =>
    (await outboxRows(deps)).filter(({ accountId }) => accountId === account).map(({ kind }) => kind)
  return { bringOver, brought, get, hear, linesOf, noticesOf, ours, seen }
}

/** As in Razorpay's documentation: the payment names no subscription, `captured` is a text. */
export const razorpay = (
  event: string,
  id: string,
  status: string,
  over: { at?: string; span?: [string, string] | []; pay?: string } = {},
) => {
  const { at = renewed, span = [end, next], pay } = over
  const entity = {
    ...{ id, entity: 'subscription', plan_id: 'plan_BvrFKjSxauOH7N', customer_id: 'cust_C0WlbKhp3aLA7W', status },
    ...{ current_start: span[0] ? seconds(span[0]) : null, current_end: span[1] ? seconds(span[1]) : null },
    ...{ ended_at: null, quantity: 1, notes: [], has_scheduled_changes: false, total_count: 12, paid_count: 2 },
  }
  const payment = {
    ...{ id: pay, entity: 'payment', amount: 99_900, currency: 'INR', status: 'captured', order_id: `order_${pay}` },
    ...{ invoice_id: `inv_${pay}`, method: 'card', amount_refunded: 0, refund_status: null, captured: '1', notes: [] },
    ...{ created_at: seconds(at) },
  }
  const contains = pay === undefined ? ['subscription'] : ['subscription', 'payment']
  const payload = { subscription: { entity }, ...(pay !== undefined && { payment: { entity: payment } }) }
  return JSON.stringify({ entity: 'event', account_id: 'acc_1', event, contains, payload, created_at: seconds(at) })
}
