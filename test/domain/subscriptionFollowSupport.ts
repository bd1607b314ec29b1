import type { HistoryEntry, PaymentWrite } from '#domain/paymentWrite'
import { billLineId, type ProviderNews, planFollow } from '#domain/subscriptionFollow'
import { planImport } from '#domain/subscriptionImport'
import type { BoughtSubscription } from '#domain/subscriptionState'
import type { SubscriptionScene } from '#domain/subscriptionWrite'
import { hourMs } from '#domain/zone'
import { applied, free, sceneOf, start, termsOf } from './subscriptionSupport.ts'

export const terms = termsOf()
/** Where month k of 2025, counted from June, begins. */
export const month = (k: number): number => Date.UTC(2025, 5 + k, 1)
export const period = (k: number) => ({ start: month(k), end: month(k + 1) })
export const paid = (k: number) => ({
  id: `bill_${k}`,
  providerPaymentId: `pay_${k}`,
  amountMinor: 10_000,
  currency: 'INR',
})
export const end = month(1)

/** Brought over in its first month. */
export function broughtOver(over: Partial<BoughtSubscription> = {}): SubscriptionScene {
  const { account, wallet } = sceneOf({ terms: free })
  const { accessEnd: _end, subscriptionId: _id, ...own } = account
  const { writes } = planImport(
    {
      account: own,
      wallet,
      fallback: free,
      terms,
      imported: {
        provider: 'razorpay',
        providerSubscriptionId: 'sub_A',
        periodStart: month(0),
        periodEnd: end,
        status: 'active',
      },
      ids: { subscription: 'sub_9', history: 'his_import' },
    },
    start,
  )
  const scene = applied({ account: own, wallet, subscription: undefined, fallback: free }, writes)
  return { ...scene, subscription: { ...scene.subscription, ...over } }
}

interface Told {
  scene: SubscriptionScene
  writes: PaymentWrite[]
  lines: Map<string, HistoryEntry>
}

/** One event, as whoever hears it decides on it: its bill's line is there or not. */
export function tell({ scene, lines }: Pick<Told, 'scene' | 'lines'>, news: ProviderNews, now: number): Told {
  const id = billLineId(scene.subscription.id, news)
  const lineId = id !== undefined && !lines.has(id) ? { lineId: id } : {}
  const { writes } = planFollow(scene, news, { terms, ...lineId, historyId: 'his_end' }, now)
  const added = writes.flatMap((write) => (write.row === 'history' ? [[write.next.id, write.next] as const] : []))
  return {
    scene: writes.length === 0 ? scene : applied(scene, writes),
    writes,
    lines: new Map([...lines, ...added]),
  }
}
export const told = (news: ProviderNews[], now: number, scene = broughtOver()): Told => {
  let state: Told = { scene, writes: [], lines: new Map() }
  for (const one of news) state = tell(state, one, now)
  return state
}
export const noticesIn = (writes: PaymentWrite[]) => writes.flatMap((one) => (one.row === 'notice' ? [one.kind] : []))

export const t = end + hourMs
export const active: ProviderNews = { at: t, state: 'active', endsAtPeriodEnd: false }
export const charged: ProviderNews = { ...active, period: period(1), paid: paid(1) }
