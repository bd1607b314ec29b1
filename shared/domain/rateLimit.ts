import { secondMs } from './zone.ts'

export interface RateTerm {
  requests: number
  seconds: number
}

export interface RatePlan {
  allowed: boolean
  /** The bucket's next state, whole epoch milliseconds; unchanged by a refusal. */
  tat: number
  /** Requests that would pass right now. */
  remaining: number
  /** Until the whole allowance is back; rounded up. */
  resetSeconds: number
  /** 0 when allowed; else the first whole second at which the same request passes, or at least `resetSeconds` if none ever does. */
  retryAfterSeconds: number
}

/** What one request takes of a bucket, and how far ahead of now a bucket may stand: whole milliseconds. */
export function rateStep({ requests, seconds }: RateTerm): { intervalMs: number; burstMs: number } {
  const intervalMs = Math.ceil((seconds * secondMs) / requests)
  return { intervalMs, burstMs: intervalMs * requests }
}

/**
 * A token bucket in one number (GCRA): `tat` is the instant at which everything taken so far will have been earned,
 * absent for a fresh bucket. `requests` may pass at once, then one each `seconds / requests`, rounded up to the whole
 * millisecond: the limit is never passed, and is up to a millisecond a request stricter.
 */
export function planRate(tat: number | undefined, now: number, { requests, seconds }: RateTerm, cost = 1): RatePlan {
  const { intervalMs, burstMs } = rateStep({ requests, seconds })
  const earned = Math.max(tat ?? now, now)
  const next = earned + cost * intervalMs
  const allowed = next - now <= burstMs
  const state = allowed ? next : earned
  const resetSeconds = Math.ceil((state - now) / secondMs)
  const waitMs = next - now - burstMs
  return {
    allowed,
    tat: state,
    remaining: Math.max(0, Math.floor((burstMs - (state - now)) / intervalMs)),
    resetSeconds,
    retryAfterSeconds: allowed ? 0 : cost > requests ? Math.max(1, resetSeconds) : Math.ceil(waitMs / secondMs),
  }
}
