import { upgradeFor } from '#domain/catalogueUpgrade'
import { assertNotSuspended, termOf } from '#domain/entitlement'
import { planGauge } from '#domain/gauge'
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
    if (kind !== 'gauge') {
      throw new Problem('validation_failed', 'feature: is not a gauge', {
        errors: [{ path: 'feature', message: 'is not a gauge' }],
      })
    }
    const current = gauge?.n ?? 0
    const plan = planGauge(entitlement, value, current)
    if (plan.kind === 'refused') {
      const offer = upgradeFor(await deps.catalogue(), entitlement.terms, (terms) => {
        const term = termOf(terms, feature)
        return planGauge({ terms, ...(term && { term }) }, value, current).kind === 'set'
      })
      throw problemOf(plan, { entitlement }, offer)
    }
    const outcome = await commit(deps.table, [putGaugeWrite(account.id, feature, value, gauge, deps.clock.now())])
    return outcome.committed ? { feature, ...plan.standing, resetsAt: null } : again
  })
}

export const handler = httpHandler(setGauge, run, live(catalogue))
