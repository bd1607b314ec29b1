import type { PaymentProvider } from '#domain/moneyCharge'
import { isVisitor } from '#domain/payment'
import { Problem } from '#errors/problem'
import { loadAccount } from './account.ts'
import type { Deps } from './deps.ts'
import type { Input } from './run.ts'

/** An address that a caller names for the provider alone. */
export interface NamedPayer {
  email?: string
}

/**
 * Refuses what the provider could not open an order for, before a payment is written that would hold its coupon for a day.
 * @throws Problem `validation_failed` for a visitor who named no address, `conflict` where account or setting lack something.
 */
export async function assertNeedsMet(
  deps: Deps,
  input: Input,
  provider: PaymentProvider,
  { email }: NamedPayer = {},
): Promise<void> {
  const { needs = [] } = (await deps.payments()).gateway(provider)
  if (needs.includes('returnUrl') && (await deps.settings()).returnUrl === undefined)
    throw new Problem('conflict', `The payment setting has no returnUrl, which ${provider} needs.`)
  if (!needs.includes('email') || email !== undefined) return
  const detail = `${provider} needs the e-mail address of whoever pays`
  if (isVisitor(input.accountId))
    throw new Problem('validation_failed', `${detail}.`, {
      errors: [{ path: 'email', message: `is needed by ${provider}` }],
    })
  const account = await loadAccount(input, deps)
  if (account.email === undefined) throw new Problem('conflict', `${detail}, and the account has none.`)
}

/** The account's own address goes first; one that was named goes to a provider that needs it, and is kept nowhere. */
export async function withNamed<Payer extends { email?: string }>(
  deps: Pick<Deps, 'payments'>,
  payer: Payer,
  provider: PaymentProvider | null,
  { email }: NamedPayer,
): Promise<Payer> {
  if (email === undefined || payer.email !== undefined || !provider) return payer
  const { needs = [] } = (await deps.payments()).gateway(provider)
  return needs.includes('email') ? { ...payer, email } : payer
}
