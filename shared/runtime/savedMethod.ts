import * as z from 'zod/mini'
import type { PaymentProvider } from '#domain/moneyCharge'
import { type ChargedMethod, isVisitor } from '#domain/payment'
import { crowdedOut, defaultMethod, marksFor, methodId, orderedMethods } from '#domain/paymentMethod'
import { isBought } from '#domain/subscriptionState'
import { parseOwn } from '#errors/parse'
import { notFound } from '#errors/problem'
import type { ProviderMethod } from '#gateways/gateway'
import { findAccount } from '#table/accounts'
import { commit } from '#table/commit'
import { accountKey } from '#table/keys'
import {
  deleteMethodWrite,
  findForgotten,
  findMethod,
  listMethods,
  maxMethods,
  methodFingerprint,
  type PaymentMethod,
  putForgottenWrite,
  putMethodWrite,
} from '#table/methods'
import type { Write } from '#table/port'
import { findSubscription } from '#table/subscriptions'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { notErased } from './erased.ts'
import { onSettledWallet } from './settled.ts'

export type StoredMethod = PaymentMethod

/** What its payment remembers of a method. */
export const chargedMethod = ({ id, gatewayCustomerId }: StoredMethod): ChargedMethod => ({
  id,
  ...(gatewayCustomerId !== undefined && { gatewayCustomerId }),
})

/**
 * Keeps a method that a provider handed over with a payment, so that it may be charged again. What cannot be charged again
 * is not kept: undefined. The same token again is the same method, with what is new of it; the first one is the default.
 * `paidAt`: the provider's time of the payment. A method that was deleted comes back with a later payment only, never with
 * a repeated event of an old one.
 */
export function saveMethod(
  deps: Deps,
  accountId: string,
  provider: PaymentProvider,
  method: ProviderMethod,
  { paidAt }: { paidAt?: number } = {},
): Promise<StoredMethod | undefined> {
  const { token, reusable } = method
  if (!reusable || token === undefined || isVisitor(accountId)) return Promise.resolve(undefined)
  const fingerprint = methodFingerprint(provider, token)
  const id = methodId(fingerprint)
  return contend(deps, async () => {
    const [all, forgottenAt] = await Promise.all([
      listMethods(deps.table, accountId),
      findForgotten(deps.table, accountId, id),
    ])
    const seen = all.find((one) => one.id === id)
    if (!seen && forgottenAt !== undefined && (paidAt === undefined || paidAt <= forgottenAt)) return undefined
    const now = deps.clock.now()
    const isDefault = all.length === 0 || defaultMethod(all)?.id === id
    const said = { ...described(method), isDefault }
    if (seen && isSaid(seen, said)) return seen
    const next: StoredMethod = {
      ...said,
      id,
      accountId,
      provider,
      fingerprint,
      sealedToken: seen?.sealedToken ?? (await sealed(deps, accountId, { token, contact: method.contact })),
      createdAt: seen?.createdAt ?? now,
      updatedAt: now,
      ver: (seen?.ver ?? 0) + 1,
    }
    const room = seen || all.length < maxMethods ? [] : crowdedOut(all, maxMethods, await renewingId(deps, accountId))
    // No token is kept for an account that is gone, or about to be.
    const stands = notErased(accountId)
    const outcome = await commit(deps.table, [
      putMethodWrite(next, seen?.ver ?? 0),
      ...room.map(deleteMethodWrite),
      stands,
    ])
    if (outcome.committed) return next
    return outcome.refusalOf(stands) ? undefined : again
  })
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

/** What a later charge has to bring: the provider's token, and the phone that was given with it. */
const sealedMethod = z.object({ token: z.string(), contact: z.optional(z.string()) })

const sealed = async (
  deps: Pick<Deps, 'payments'>,
  accountId: string,
  secret: { token: string; contact: string | undefined },
): Promise<string> => (await deps.payments()).seal.seal(JSON.stringify(secret), accountId)

/** The provider's token and what goes with it, for a charge and nothing else. @throws Error when it was sealed under a secret that is gone: a defect. */
export async function openToken(
  deps: Pick<Deps, 'payments'>,
  { accountId, id, sealedToken }: Pick<StoredMethod, 'accountId' | 'id' | 'sealedToken'>,
): Promise<{ token: string; contact?: string }> {
  const text = (await deps.payments()).seal.open(sealedToken, accountId)
  if (text === undefined) throw new Error(`the token of ${id} does not open`)
  const { token, contact } = parseOwn(sealedMethod, JSON.parse(text), `the token of ${id}`)
  return { token, ...(contact !== undefined && { contact }) }
}

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

/** Newest first, exactly one of them the default. */
export const savedMethods = async (deps: Pick<Deps, 'table'>, accountId: string): Promise<StoredMethod[]> =>
  orderedMethods(await listMethods(deps.table, accountId))

/**
 * Forgets a method, and its token; the newest other one becomes the default where it was that. Twice is once.
 * `beside`: what goes with it, by the default that is left.
 */
export function forgetMethod(
  deps: Deps,
  accountId: string,
  id: string,
  beside: (heir: StoredMethod | undefined) => Promise<Write[]> = async () => [],
): Promise<void> {
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
      putForgottenWrite(accountId, id, at),
      ...(heir ? marked(others, heir.id, at.now) : []),
      ...(await beside(heir)),
    ])
    return outcome.committed ? undefined : again
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
    // The account's own row, where it is written, carries the version that was seen: an item takes one write.
    const stands = writes.some((write) => isOf(write, accountId)) ? [] : [notErased(accountId)]
    const outcome = await commit(deps.table, [...writes, ...stands, ...audit()])
    return outcome.committed ? next : again
  }
  return contend(deps, () => onSettledWallet(deps, accountId, attempt))
}

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
