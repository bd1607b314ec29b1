import { require } from './yearBooks.ts'
import { graceMs, type Life } from './yearModel.ts'
import type { YearRows } from './yearRows.ts'
import type { Vault } from './yearVault.ts'

const hourMs = 3_600_000
/** A debit that has to be announced is asked for so long before the end. */
export const leadMs = 48 * hourMs
/** No provider's smallest charge is above it. */
const smallestMinor = 500

interface Where {
  accountId: string
  vault: Vault
  now: number
}

/** Nothing that could have been paid was let go. Answers whether it ended unpaid. */
export function judgeEnd(life: Life, { payments }: YearRows, { accountId, vault, now }: Where): boolean {
  if (!life.renews || life.isGift || life.statusAt(now).status !== 'expired') return false
  if (life.bareUntil > life.end) return true
  const tries = payments.filter(
    ({ subject, settled, createdAt }) =>
      subject.subscriptionId === life.id && createdAt >= life.end - leadMs && settled?.as !== 'granted',
  )
  const isPayable = vault.wasPayable(accountId, life.end - leadMs, life.end + graceMs)
  const end = new Date(life.end).toISOString()
  require(!isPayable, `${life.id} ended at ${end} unpaid after ${tries.length} tries, and could have been charged`)
  return true
}

/** What was used beyond a plan that is over is asked for by itself. `left` is what no order has: minor units, by line. */
export function judgeUse(
  life: Life | undefined,
  left: ReadonlyMap<string, number>,
  { accountId, vault, now }: Where,
): void {
  const sum = [...left.values()].reduce((total, each) => total + each, 0)
  if (!life || life.isGift || life.statusAt(now).access || sum < smallestMinor) return
  const isPayable = vault.wasPayable(accountId, life.endedAt ?? life.end, now)
  require(!isPayable, `${accountId} owes ${sum} for ${[...left.keys()].join(', ')}, and could have been charged`)
}
