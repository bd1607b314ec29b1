import type { PaymentProvider } from '#domain/moneyCharge'
import { type ChargedMethod, isVisitor } from '#domain/payment'
import {
  crowdedOut,
  defaultMethod,
  isLaterToken,
  type MethodMark,
  marksFor,
  methodId,
  orderedMethods,
  sameMethod,
  tokensOfCard,
} from '#domain/paymentMethod'
import { type BoughtSubscription, isBought } from '#domain/subscriptionState'
import { notFound } from '#errors/problem'
import type { ProviderMethod } from '#gateways/gateway'
import { findAccount } from '#table/accounts'
import { commit } from '#table/commit'
import { notErased } from '#table/erased'
import { accountKey } from '#table/keys'
import {
  deleteMethodWrite,
  findForgotten,
  findMethod,
  instrumentOf,
  listMethods,
  maxMethods,
  methodFingerprint,
  type PaymentMethod,
  putForgottenWrites,
  putMethodWrite,
} from '#table/methods'
import type { Write } from '#table/port'
import { findSubscription } from '#table/subscriptions'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { openSecret, sealSecret } from './methodSecret.ts'
import { revokeMethods } from './revokeMethod.ts'
import { onSettledWallet } from './settled.ts'

export type StoredMethod = PaymentMethod

/** What its payment remembers of a method. */
export const chargedMethod = ({ id, gatewayCustomerId }: StoredMethod): ChargedMethod => ({
  id,
  ...(gatewayCustomerId !== undefined && { gatewayCustomerId }),
})

/**
 * Keeps a method that a provider handed over with a payment, so that it may be charged again. What cannot be charged again
 * is not kept: undefined. The same card again is the same method, whatever its token: the token of the later payment is
 * charged, with what is new of it; the first method is the default.
 * `paidAt`: the provider's time of the payment. A method that was deleted comes back with a later payment only, never with
 * a repeated event of an old one. `follows`: what goes with one that becomes the default by this.
 */
export async function saveMethod(
  deps: Deps,
  accountId: string,
  provider: PaymentProvider,
  method: ProviderMethod,
  { paidAt, follows = async () => [] }: { paidAt?: number; follows?: (saved: StoredMethod) => Promise<Write[]> } = {},
): Promise<StoredMethod | undefined> {
  const { token, reusable } = method
  if (!reusable || token === undefined || isVisitor(accountId)) return undefined
  const mark = markOf(accountId, provider, { ...method, token })
  const attempt = async () => {
    const all = await listMethods(deps.table, accountId)
    const seen = sameMethod(all, mark)
    if (!seen && (await isForgotten(deps, mark, paidAt))) return { room: [] }
    const now = deps.clock.now()
    const isDefault = all.length === 0 || (seen !== undefined && defaultMethod(all)?.id === seen.id)
    const told = await withTold(deps, accountId, seen, { ...method, token }, { mark, paidAt })
    if (seen && isSaid(seen, { ...told, isDefault })) return { saved: seen, room: [] }
    const next: StoredMethod = {
      ...told,
      id: seen?.id ?? methodId(mark),
      accountId,
      provider,
      isDefault,
      createdAt: seen?.createdAt ?? now,
      updatedAt: now,
      ver: (seen?.ver ?? 0) + 1,
    }
    const room = seen || all.length < maxMethods ? [] : crowdedOut(all, maxMethods, await renewingId(deps, accountId))
    const followed = isDefault && !seen ? await follows(next) : []
    // No token is kept for an account that is gone, or about to be.
    const stands = notErased(accountId)
    const at = { now, real: deps.clock.real() }
    const outcome = await commit(deps.table, [
      putMethodWrite(next, seen?.ver ?? 0),
      ...room.flatMap((one) => [deleteMethodWrite(one), ...putForgottenWrites(one, at)]),
      ...besideAccount(followed, accountId, stands),
    ])
    if (outcome.committed) return { saved: next, room }
    return outcome.refusalOf(stands) ? { room: [] } : again
  }
  const kept = await contend(deps, () => onSettledWallet(deps, accountId, attempt))
  await revokeMethods(deps, kept.room)
  return kept.saved
}

/** Deleted, and not paid with since. */
async function isForgotten({ table }: Deps, mark: MethodMark, paidAt?: number): Promise<boolean> {
  const forgottenAt = await findForgotten(table, mark)
  return forgottenAt !== undefined && !isLaterToken(paidAt, forgottenAt)
}

type Told = Described & Pick<StoredMethod, 'fingerprint' | 'instrument' | 'tokenAt' | 'sealedToken'>

/** What is known once this was told: of the token that is charged, and of the others of the same card. */
async function withTold(
  deps: Deps,
  accountId: string,
  seen: StoredMethod | undefined,
  method: ProviderMethod & { token: string },
  { mark, paidAt }: { mark: MethodMark; paidAt: number | undefined },
): Promise<Told> {
  const at = (time: number | undefined) => (time === undefined ? {} : { tokenAt: time })
  if (seen?.fingerprint === mark.fingerprint) {
    const { instrument, tokenAt, sealedToken } = seen
    const known = instrument === undefined ? {} : { instrument }
    return { ...described(method), ...known, ...mark, ...at(tokenAt), sealedToken }
  }
  const { token, contact } = method
  const held = seen && (await openSecret(deps, seen))
  const isLater = isLaterToken(paidAt, seen?.tokenAt)
  const tokens = tokensOfCard(held?.tokens ?? [], token, isLater)
  if (seen && held && !isLater) {
    const isNew = !held.tokens.includes(token)
    return isNew ? { ...seen, sealedToken: await sealSecret(deps, accountId, { ...held, tokens }) } : seen
  }
  // The first, the later one, or the only one that opens.
  const sealedToken = await sealSecret(deps, accountId, { tokens, contact })
  return { ...described(method), ...mark, ...at(paidAt), sealedToken }
}

function markOf(
  accountId: string,
  provider: PaymentProvider,
  { token, instrument }: { token: string; instrument?: string },
): MethodMark {
  const fingerprint = methodFingerprint(provider, token)
  return instrument === undefined
    ? { accountId, fingerprint }
    : { accountId, fingerprint, instrument: instrumentOf(provider, instrument) }
}

/** The method that the account's subscription renews with: it is not crowded out. */
async function renewingId({ table }: Pick<Deps, 'table'>, accountId: string): Promise<string | undefined> {
  const subscriptionId = (await findAccount(table, accountId, { consistent: true }))?.subscriptionId
  const found = subscriptionId === undefined ? undefined : await findSubscription(table, accountId, subscriptionId)
  return found && isBought(found) ? found.method?.id : undefined
}

type Described = Pick<StoredMethod, 'kind' | 'brand' | 'last4' | 'expMonth' | 'expYear' | 'gatewayCustomerId'>

/** What may be shown of it. A provider's words are bounded here: they come from outside. */
const described = (method: ProviderMethod): Described => ({
  kind: method.kind.slice(0, 40),
  ...(method.brand !== undefined && { brand: method.brand.slice(0, 40) }),
  ...(method.last4 !== undefined && { last4: method.last4.slice(-4) }),
  ...(method.expMonth !== undefined && { expMonth: method.expMonth }),
  ...(method.expYear !== undefined && { expYear: method.expYear }),
  ...(method.gatewayCustomerId !== undefined && { gatewayCustomerId: method.gatewayCustomerId }),
})

const isSaid = (seen: StoredMethod, said: Partial<StoredMethod>): boolean =>
  Object.entries(said).every(([name, value]) => seen[name as keyof StoredMethod] === value)

/** A method of this account. @throws Problem `not_found`, for another account's too. */
export async function ownMethod(deps: Pick<Deps, 'table'>, accountId: string, id: string): Promise<StoredMethod> {
  const method = await findMethod(deps.table, accountId, id)
  if (!method) throw notFound('payment method')
  return method
}

/** What is charged when nobody names a method; undefined: the account has none. */
export const findDefaultMethod = async (
  deps: Pick<Deps, 'table'>,
  accountId: string,
): Promise<StoredMethod | undefined> => defaultMethod(await listMethods(deps.table, accountId))

/** What a subscription is really charged with: its own method, else the account's default. */
export async function methodToCharge(
  deps: Pick<Deps, 'table'>,
  accountId: string,
  { method }: Pick<BoughtSubscription, 'method'>,
): Promise<StoredMethod | undefined> {
  const own = method && (await findMethod(deps.table, accountId, method.id))
  return own ?? findDefaultMethod(deps, accountId)
}

/** Newest first, exactly one of them the default. */
export const savedMethods = async (deps: Pick<Deps, 'table'>, accountId: string): Promise<StoredMethod[]> =>
  orderedMethods(await listMethods(deps.table, accountId))

/**
 * Forgets a method, and its tokens; the newest other one becomes the default where it was that. Twice is once.
 * `beside`: what goes with it, by the default that is left. Answers what was forgotten, for whoever tells the provider.
 */
export function forgetMethod(
  deps: Deps,
  accountId: string,
  id: string,
  beside: (heir: StoredMethod | undefined) => Promise<Write[]> = async () => [],
): Promise<StoredMethod | undefined> {
  const attempt = async () => {
    const all = await listMethods(deps.table, accountId)
    const seen = all.find((one) => one.id === id)
    if (!seen) return undefined
    const at = { now: deps.clock.now(), real: deps.clock.real() }
    const others = all.filter((one) => one !== seen)
    const wasDefault = defaultMethod(all) === seen
    const heir = defaultMethod(wasDefault ? others.map((one) => ({ ...one, isDefault: false })) : others)
    const outcome = await commit(deps.table, [
      deleteMethodWrite(seen),
      ...putForgottenWrites(seen, at),
      ...(heir ? marked(others, heir.id, at.now) : []),
      ...(await beside(heir)),
    ])
    return outcome.committed ? seen : again
  }
  return contend(deps, () => onSettledWallet(deps, accountId, attempt))
}

/**
 * Makes a method the default, and no other. `follows` is what goes with it, `audit` with either.
 * @throws Problem `not_found`, for another account's too.
 */
export function chooseDefault(
  deps: Deps,
  accountId: string,
  id: string,
  { follows, audit }: { follows: (chosen: StoredMethod) => Promise<Write[]>; audit: () => Write[] },
): Promise<StoredMethod> {
  const attempt = async () => {
    const all = await listMethods(deps.table, accountId)
    const chosen = all.find((one) => one.id === id)
    if (!chosen) throw notFound('payment method')
    const next = { ...chosen, isDefault: true }
    const followed = await follows(next)
    const writes = [...marked(all, id, deps.clock.now()), ...followed]
    if (writes.length === 0) return next
    const stands = notErased(accountId)
    const outcome = await commit(deps.table, [...besideAccount(writes, accountId, stands), ...audit()])
    return outcome.committed ? next : again
  }
  return contend(deps, () => onSettledWallet(deps, accountId, attempt))
}

/** The account's own row, where it is written, carries the version that was seen: an item takes one write. */
const besideAccount = (writes: Write[], accountId: string, stands: Write): Write[] =>
  writes.some((write) => isOf(write, accountId)) ? writes : [...writes, stands]

function isOf(write: Write, accountId: string): boolean {
  const { pk, sk } = accountKey(accountId)
  const key = write.kind === 'put' ? write.item : write.key
  return key.pk === pk && key.sk === sk
}

const marked = (all: readonly StoredMethod[], id: string, now: number): Write[] =>
  marksFor(all, id).map((next) => putMethodWrite({ ...next, updatedAt: now, ver: next.ver + 1 }, next.ver))

/** A method as answers show it: never the token. */
export const methodView = (method: StoredMethod) => ({
  id: method.id,
  provider: method.provider,
  kind: method.kind,
  brand: method.brand ?? null,
  last4: method.last4 ?? null,
  expMonth: method.expMonth ?? null,
  expYear: method.expYear ?? null,
  isDefault: method.isDefault,
  createdAt: new Date(method.createdAt).toISOString(),
})
