import * as z from 'zod/mini'
import type { Outcome } from '../functions/pool.ts'

const report = z.object({
  batchItemFailures: z._default(z.nullable(z.array(z.object({ itemIdentifier: z.string() }))), []),
})

/**
 * Which of a batch failed, as Lambda reads the answer of a function that reports item failures: a thrown error, a malformed
 * answer or an unknown identifier fails the whole batch; no answer at all means that everything passed.
 */
export function failedItems(outcome: Outcome, identifiers: string[], reportsItemFailures: boolean): string[] {
  if (outcome.kind !== 'answer') return identifiers
  if (!reportsItemFailures || outcome.result === undefined || outcome.result === null) return []
  const parsed = report.safeParse(outcome.result)
  if (!parsed.success) return identifiers
  const failed = (parsed.data.batchItemFailures ?? []).map((failure) => failure.itemIdentifier)
  return failed.every((each) => identifiers.includes(each)) ? failed : identifiers
}
