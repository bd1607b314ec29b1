import { Problem } from '#errors/problem'
import { Contention } from '#table/port'
import type { Deps } from './deps.ts'

/** Less than the function's own time, so that the caller is told; beyond it the call may be sent again under its key. */
const deadlineMs = 9_000
/** A pause is drawn from four times what the attempt took: a slow attempt met a crowd, and the crowd has to thin out. */
const pausePerAttempt = 4
const shortestSpanMs = 8
const growth = 8
const longestPauseMs = 4_000
const retryAfterSeconds = 1

/** What an attempt answers when it lost a race. */
export const again = Symbol('again')

/**
 * Runs an optimistic attempt until it answers: full jitter between rounds, so that losers spread out. The next round
 * reads anew: what was seen before the pause is stale after it, and a write on it is a write wasted.
 * @throws Problem `contended` (503, Retry-After) after 9 s of real time.
 */
export async function contend<Answer>(
  deps: Pick<Deps, 'clock' | 'rng' | 'wait'>,
  attempt: () => Promise<Answer | typeof again>,
): Promise<Answer> {
  const giveUpAt = deps.clock.real() + deadlineMs
  for (let round = 0; ; round++) {
    const startedAt = deps.clock.real()
    const answer = await attempt().catch((error: unknown) => {
      if (error instanceof Contention) return again
      throw error
    })
    if (answer !== again) return answer as Answer
    const endedAt = deps.clock.real()
    const spanMs = Math.max(shortestSpanMs, (endedAt - startedAt) * pausePerAttempt) * growth ** round
    const pauseMs = deps.rng() * Math.min(longestPauseMs, spanMs)
    if (endedAt + pauseMs >= giveUpAt) {
      throw new Problem(
        'contended',
        'The account is changing too quickly. Nothing was changed by this request; send it again with the same key.',
        { retryAfterSeconds },
      )
    }
    await deps.wait(pauseMs)
  }
}
