import { require } from './yearBooks.ts'
import { planOf } from './yearCatalogue.ts'
import { chargeLifeMs, graceMs, type Life, planAt } from './yearModel.ts'
import type { YearRows } from './yearRows.ts'

type Row = YearRows['subscriptions'][number]

/** What the subscription's own operations show of it. */
export interface Shown {
  status: unknown
  priceId: unknown
  activePlanId: unknown
  paidUntil: unknown
}

/** A charge that was taken on keeps access beyond grace: whether it was is the provider's word, and the row's. */
export const isCharging = ({ id, pendingCharge }: Row, life: Life, now: number): boolean =>
  id === life.id &&
  pendingCharge !== undefined &&
  now < Math.max(life.end + graceMs, pendingCharge.startedAt + chargeLifeMs)

/** What is shown of an account at an instant is what the rules say. `rows` are its subscriptions. */
export function judgeShown(
  life: Life | undefined,
  rows: readonly Row[],
  { status, priceId, activePlanId, paidUntil }: Shown,
  { accountId, now }: { accountId: string; now: number },
): void {
  const expected = life?.statusAt(now) ?? { status: null, access: false }
  const isCharged = life?.endedAt === undefined && rows.some((row) => life && isCharging(row, life, now))
  if (!expected.access && status === 'past_due' && isCharged) return
  const who = `${accountId} at ${new Date(now).toISOString()}`
  require(status === expected.status, `${who} is ${String(status)}, expected ${expected.status}`)
  // What a plan gives is the account's one row, which a job brings to a period that was paid ahead under another plan.
  const plan = notBegun(life, rows, now) ?? planAt(life, now)
  require(activePlanId === plan, `${who} is on ${String(activePlanId)}, expected ${plan}`)
  if (!life || !expected.access) return
  require(priceId === life.priceAt(now), `${who} has ${String(priceId)}, expected ${life.priceAt(now)}`)
  const end = new Date(life.end).toISOString()
  require(Date.parse(String(paidUntil)) === life.end, `${who} is paid until ${String(paidUntil)}, expected ${end}`)
}

/** The plan of the period before, as long as no job has begun the one that was paid ahead. */
function notBegun(life: Life | undefined, rows: readonly Row[], now: number): string | undefined {
  const at = life?.spans.findIndex(({ end }) => now < end) ?? -1
  const before = life?.spans[at - 1]
  if (!life || !before || !life.statusAt(now).access) return undefined
  return rows.find(({ id }) => id === life.id)?.periodEnd === before.end ? planOf(before.priceId) : undefined
}
