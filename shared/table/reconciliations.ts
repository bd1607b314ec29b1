import * as z from 'zod/mini'
import { paymentProviders } from '#domain/moneyCharge'
import { reconciliationKey } from './keys.ts'
import type { Table, Write } from './port.ts'
import { read, stored, toItem } from './stored.ts'

const difference = z.object({
  kind: z.enum(['unknown', 'settled_late', 'amount', 'refunded', 'missing_at_provider']),
  provider: z.enum(paymentProviders),
  providerPaymentId: z.string(),
  /** Ours; null: there is none. */
  paymentId: z.nullable(z.string()),
  detail: z.string(),
})
export type Difference = z.output<typeof difference>

const report = z.object({
  ...stored,
  day: z.string(),
  compared: z.int(),
  settled: z.int(),
  /** How many there were; the list is cut. */
  differing: z.int(),
  differences: z.array(difference),
})
export type Reconciliation = z.output<typeof report>

/** An item holds 400 KB: this many of about 250 bytes are far below it, and whoever has more has another problem. */
const mostListed = 500
const keptSeconds = 400 * 86_400

/** The comparison of a day; running it again writes it anew. */
export function putReconciliationWrite(
  day: string,
  found: { compared: number; settled: number; differences: Difference[] },
  at: { now: number; real: number },
): Write {
  const { compared, settled, differences } = found
  const body = {
    v: 1,
    createdAt: at.now,
    updatedAt: at.now,
    ttl: Math.ceil(at.real / 1000) + keptSeconds,
    day,
    compared,
    settled,
    differing: differences.length,
    differences: differences.slice(0, mostListed),
  }
  return { kind: 'put', item: toItem('reconciliation', reconciliationKey(day), body), when: 'unconditional' }
}

export async function findReconciliation(table: Table, day: string): Promise<Reconciliation | undefined> {
  const item = await table.get(reconciliationKey(day), { consistent: true })
  return item && read(report, item)
}
