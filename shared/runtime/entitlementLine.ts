import { type Entitlement, entitlementView } from '#domain/entitlement'
import type { FeatureKind } from '#domain/terms'
import type { Item } from '#table/port'
import { countOf } from '#table/usage'

/** One feature as `GET /entitlements` shows it. */
export function entitlementLine(
  { entitlement, kind, item }: { entitlement: Entitlement; kind: FeatureKind; item: Item | undefined },
  { suspended }: { suspended: boolean },
) {
  const { term } = entitlement
  const metered = term?.kind === 'metered' ? term : undefined
  const view = entitlementView(entitlement, kind, countOf(item))
  return {
    ...view,
    // A suspended account has no access: every check of it is refused.
    enabled: view.enabled && !suspended,
    value: view.value ?? null,
    creditCost: metered?.creditCost ?? null,
    overage: metered?.overage
      ? { unitAmount: metered.overage.unitAmount, maxAmount: metered.overage.maxAmount ?? null }
      : null,
  }
}
