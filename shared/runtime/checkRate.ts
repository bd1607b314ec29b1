import type { CheckAnswer } from '#domain/entitlement'
import type { Guard } from '#domain/guard'
import type { check } from '#operations/entitlements'
import { accountRateKey, operationKey } from '#table/keys'
import { loadAccount, termsNow } from './account.ts'
import { checkStanding } from './checkAnswer.ts'
import type { Deps } from './deps.ts'
import { takeRate } from './rate.ts'
import type { Input } from './run.ts'
import { loadStanding } from './standing.ts'

/**
 * Counts a check with `rate: true` against the plan's request rate. Refused, it says so as checks refuse: in an answer.
 * A repeated call that was let through before is not refused: its answer waits under its guard. Undefined where the plan
 * has no rate.
 */
export async function takePlanRate(
  input: Input<typeof check>,
  deps: Deps,
  guard: Guard,
): Promise<{ headers: Record<string, string>; refused?: CheckAnswer } | undefined> {
  const account = await loadAccount(input, deps)
  const terms = await termsNow(account, deps)
  if (!terms?.rateLimit) return undefined
  const verdict = await takeRate(deps, accountRateKey(account.id, 'plan'), { name: 'plan', ...terms.rateLimit })
  const { headers, retryAfterSeconds } = verdict
  if (verdict.allowed) return { headers }
  const known = input.key.given && (await deps.table.get(operationKey(account.id, guard), { consistent: true }))
  if (known) return { headers }
  const standing = await loadStanding(input, deps, { feature: input.body.feature, consistent: false })
  const { answer } = checkStanding({ ...input.body, consume: false }, standing, standing.now)
  return { headers, refused: { ...answer, allowed: false, reason: 'rate_limited', retryAfter: retryAfterSeconds } }
}
