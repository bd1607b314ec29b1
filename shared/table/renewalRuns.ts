import * as z from 'zod/mini'
import { renewalRunKey } from './keys.ts'
import type { Table, Write } from './port.ts'
import { readBody } from './stored.ts'

/** What the renewals of a day came to. Amounts by currency, minor units. */
const run = z.object({
  day: z.string(),
  due: z.int(),
  renewed: z.int(),
  failed: z.int(),
  skipped: z.int(),
  amounts: z.record(z.string(), z.int()),
})
export type RenewalRun = z.output<typeof run>

const keptSeconds = 400 * 86_400
const amountPrefix = 'amount_'

/** Adds what one subscription came to. Workers run side by side: every number only ever grows by what was done. */
export const countRenewalWrite = (
  day: string,
  did: Omit<RenewalRun, 'day'>,
  at: { now: number; real: number },
): Write => {
  const { due, renewed, failed, skipped, amounts } = did
  const byCurrency = Object.fromEntries(
    Object.entries(amounts).map(([currency, amount]) => [`${amountPrefix}${currency}`, amount]),
  )
  return {
    kind: 'update',
    key: renewalRunKey(day),
    set: { entity: 'renewalRun', v: 1, day, updatedAt: at.now, ttl: Math.ceil(at.real / 1000) + keptSeconds },
    add: { due, renewed, failed, skipped, ...byCurrency },
    when: 'unconditional',
  }
}

/** Days of a month, newest first. */
export async function listRenewalRuns(
  table: Table,
  month: string,
  { limit, before }: { limit: number; before?: string },
): Promise<RenewalRun[]> {
  const { items } = await table.query({
    pk: renewalRunKey(`${month}-01`).pk,
    descending: true,
    limit,
    ...(before !== undefined && { after: { ...renewalRunKey(before) } }),
  })
  return items.map((item) => {
    const amounts = Object.entries(item).flatMap(([name, value]) =>
      name.startsWith(amountPrefix) ? [[name.slice(amountPrefix.length), value]] : [],
    )
    return readBody(run, { ...item, amounts: Object.fromEntries(amounts) })
  })
}
