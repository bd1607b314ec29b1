import type { Account } from '#domain/account'
import { type Entitlement, entitlementAt, isPlanLive, liveTerms } from '#domain/entitlement'
import type { Guard } from '#domain/guard'
import type { FeatureKind } from '#domain/terms'
import { emptyWallet } from '#domain/walletState'
import { Problem } from '#errors/problem'
import { operationKey, walletKey } from '#table/keys'
import type { Item } from '#table/port'
import { countKey, readCounter, readGauge, type StoredCounter } from '#table/usage'
import { readWallet, type StoredWallet } from '#table/wallets'
import { fallbackTerms, loadAccount, unsavedWallet } from './account.ts'
import type { Deps } from './deps.ts'
import type { Input } from './run.ts'

/** One account's standing with one feature, as it was read. */
export interface FeatureStanding {
  account: Account
  entitlement: Entitlement
  kind: FeatureKind
  /** Of a metered feature. */
  counter: StoredCounter | undefined
  /** The window's count, or the gauge's value. */
  used: number
  wallet: StoredWallet
  /** The row under the call's guard, when it was looked for. */
  prior: Item | undefined
  consistent: boolean
  /** The instant of the look: everything about this standing is decided at it, or a window's boundary could lie between. */
  now: number
}

/**
 * Two round trips: the account, then counter and wallet (and the guard's row) together.
 * @throws Problem `not_found` for an unknown account, `validation_failed` for a feature that the catalogue does not know.
 */
export async function loadStanding(
  input: Pick<Input, 'accountId' | 'identity'>,
  deps: Deps,
  what: { feature: string; at?: number; guard?: Guard; consistent: boolean },
): Promise<FeatureStanding> {
  const { feature, guard, consistent } = what
  const account = await loadAccount(input, deps, { consistent })
  const now = deps.clock.now()
  const fallback = isPlanLive(account, now) ? null : await fallbackTerms(deps)
  const entitlement = entitlementAt(account, feature, now, fallback, what.at)
  const kind = entitlement.term?.kind ?? (await kindOf(feature, deps))
  const count =
    kind === 'metered'
      ? entitlement.window && countKey(account.id, feature, entitlement.window)
      : kind === 'gauge'
        ? countKey(account.id, feature, null)
        : null
  const keys = [walletKey(account.id), ...(count ? [count] : []), ...(guard ? [operationKey(account.id, guard)] : [])]
  const [walletItem, ...others] = await deps.table.batchGet(keys, { consistent })
  const counted = count ? others[0] : undefined
  const prior = guard ? others.at(-1) : undefined
  return {
    account,
    entitlement,
    kind,
    prior,
    consistent,
    now,
    counter: counted && kind === 'metered' ? readCounter(counted) : undefined,
    used: typeof counted?.n === 'number' ? counted.n : 0,
    wallet: walletItem ? readWallet(walletItem) : await walletToBe(account, deps),
  }
}

/** Of a login that never wrote: what its first write would make. */
async function walletToBe(account: Account, deps: Deps): Promise<StoredWallet> {
  if (account.ver > 0) return { wallet: emptyWallet(account.zones), createdAt: account.createdAt }
  const { wallet } = await unsavedWallet(deps, account)
  return { wallet, createdAt: account.createdAt }
}

/** What the catalogue says of a feature that the account's terms do not name. */
async function kindOf(feature: string, deps: Deps): Promise<FeatureKind> {
  const { catalogue } = await deps.catalogue()
  const known = Object.hasOwn(catalogue.features, feature) ? catalogue.features[feature] : undefined
  if (known) return known.kind
  throw new Problem('validation_failed', 'feature: is not a feature of the catalogue', {
    errors: [{ path: 'feature', message: 'is not a feature of the catalogue' }],
  })
}

/** The account's standing with a gauge, read consistently: its value is about to be replaced. */
export async function loadGauge(input: Pick<Input, 'accountId' | 'identity'>, deps: Deps, feature: string) {
  const account = await loadAccount(input, deps, { consistent: true })
  const now = deps.clock.now()
  const fallback = isPlanLive(account, now) ? null : await fallbackTerms(deps)
  const entitlement = entitlementAt(account, feature, now, fallback)
  const kind = entitlement.term?.kind ?? (await kindOf(feature, deps))
  const item = await deps.table.get(countKey(account.id, feature, null), { consistent: true })
  return { account, entitlement, kind, gauge: item && readGauge(item) }
}

/** One line for each feature of the account's plan, in the catalogue's order, with what is counted now. */
export async function loadFeatures(input: Pick<Input, 'accountId' | 'identity'>, deps: Deps) {
  const account = await loadAccount(input, deps)
  const now = deps.clock.now()
  const fallback = isPlanLive(account, now) ? null : await fallbackTerms(deps)
  const { catalogue } = await deps.catalogue()
  const features = Object.keys(catalogue.features).map((feature) => {
    const entitlement = entitlementAt(account, feature, now, fallback)
    const kind = entitlement.term?.kind ?? catalogue.features[feature]?.kind ?? 'flag'
    const counted = kind === 'gauge' || entitlement.window !== null
    return { feature, entitlement, kind, key: counted ? countKey(account.id, feature, entitlement.window) : null }
  })
  const keys = features.flatMap(({ key }) => (key ? [key] : []))
  const items = keys.length > 0 ? await deps.table.batchGet(keys) : []
  const found = new Map(keys.map((key, at) => [key.sk, items[at]]))
  return {
    account,
    catalogue,
    terms: liveTerms(account, now, fallback),
    features: features.map(({ key, ...rest }) => ({ ...rest, item: key ? found.get(key.sk) : undefined })),
  }
}
