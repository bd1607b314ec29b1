import type * as z from 'zod/mini'
import type { PublishedCatalogue } from '#domain/catalogue'
import { upgradeFor } from '#domain/catalogueUpgrade'
import { type CheckDecision, planCheck } from '#domain/entitlement'
import { windowAt } from '#domain/time'
import { viewWallet } from '#domain/walletView'
import type { check } from '#operations/entitlements'
import type { FeatureStanding } from './standing.ts'

/** The answer of a check on a standing, with the offer of a better plan when a catalogue is given. */
export function checkStanding(
  body: z.output<NonNullable<(typeof check)['body']>>,
  { account, entitlement, kind, used, wallet }: FeatureStanding,
  now: number,
  offers?: PublishedCatalogue,
): CheckDecision {
  const { feature, quantity, value, cost, consume } = body
  const { balance, available } = viewWallet(wallet.wallet, now, windowAt)
  return planCheck({
    request: { feature, quantity, consume, ...(value !== undefined && { value }), ...(cost !== undefined && { cost }) },
    entitlement,
    kind,
    used,
    credits: { balance, available },
    overage: account.preferences.overage,
    ...(offers && { upgradeFor: (allows) => upgradeFor(offers, entitlement.terms, allows) }),
  })
}
