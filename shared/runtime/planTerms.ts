import { findPrice, termsAt } from '#domain/catalogueTerms'
import type { PlanReference } from '#domain/subscriptionState'
import type { PlanTerms } from '#domain/terms'
import { readCatalogue } from '#table/catalogue'
import type { Deps } from './deps.ts'

/** The terms of a plan at a price in the version it was bought under. @throws Error when that version has no such price: a defect. */
export async function termsOfPlan(
  deps: Deps,
  { priceId, catalogueVersion }: Pick<PlanReference, 'priceId' | 'catalogueVersion'>,
): Promise<PlanTerms> {
  const current = await deps.catalogue()
  const published = current.version === catalogueVersion ? current : await readCatalogue(deps.table, catalogueVersion)
  const found = findPrice(published.catalogue, priceId)
  if (!found) throw new Error(`catalogue version ${catalogueVersion} has no price ${priceId}`)
  return termsAt(published, found)
}
