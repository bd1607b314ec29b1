import type { PaymentProvider } from '#domain/moneyCharge'
import type { HeldMethod, ProviderMethod } from '#gateways/gateway'
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
  paid: { paidAt?: number } = {},
): Promise<StoredMethod> {
  const saved = await saveMethod(deps, account, provider, method, paid)
  if (!saved) throw new Error('the method was not kept')
  return saved
}

/** What providers are told to forget, in the order of the tokens; `hear` may fail, or look at what is there by then. */
export function forgetful(deps: TestDeps, hear: (method: HeldMethod) => Promise<void> = async () => {}) {
  const told: HeldMethod[] = []
  const before = deps.payments
  deps.payments = async () => {
    const tools = await before()
    return {
      ...tools,
      gateway: (provider) => ({
        ...tools.gateway(provider),
        forgetMethod: async (method) => {
          told.push(method)
          await hear(method)
        },
      }),
    }
  }
  const tokens = () => told.map(({ token }) => token).sort()
  return { told, tokens, stop: () => Object.assign(deps, { payments: before }) }
}
