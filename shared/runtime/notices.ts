import type { Limit } from '#domain/terms'
import type { Crossing } from '#domain/usage'
import { noticeWrite } from '#table/outbox'
import type { Write } from '#table/port'
import type { Deps } from './deps.ts'

/** A notice for each threshold that a write crosses, for the transaction of that write. */
export function noticesOf(
  deps: Pick<Deps, 'clock' | 'ids'>,
  {
    window,
    limit,
    crossed,
    ...what
  }: {
    accountId: string
    feature: string
    window: { end: number | null }
    used: number
    limit: Limit
    crossed: Crossing[]
    requestId: string
  },
): Write[] {
  const at = { now: deps.clock.now(), real: deps.clock.real() }
  return crossed.map((threshold) =>
    noticeWrite(
      {
        ...what,
        kind: threshold === 'warn' ? 'usage_warning' : 'usage_limit',
        limit: limit === 'unlimited' ? 0 : limit,
        ...(window.end !== null && { resetsAt: window.end }),
      },
      at,
      deps.ids.random(),
    ),
  )
}
