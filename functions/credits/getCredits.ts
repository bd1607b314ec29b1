import { windowAt } from '#domain/time'
import { viewWallet } from '#domain/walletView'
import { getCredits } from '#operations/credits'
import { loadWallet } from '#runtime/account'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'

export const run: Run<typeof getCredits> = async (input, deps) => {
  const { wallet } = await loadWallet(input, deps)
  const { balance, held, available, grants } = viewWallet(wallet, deps.clock.now(), windowAt)
  return {
    balance,
    held,
    available,
    grants: grants.map(({ id, amount, remaining, expiresAt, priority, source }) => ({
      id,
      amount,
      remaining,
      expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
      priority,
      source,
    })),
  }
}

export const handler = httpHandler(getCredits, run, live(catalogue))
