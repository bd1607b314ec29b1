import { planRate } from '#domain/rateLimit'
import { Problem } from '#errors/problem'
import { compare, either, equals, type Key, lacks } from '#table/port'
import type { Deps } from './deps.ts'

/** A quota: so many requests in so many seconds, refilled evenly (GCRA). `name` stands in the answer's headers. */
export interface RatePolicy {
  name: string
  requests: number
  seconds: number
}

export const customerPolicy: RatePolicy = { name: 'customer', requests: 120, seconds: 60 }
export const publicPolicy: RatePolicy = { name: 'public', requests: 100, seconds: 900 }

/** Races for one account's quota are short; whoever loses this often is in a flood and may wait. */
const mostRounds = 6

export interface RateVerdict {
  allowed: boolean
  headers: Record<string, string>
  retryAfterSeconds: number
}

/**
 * Takes one request off a quota: one conditional update when nobody races.
 * The first guess is an idle caller (no state, or one that has refilled), the common case.
 */
export async function takeRate(
  deps: Pick<Deps, 'table' | 'clock'>,
  key: Key,
  policy: RatePolicy,
): Promise<RateVerdict> {
  const now = deps.clock.real()
  let verdict = planRate(undefined, now, policy)
  let when = either(lacks('tat'), compare('tat', '<=', now))
  for (let round = 0; round < mostRounds; round++) {
    if (!verdict.allowed) return answerOf(policy, verdict)
    // Real time: a limit protects machines, and a turned test clock must not open or close it.
    const ttl = Math.ceil((verdict.tat + policy.seconds * 1000) / 1000)
    const outcome = await deps.table.write([
      { kind: 'update', key, set: { entity: 'rate', v: 1, tat: verdict.tat, updatedAt: now, ttl }, when },
    ])
    if (outcome.committed) return answerOf(policy, verdict)
    const seen = outcome.refusals[0]?.item?.tat
    const tat = typeof seen === 'number' ? seen : undefined
    verdict = planRate(tat, now, policy)
    when = tat === undefined ? lacks('tat') : equals('tat', tat)
  }
  return answerOf(policy, { ...verdict, allowed: false, remaining: 0, retryAfterSeconds: 1 })
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
