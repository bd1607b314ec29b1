import * as z from 'zod/mini'
import { type PaymentProvider, paymentProviders } from '#domain/moneyCharge'
import { differenceKinds, type PartFound } from '#domain/reconciliation'
import { reconciliationKey } from './keys.ts'
import { absent, equals, type Table, type Write } from './port.ts'
import { read, stored, toItem } from './stored.ts'

const difference = z.object({
  kind: z.enum(differenceKinds),
  provider: z.enum(paymentProviders),
  providerPaymentId: z.nullable(z.string()),
  paymentId: z.nullable(z.string()),
  detail: z.string(),
})

const counts = z.object({ compared: z.int(), settled: z.int(), unreadable: z.int(), differing: z.int() })

const report = z.object({
  ...stored,
  day: z.string(),
  /** What each provider's list came to; one that is not in it was not looked at yet. */
  parts: z.partialRecord(z.enum(paymentProviders), counts),
  /** Of all of them; the list is cut. */
  differences: z.array(difference),
  ver: z.int(),
})
export type Reconciliation = z.output<typeof report>

/** An item holds 400 KB: this many of about 250 bytes are far below it, and whoever has more has another problem. */
const mostListed = 500
const keptSeconds = 400 * 86_400

/** A day's report with one provider's part as it is now, on the version that was seen. */
export function putReconciliationWrite(
  day: string,
  provider: PaymentProvider,
  { compared, settled, unreadable, differences }: PartFound,
  seen: Reconciliation | undefined,
  at: { now: number; real: number },
): Write {
  const others = (seen?.differences ?? []).filter((one) => one.provider !== provider)
  const body = {
    v: 1,
    createdAt: seen?.createdAt ?? at.now,
    updatedAt: at.now,
    ttl: Math.ceil(at.real / 1000) + keptSeconds,
    day,
    parts: { ...seen?.parts, [provider]: { compared, settled, unreadable, differing: differences.length } },
    differences: [...others, ...differences].slice(0, mostListed),
    ver: (seen?.ver ?? 0) + 1,
  }
  return {
    kind: 'put',
    item: toItem('reconciliation', reconciliationKey(day), body),
    when: seen ? equals('ver', seen.ver) : absent,
  }
}

/** What an earlier look at a provider's list found, as far as the report lists it. */
export function partOf(seen: Reconciliation | undefined, provider: PaymentProvider): PartFound | undefined {
  const part = seen?.parts[provider]
  return part && { ...part, differences: (seen?.differences ?? []).filter((one) => one.provider === provider) }
}

/** Of all providers that were looked at. */
export const totalsOf = ({ parts }: Reconciliation): z.output<typeof counts> =>
  Object.values(parts).reduce(
    (sum, part) => ({
      compared: sum.compared + part.compared,
      settled: sum.settled + part.settled,
      unreadable: sum.unreadable + part.unreadable,
      differing: sum.differing + part.differing,
    }),
    { compared: 0, settled: 0, unreadable: 0, differing: 0 },
  )

export async function findReconciliation(table: Table, day: string): Promise<Reconciliation | undefined> {
  const item = await table.get(reconciliationKey(day), { consistent: true })
  return item && read(report, item)
}
