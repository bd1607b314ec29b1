import * as z from 'zod/mini'
import { parseOwn } from '#errors/parse'
import type { PaymentMethod } from '#table/methods'
import type { Deps } from './deps.ts'

/** What a later charge has to bring: the provider's token, and the phone that was given with it. */
const sealedMethod = z.object({
  token: z.string(),
  contact: z.optional(z.string()),
  /** Tokens of the same card that are not charged any more: the provider is told of them too when the card is deleted. */
  earlier: z.optional(z.array(z.string())),
})

export interface MethodSecret {
  /** The one that is charged first. */
  tokens: string[]
  contact: string | undefined
}

type Sealed = Pick<PaymentMethod, 'accountId' | 'id' | 'sealedToken'>

export async function sealSecret(
  deps: Pick<Deps, 'payments'>,
  accountId: string,
  { tokens: [token, ...earlier], contact }: MethodSecret,
): Promise<string> {
  const secret = { token, contact, ...(earlier.length > 0 && { earlier }) }
  return (await deps.payments()).seal.seal(JSON.stringify(secret), accountId)
}

/** Undefined: it was sealed under a secret that is gone. */
export async function openSecret(
  deps: Pick<Deps, 'payments'>,
  { accountId, id, sealedToken }: Sealed,
): Promise<MethodSecret | undefined> {
  const text = (await deps.payments()).seal.open(sealedToken, accountId)
  if (text === undefined) return undefined
  const { token, contact, earlier = [] } = parseOwn(sealedMethod, JSON.parse(text), `the token of ${id}`)
  return { tokens: [token, ...earlier], contact }
}

/** The provider's token and what goes with it, for a charge and nothing else. @throws Error when it does not open: a defect. */
export async function openToken(
  deps: Pick<Deps, 'payments'>,
  method: Sealed,
): Promise<{ token: string; contact?: string }> {
  const secret = await openSecret(deps, method)
  const token = secret?.tokens[0]
  if (token === undefined) throw new Error(`the token of ${method.id} does not open`)
  return { token, ...(secret?.contact !== undefined && { contact: secret.contact }) }
}
