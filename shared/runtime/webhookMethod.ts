import type { PaymentProvider } from '#domain/moneyCharge'
import type { WebhookResult } from '#domain/webhook'
import type { MethodChange, ProviderMethod } from '#gateways/gateway'
import { methodsOfToken, type PaymentMethod } from '#table/methods'
import type { Deps } from './deps.ts'
import type { SettlementCall } from './paymentCommit.ts'
import { methodGoneWrites } from './renewalMethod.ts'
import { forgetMethod, saveMethod } from './savedMethod.ts'

/** These end a method: it is never charged again. */
const endings: readonly MethodChange[] = ['detached', 'cancelled', 'rejected']

/**
 * What a provider says of a saved method: what it shows changes, or it is gone. One that we do not hold is nobody's
 * business here: methods are saved by the settlement of the payment that brought them. A pause is the customer's, who
 * may end it; a charge meanwhile is declined. A subscription that renewed with one that is gone takes the default.
 */
export async function changeMethod(
  deps: Deps,
  provider: PaymentProvider,
  { change, token, method }: { change: MethodChange; token: string; method?: ProviderMethod },
  call: SettlementCall,
): Promise<WebhookResult> {
  if (change === 'paused') return { kind: 'ignored', code: 'method_paused' }
  const known = await methodsOfToken(deps.table, provider, token)
  const [first] = known
  if (!first) return { kind: 'ignored', code: 'method_unknown' }
  for (const seen of known) {
    const { id, accountId } = seen
    if (endings.includes(change))
      await forgetMethod(deps, accountId, id, (heir) => methodGoneWrites(deps, { accountId, call }, id, heir))
    else if (method) await saveMethod(deps, accountId, provider, { ...changed(seen, method), token })
  }
  return { kind: 'processed', accountId: first.accountId }
}

/** What the event does not tell stays as it was: some carry the token alone. */
function changed(seen: PaymentMethod, told: ProviderMethod): ProviderMethod {
  const { kind, brand, last4, expMonth, expYear, gatewayCustomerId } = seen
  return {
    ...(brand !== undefined && { brand }),
    ...(last4 !== undefined && { last4 }),
    ...(expMonth !== undefined && { expMonth }),
    ...(expYear !== undefined && { expYear }),
    ...(gatewayCustomerId !== undefined && { gatewayCustomerId }),
    ...told,
    kind: told.kind === 'unknown' ? kind : told.kind,
    reusable: true,
  }
}
