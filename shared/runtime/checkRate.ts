import type { CheckAnswer } from '#domain/entitlement'
import { entitlementAt } from '#domain/entitlement'
import type { check } from '#operations/entitlements'
import { accountRateKey } from '#table/keys'
import { loadAccount, termsNow } from './account.ts'
import type { Deps } from './deps.ts'
import { takeRate } from './rate.ts'
import type { Input } from './run.ts'

/**
 * Counts a check with `rate: true` against the plan's request rate. Refused, it says so as checks refuse: in an answer.
 * Undefined where the plan has no rate.
 */
export async function takePlanRate(
  input: Input<typeof check>,
  deps: Deps,
): Promise<{ headers: Record<string, string>; refused?: CheckAnswer } | undefined> {
  const account = await loadAccount(input, deps)
  const terms = await termsNow(account, deps)
  if (!terms?.rateLimit) return undefined
  const verdict = await takeRate(deps, accountRateKey(account.id, 'plan'), { name: 'plan', ...terms.rateLimit })
  if (verdict.allowed) return { headers: verdict.headers }
  const { term } = entitlementAt(account, input.body.feature, deps.clock.now(), terms)
  return {
    headers: verdict.headers,
    refused: {
      allowed: false,
      feature: input.body.feature,
      kind: term?.kind ?? 'metered',
      planId: terms.planId,
      limit: null,
      used: null,
      remaining: null,
      resetsAt: null,
      credits: { cost: 0, balance: 0 },
      reason: 'rate_limited',
      retryAfter: verdict.retryAfterSeconds,
    },
  }
}
