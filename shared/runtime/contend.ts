import { Problem } from '#errors/problem'
import { Contention } from '#table/port'
import type { Deps } from './deps.ts'

/** A client's patience and API Gateway's 30 s both hold five seconds with room; beyond it the caller may retry under its key. */
const deadlineMs = 5_000
const firstPauseMs = 8
const longestPauseMs = 400
const retryAfterSeconds = 1

/** What an attempt answers when it lost a race and holds fresher state for the next round. */
export const again = Symbol('again')

/**
 * Runs an optimistic attempt until it answers: full jitter between rounds, so that losers spread out.
 * The attempt keeps what it learnt (the image that refused it) in its own closure.
 * @throws Problem `contended` (503, Retry-After) after 5 s of real time.
 */
export async function contend<Answer>(
  deps: Pick<Deps, 'clock' | 'rng' | 'wait'>,
  attempt: () => Promise<Answer | typeof again>,
): Promise<Answer> {
  const giveUpAt = deps.clock.real() + deadlineMs
  for (let round = 0; ; round++) {
    const answer = await attempt().catch((error: unknown) => {
      if (error instanceof Contention) return again
      throw error
    })
    if (answer !== again) return answer as Answer
    const pauseMs = deps.rng() * Math.min(longestPauseMs, firstPauseMs * 2 ** round)
    if (deps.clock.real() + pauseMs >= giveUpAt) {
      throw new Problem(
        'contended',
        'The account is changing too quickly. Nothing was changed by this request; send it again with the same key.',
        { retryAfterSeconds },
      )
    }
    await deps.wait(pauseMs)
  }
}
