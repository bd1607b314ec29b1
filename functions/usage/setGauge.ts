import { assertNotSuspended, isOn } from '#domain/entitlement'
import { standingOf } from '#domain/usage'
import { Problem } from '#errors/problem'
import { setGauge } from '#operations/usage'
import { again, contend } from '#runtime/contend'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { loadGauge } from '#runtime/standing'
import { problemOf } from '#runtime/usageEvent'
import { commit } from '#table/commit'
import { putGaugeWrite } from '#table/usage'

export const run: Run<typeof setGauge> = (input, deps) => {
  const { feature } = input.params
  const { value } = input.body
  return contend(deps, async () => {
    const { account, entitlement, kind, gauge } = await loadGauge(input, deps, feature)
    assertNotSuspended(account)
    if (kind !== 'gauge')
      throw new Problem('validation_failed', 'feature: is not a gauge', {
        errors: [{ path: 'feature', message: 'is not a gauge' }],
      })
    const { term, terms } = entitlement
    const refuse = (reason: 'subscription_inactive' | 'feature_not_in_plan' | 'usage_limit_reached', limit: number) =>
      problemOf(
        {
          kind: 'refused',
          reason,
          standing: standingOf(limit, gauge?.n ?? 0, { end: null }),
          balance: 0,
          available: 0,
          required: 0,
        },
        { entitlement },
      )
    if (!terms) throw refuse('subscription_inactive', 0)
    if (term?.kind !== 'gauge' || !isOn(term)) throw refuse('feature_not_in_plan', 0)
    // Going down is always allowed, also from above a limit that a smaller plan brought.
    if (term.limit !== 'unlimited' && value > term.limit && value > (gauge?.n ?? 0))
      throw refuse('usage_limit_reached', term.limit)
    const outcome = await commit(deps.table, [putGaugeWrite(account.id, feature, value, gauge, deps.clock.now())])
    return outcome.committed ? { feature, ...standingOf(term.limit, value, { end: null }), resetsAt: null } : again
  })
}

export const handler = httpHandler(setGauge, run, live(catalogue))
