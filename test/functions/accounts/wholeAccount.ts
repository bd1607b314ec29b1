import { guardOf, ulidOf } from '#domain/guard'
import type { Refund } from '#domain/refund'
import { creditWrites } from '#table/accountCredit'
import { putCheckoutKeyWrite } from '#table/checkoutKeys'
import { commit } from '#table/commit'
import { discountUseWrite, putManualDiscountWrite } from '#table/discounts'
import { putHistoryWrite } from '#table/history'
import { accountPk } from '#table/keys'
import { putForgottenWrites } from '#table/methods'
import { putOrderWrite } from '#table/orders'
import type { Item } from '#table/port'
import { putProfileWrite } from '#table/profiles'
import { putPurchaseWrite } from '#table/purchases'
import { putRefundWrite } from '#table/refunds'
import { putSubscriptionWrite } from '#table/subscriptions'
import { putGaugeWrite, putHistoryWrite as putUsageHistoryWrite } from '#table/usage'
import { callsOf, deliverAll } from '#test/support/calls'
import type { TestDeps } from '#test/support/deps'
import { put, putInvoice } from '../payments/historySupport.ts'
import { card, save } from '../payments/methodSupport.ts'
import { membersOf } from './memberSupport.ts'

/** What names the person, wherever it may lie. */
export const personal = { name: 'Ada Obi-Okafor', email: 'ada.obi@example.com', line1: '7 Marina Road' }
/** What no answer ever shows. */
export const token = 'pm_canary_token'

/** An account with a row of every kind that may lie in its partition. Nothing of it is under way. */
export async function wholeAccount(deps: TestDeps, account: string): Promise<{ paymentId: string; invoiceId: string }> {
  const calls = callsOf(deps)
  const { name, email, line1 } = personal
  await calls.putAccount({ account, body: { email, name, currency: 'USD', metadata: { crm: 'C-1' } } })
  await membersOf(deps).put(account, 'ann', 'viewer')
  await calls.grantCredits({ account, body: { amount: 50, reason: 'welcome' } })
  const { body: taken } = await calls.deductCredits({ account, body: { amount: 5, reason: 'a job' } })
  await calls.refundCredits({ account, body: { deductionId: taken.id, amount: 2 } })
  await calls.deductCredits({ account, body: { amount: 1_000, reason: 'too much' }, key: 'refused' })
  await calls.reserveCredits({ account, body: { amount: 3, reason: 'held' } })
  for (let count = 0; count < 3; count++)
    await calls.recordUsage({ account, body: { feature: 'reports', metadata: { file: `${name}.pdf` } } })
  await deliverAll(deps)
  await save(deps, account, card(`${token}-${account}`, { gatewayCustomerId: 'cus_1', last4: '4242' }))
  return moneyRows(deps, account, { name, email, line1 })
}

async function moneyRows(deps: TestDeps, account: string, { name, email, line1 }: typeof personal) {
  const now = deps.clock.now()
  const at = { now, real: deps.clock.real() }
  const payment = await put(deps, account, { providerOrderId: `order_${account}` })
  const invoiceId = await putInvoice(deps, payment)
  const id = (prefix: string) => `${prefix}_${ulidOf(now, deps.ids.random())}`
  const common = { accountId: account, createdAt: now, updatedAt: now, ver: 1 }
  const refund: Refund = {
    ...common,
    id: id('rfd'),
    paymentId: payment.id,
    providerPaymentId: 'pi_1',
    amountMinor: 100,
    currency: 'USD',
    reason: 'sorry',
    plan: 'keep',
    status: 'processed',
  }
  const subscription = {
    ...{ id: id('sub'), planId: 'team', priceId: 'team-month', catalogueVersion: 1, status: 'canceled' as const },
    ...{
      complimentary: false as const,
      periodStart: now,
      periodEnd: now + 1,
      reason: 'Bought',
      interval: 'month' as const,
    },
    ...{ currency: 'USD', anchor: now, zone: 'UTC', periodIndex: 0, paidMinor: 100, paymentId: payment.id },
    ...{ autoRenew: true, cancelReason: `${name} moved`, ver: 1, createdAt: now, endedAt: now },
  }
  const credit = { accountId: account, currency: 'USD', balanceMinor: 70, ver: 1 }
  const entry = { id: id('rfd'), cause: 'surplus' as const, amountMinor: 70, balanceAfterMinor: 70 }
  const guard = guardOf('c', 'checkout', account)
  const order = { provider: 'stripe' as const, providerOrderId: `order_${account}`, paymentId: payment.id }
  const statistics = { ok: 1, failed: 0, timed: 0, sumMs: 0, buckets: {} }
  await commit(deps.table, [
    putProfileWrite({ ...common, email, name, address: { line1, city: 'Lagos', country: 'NG' } }, 0),
    putRefundWrite(refund, 0),
    putSubscriptionWrite(account, subscription, undefined, now),
    putHistoryWrite(account, historyOf(id('his'), now), now),
    ...creditWrites({ next: credit, entry: { ...entry, paymentId: payment.id, createdAt: now } }, 'test'),
    putPurchaseWrite(
      {
        ...{ id: id('pur'), accountId: account, paymentId: payment.id, productId: 'guide', name: 'Guide', ver: 1 },
        ...{ group: 'guides', quantity: 1, amountMinor: 1000, currency: 'USD', createdAt: now },
      },
      0,
      now,
    ),
    putManualDiscountWrite(
      { id: id('dsc'), accountId: account, percentOff: 10, reason: `${name} complained`, expiresAt: now + 1, ver: 1 },
      now,
    ),
    discountUseWrite(
      {
        ...{ accountId: account, group: 'guides', windowId: 'month#2026-03-01' },
        ...{ by: { free: 1, percent: 0 }, seen: { free: 0, percent: 0 } },
      },
      at,
    ),
    putCheckoutKeyWrite(account, { guard, hash: 'h', paymentId: payment.id, lockedUntil: 0 }, now),
    ...putForgottenWrites({ accountId: account, id: 'pmt_forgotten', fingerprint: '0'.repeat(16) }, at),
    putOrderWrite({ ...order, accountId: account, checkout: { prefill: { email } } }, at),
    putGaugeWrite(account, 'seats', 4, undefined, now),
    putUsageHistoryWrite(
      account,
      'reports',
      { month: '2026-02', ver: 1, days: { '2026-02-01': 1 }, total: 1, statistics },
      undefined,
      now,
    ),
    {
      kind: 'put',
      item: {
        pk: accountPk(account),
        sk: 'IDEM#c#x',
        entity: 'answer',
        v: 1,
        createdAt: now,
        updatedAt: now,
        body: email,
      },
      when: 'unconditional',
    },
  ])
  return { paymentId: payment.id, invoiceId }
}

const historyOf = (id: string, now: number) => ({
  ...{ id, planId: 'team', previousPlanId: 'free', priceId: 'team-month', kind: 'new' as const, startedAt: now },
  ...{ endedAt: null, amountMinor: 0, currency: 'USD', paymentId: null, providerPaymentId: null },
  methodLabel: 'visa •••• 4242',
})

/** Everything in an account's partition. */
export async function rowsOf(deps: TestDeps, account: string): Promise<Item[]> {
  const { items } = await deps.table.query({ pk: accountPk(account), limit: 1_000, consistent: true })
  return items
}

export const kindsOf = (rows: readonly Item[]): string[] =>
  [...new Set(rows.map(({ entity }) => String(entity)))].sort()
