import { planRate, rateStep } from '#domain/rateLimit'
import { Problem } from '#errors/problem'
import { both, compare, either, type Key, lacks, type Write } from '#table/port'
import type { Deps } from './deps.ts'

/** A quota: so many requests in so many seconds, refilled evenly (GCRA). `name` stands in the answer's headers. */
export interface RatePolicy {
  name: string
  requests: number
  seconds: number
}

export const customerPolicy: RatePolicy = { name: 'customer', requests: 120, seconds: 60 }
export const publicPolicy: RatePolicy = { name: 'public', requests: 100, seconds: 900 }

/** Each round is lost only when the bucket changes between empty and full within a moment. */
const mostRounds = 3

export interface RateVerdict {
  allowed: boolean
  headers: Record<string, string>
  retryAfterSeconds: number
}

/**
 * Takes one request off a quota: one conditional update for whoever has been idle, two in a burst. The second one adds
 * to what stands there, so parallel requests do not lose to each other: only a full quota refuses.
 */
export async function takeRate(
  deps: Pick<Deps, 'table' | 'clock'>,
  key: Key,
  policy: RatePolicy,
): Promise<RateVerdict> {
  // Real time: a limit protects machines, and a turned test clock must not open or close it.
  const now = deps.clock.real()
  const { intervalMs, burstMs } = rateStep(policy)
  const ttl = Math.ceil((now + burstMs) / 1000) + policy.seconds
  const common = { entity: 'rate', v: 1, updatedAt: now, ttl }
  const fresh: Write = {
    kind: 'update',
    key,
    set: { ...common, tat: now + intervalMs },
    when: either(lacks('tat'), compare('tat', '<=', now)),
  }
  const further: Write = {
    kind: 'update',
    key,
    set: common,
    add: { tat: intervalMs },
    when: both(compare('tat', '>', now), compare('tat', '<=', now + burstMs - intervalMs)),
  }
  for (let round = 0; round < mostRounds; round++) {
    const first = await deps.table.write([fresh])
    if (first.committed) return answerOf(policy, planRate(undefined, now, policy))
    const seen = Number(first.refusals[0]?.item?.tat)
    const plan = planRate(seen, now, policy)
    if (!plan.allowed) return answerOf(policy, plan)
    if ((await deps.table.write([further])).committed) return answerOf(policy, plan)
    // Between the two looks the bucket filled up or ran empty: look again.
  }
  return answerOf(policy, { allowed: false, tat: now, remaining: 0, resetSeconds: 1, retryAfterSeconds: 1 })
}

/** As `takeRate`, refusing with 429. */
export async function requireRate(
  deps: Pick<Deps, 'table' | 'clock'>,
  key: Key,
  policy: RatePolicy,
): Promise<Record<string, string>> {
  const verdict = await takeRate(deps, key, policy)
  if (!verdict.allowed) throw new RateLimited(verdict)
  return verdict.headers
}

/** A refusal that also carries the quota's headers. */
export class RateLimited extends Problem {
  override readonly headers: Record<string, string>

  constructor(verdict: RateVerdict) {
    super('rate_limited', 'Too many requests. Wait as long as Retry-After says.', {
      retryAfterSeconds: verdict.retryAfterSeconds,
    })
    this.headers = verdict.headers
  }
}

/** The fields of the IETF draft: policy `q` per `w` seconds; `r` left, all of it back in `t` seconds. */
function answerOf(policy: RatePolicy, verdict: ReturnType<typeof planRate>): RateVerdict {
  return {
    allowed: verdict.allowed,
    retryAfterSeconds: verdict.retryAfterSeconds,
    headers: {
      'ratelimit-policy': `"${policy.name}";q=${policy.requests};w=${policy.seconds}`,
      ratelimit: `"${policy.name}";r=${verdict.remaining};t=${verdict.resetSeconds}`,
    },
  }
}
