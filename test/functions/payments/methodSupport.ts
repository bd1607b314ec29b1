import type { PaymentProvider } from '#domain/moneyCharge'
import type { ProviderMethod } from '#gateways/gateway'
import { type StoredMethod, saveMethod } from '#runtime/savedMethod'
import type { TestDeps } from '#test/support/deps'

/** A card that may be charged again. */
export const card = (token: string, over: Partial<ProviderMethod> = {}): ProviderMethod => ({
  kind: 'card',
  token,
  reusable: true,
  ...over,
})

export async function save(
  deps: TestDeps,
  account: string,
  method: ProviderMethod,
  provider: PaymentProvider = 'stripe',
): Promise<StoredMethod> {
  const saved = await saveMethod(deps, account, provider, method)
  if (!saved) throw new Error('the method was not kept')
  return saved
}
