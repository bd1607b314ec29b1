import * as z from 'zod/mini'
import type { Quote } from '#domain/orderQuote'
import { parseOwn } from '#errors/parse'
import { Problem } from '#errors/problem'
import type { Deps } from './deps.ts'

/** A quote leaves sealed: nobody can make one up, change it, or use another account's. */
export async function sealQuote(deps: Pick<Deps, 'payments'>, quote: Quote): Promise<string> {
  const { seal } = await deps.payments()
  return seal.seal(JSON.stringify(quote), aboutOf(quote.accountId))
}

/** @throws Problem `validation_failed` for what is no quote of this account's. */
export async function openQuote(deps: Pick<Deps, 'payments'>, accountId: string, token: string): Promise<Quote> {
  const { seal } = await deps.payments()
  const text = seal.open(token, aboutOf(accountId))
  if (text === undefined)
    throw new Problem('validation_failed', 'The quote is not one of this account.', {
      errors: [{ path: 'quote', message: 'is not a quote of this account' }],
    })
  // The seal proves that it is ours, as it was made: what is looked at here is that it is a quote at all.
  return parseOwn(sealedQuote, JSON.parse(text), 'a sealed quote')
}

const aboutOf = (accountId: string): string => `quote ${accountId}`

const sealedQuote = z.custom<Quote>(
  (value) =>
    typeof value === 'object' && value !== null && 'accountId' in value && 'purchase' in value && 'expiresAt' in value,
)
