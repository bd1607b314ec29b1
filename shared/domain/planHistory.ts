import { idTime } from './guard.ts'
import type { HistoryEntry } from './paymentWrite.ts'

/**
 * How many later lines can end one: at most twelve periods are paid ahead of it, and then what replaces them all. A few
 * more, for lines that an older subscription wrote late.
 */
export const laterLines = 16

/**
 * When a line of the plan history ended: where it was replaced before its own end, at that change. Lines are only ever put,
 * so what ended one follows from those that were written after it (`later`, in any order).
 * One that began after it, or with it, replaced it there. One that was written before this line had begun, and began before
 * it, took its place altogether (a period that was paid ahead and credited to an upgrade): it ends where it was to begin.
 * What an older subscription's late end says of earlier days is neither.
 */
export function endOfLine(line: HistoryEntry, later: readonly HistoryEntry[]): number | null {
  const ends = later.flatMap((next) => {
    if (next.startedAt >= line.startedAt) return [next.startedAt]
    return writtenAt(next) < line.startedAt ? [line.startedAt] : []
  })
  const own = line.endedAt === null ? [] : [line.endedAt]
  return ends.length + own.length === 0 ? null : Math.min(...own, ...ends)
}

/** A line's id holds the instant of its writing. */
const writtenAt = ({ id }: HistoryEntry): number => idTime(id) ?? Number.POSITIVE_INFINITY

/** `visa •••• 4242`; without a number what it is. Undefined: the provider told nothing of it. */
export function methodLabel({
  kind,
  brand,
  last4,
}: {
  kind: string
  brand?: string
  last4?: string
}): string | undefined {
  const name = brand ?? (kind === 'unknown' ? undefined : kind)
  if (last4 === undefined) return name?.slice(0, 40)
  return `${(name ?? 'card').slice(0, 40)} •••• ${last4.slice(-4)}`
}
