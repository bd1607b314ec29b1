/**
 * How work went, small enough to live in a counter: numbers of calls, and durations as a sum, a count and a histogram
 * whose buckets grow with the value (eight to each doubling).
 */
export interface Statistics {
  ok: number
  failed: number
  /** Calls that told their duration. */
  timed: number
  sumMs: number
  /** Bucket → calls; empty buckets are absent. */
  buckets: Record<string, number>
}

/** What a reader gets for one month. Rates in [0, 1]; null where there is nothing to say. */
export interface StatisticsView {
  count: number
  succeeded: number
  failed: number
  successRate: number | null
  meanMs: number | null
  /** Within 6.25 % of the true value: the middle of its bucket. */
  p95Ms: number | null
  /** Change of `count` on the month before, as a share of it. */
  change: number | null
}

/** Longer work than a day is recorded as a day: it bounds the number of buckets. */
export const maxDurationMs = 86_400_000

export const noStatistics: Statistics = { ok: 0, failed: 0, timed: 0, sumMs: 0, buckets: {} }

/** One more call. `durationMs` is a whole number ≥ 0, or absent. */
export function countCall(to: Statistics, outcome: 'success' | 'failure', durationMs?: number): Statistics {
  const counted = outcome === 'success' ? { ...to, ok: to.ok + 1 } : { ...to, failed: to.failed + 1 }
  if (durationMs === undefined) return counted
  const duration = Math.min(Math.max(0, Math.trunc(durationMs)), maxDurationMs)
  const bucket = String(bucketOf(duration))
  return {
    ...counted,
    timed: to.timed + 1,
    sumMs: to.sumMs + duration,
    buckets: { ...to.buckets, [bucket]: (to.buckets[bucket] ?? 0) + 1 },
  }
}

export function addStatistics(one: Statistics, other: Statistics): Statistics {
  const buckets = { ...one.buckets }
  for (const [bucket, calls] of Object.entries(other.buckets)) buckets[bucket] = (buckets[bucket] ?? 0) + calls
  return {
    ok: one.ok + other.ok,
    failed: one.failed + other.failed,
    timed: one.timed + other.timed,
    sumMs: one.sumMs + other.sumMs,
    buckets,
  }
}

/** The figures of a month beside those of the month before (absent: unknown, so no change is stated). */
export function statisticsView(of: Statistics, before?: Statistics): StatisticsView {
  const count = of.ok + of.failed
  const countBefore = before ? before.ok + before.failed : 0
  return {
    count,
    succeeded: of.ok,
    failed: of.failed,
    successRate: count === 0 ? null : of.ok / count,
    meanMs: of.timed === 0 ? null : Math.round(of.sumMs / of.timed),
    p95Ms: percentile(of, 95),
    change: countBefore === 0 ? null : (count - countBefore) / countBefore,
  }
}

/** Nearest rank: the smallest bucket that at least `percent` of the timed calls do not exceed; its middle. */
function percentile({ timed, buckets }: Statistics, percent: number): number | null {
  if (timed === 0) return null
  const rank = Math.ceil((timed * percent) / 100)
  let seen = 0
  const ordered = Object.keys(buckets)
    .map(Number)
    .sort((a, b) => a - b)
  for (const bucket of ordered) {
    seen += buckets[String(bucket)] ?? 0
    if (seen >= rank) return middleOf(bucket)
  }
  throw new RangeError('A histogram holds fewer calls than it counted')
}

/** Values below 8 are their own bucket; above, the top bit and the three bits after it. Integers only. */
function bucketOf(durationMs: number): number {
  if (durationMs < 8) return durationMs
  const exponent = 31 - Math.clz32(durationMs)
  return 8 * (exponent - 2) + ((durationMs >> (exponent - 3)) & 7)
}

function middleOf(bucket: number): number {
  if (bucket < 8) return bucket
  const shift = Math.floor(bucket / 8) - 1
  const low = (8 + (bucket % 8)) << shift
  return low + ((1 << shift) >> 1)
}
