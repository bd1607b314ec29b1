import type { Payment } from '#domain/payment'
import { renewalMethod } from '#domain/paymentMethod'
import { methodLabel } from '#domain/planHistory'
import type { SettlementInput } from '#domain/settlement'
import type { ProviderPayment } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import { findMethod } from '#table/methods'
import type { Call } from '#table/wallets'
import type { Deps } from './deps.ts'
import type { SettlementCall } from './paymentCommit.ts'
import { renewWithWrites } from './renewalMethod.ts'
import { saveMethod } from './savedMethod.ts'

/** What paid, as the provider tells it, else as the saved method that was charged is known. For the plan history alone. */
export async function labelOf(
  deps: Pick<Deps, 'table'>,
  { accountId, subject, method: charged }: Payment,
  { status, method }: ProviderPayment,
): Promise<string | undefined> {
  const isPlan = subject.kind === 'plan' || subject.kind === 'subscription'
  if (!isPlan || status !== 'captured') return undefined
  if (method?.last4 !== undefined || !charged) return method && methodLabel(method)
  const saved = await findMethod(deps.table, accountId, charged.id)
  return saved ? methodLabel(saved) : method && methodLabel(method)
}

/**
 * Keeps the method of money that has its effect; a live subscription renews with one that becomes the default by this.
 * Undefined: none was handed over that may be charged again.
 */
export async function keptMethod(
  deps: Deps,
  { accountId, subject }: Pick<Payment, 'accountId' | 'subject'>,
  { provider, method, createdAt }: ProviderPayment,
  call: SettlementCall | Call,
): Promise<SettlementInput['savedMethod']> {
  if (!method) return undefined
  const saved = await saveMethod(deps, accountId, provider, method, {
    ...(createdAt !== undefined && { paidAt: createdAt }),
    // Whoever buys a plan has no live one, and what is bought takes the method itself.
    follows: async (first) => (subject.kind === 'plan' ? [] : renewWithWrites(deps, { accountId, call }, first)),
  })
  return saved && renewalMethod(saved)
}

/** A charge as its provider tells it now, for what paid it. Undefined: nobody could be asked, and it is decided without. */
export async function toldCharge(
  deps: Deps,
  { id, provider }: Pick<Payment, 'id' | 'provider'>,
  providerPaymentId: string,
): Promise<ProviderPayment | undefined> {
  if (!provider) return undefined
  try {
    return await (await deps.payments()).gateway(provider).fetchPayment(providerPaymentId)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    const { kind, code } = error
    deps.log.warn('a charge is reviewed without the word of its provider', { paymentId: id, provider, kind, code })
    return undefined
  }
}
