import { methodsOfToken, type PaymentMethod } from '#table/methods'
import type { Deps } from './deps.ts'
import { openSecret } from './methodSecret.ts'

export type RevokeDeps = Pick<Deps, 'table' | 'payments' | 'log'>

/**
 * Tells the providers that methods are never charged again, once our own rows are gone. It decides nothing here, so a
 * provider that cannot be told is logged: without our token nobody charges, and the customer may ask there.
 */
export async function revokeMethods(deps: RevokeDeps, methods: readonly PaymentMethod[]): Promise<void> {
  await Promise.all(methods.map((method) => revoke(deps, method)))
}

async function revoke(deps: RevokeDeps, method: PaymentMethod): Promise<void> {
  const { id, provider, gatewayCustomerId } = method
  const customer = gatewayCustomerId === undefined ? {} : { gatewayCustomerId }
  try {
    const secret = await openSecret(deps, method)
    const gateway = (await deps.payments()).gateway(provider)
    for (const token of secret?.tokens ?? [])
      if (!(await isHeldElsewhere(deps, method, token))) await gateway.forgetMethod({ token, ...customer })
  } catch (error) {
    deps.log.warn('a provider was not told that a saved method is gone', { paymentMethodId: id, provider, error })
  }
}

/** A token belongs to a customer of the provider, who may be several accounts of ours. */
async function isHeldElsewhere({ table }: RevokeDeps, method: PaymentMethod, token: string): Promise<boolean> {
  const known = await methodsOfToken(table, method.provider, token)
  return known.some(({ accountId }) => accountId !== method.accountId)
}
