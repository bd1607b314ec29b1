import { fallbackTermsOf, findPrice, termsAt } from '#domain/catalogueTerms'
import { ulidOf } from '#domain/guard'
import { subscriptionView } from '#domain/subscription'
import { Problem } from '#errors/problem'
import { grantPlan } from '#operations/admin'
import { commitAnswer } from '#runtime/answers'
import { auditOf } from '#runtime/audit'
import { contend } from '#runtime/contend'
import { grantPlanWrites } from '#runtime/grantPlan'
import { callOf } from '#runtime/guarded'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { settings } from '#runtime/liveSettings'
import type { Run } from '#runtime/run'
import { onSettledWallet } from '#runtime/settled'
import { catalogueStands, currentCatalogue } from '#table/catalogue'

export const run: Run<typeof grantPlan> = async (input, deps) => {
  const { accountId, body } = input
  const until = body.until === undefined ? null : Date.parse(body.until)
  const attempt = async () => {
    // Consistent, and asserted in the transaction: a price that a publish is dropping finds no new subscriber.
    const published = await currentCatalogue(deps.table)
    const found = findPrice(published.catalogue, body.priceId)
    if (!found) throw refusal('priceId', 'is not a price of the catalogue')
    const fallback = fallbackTermsOf(published)
    const now = deps.clock.now()
    if (until !== null && until <= now) throw refusal('until', 'lies in the past')
    const grant = {
      id: `sub_${ulidOf(now, deps.ids.random())}`,
      terms: termsAt(published, found),
      until,
      reason: body.reason,
      replace: body.replace ?? false,
    }
    const plan = await grantPlanWrites(deps, accountId, grant, fallback, callOf(input), now)
    const { granted, planBefore, replaced, writes } = plan
    const audit = auditOf(input, deps, {
      action: 'grantPlan',
      entity: 'account',
      entityId: accountId,
      reason: body.reason,
      before: { planId: planBefore },
      after: { planId: granted.planId, subscriptionId: granted.id, ...(replaced && { replaced }) },
    })
    return commitAnswer(
      grantPlan,
      input,
      deps,
      [...writes, catalogueStands(published.version), audit],
      subscriptionView(granted),
    )
  }
  return contend(deps, () => onSettledWallet(deps, accountId, attempt))
}

const refusal = (path: string, message: string): Problem =>
  new Problem('validation_failed', `${path}: ${message}`, { errors: [{ path, message }] })

export const handler = httpHandler(grantPlan, run, live(settings))
