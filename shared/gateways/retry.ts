import type { GatewayTools } from './gateway.ts'
import { type CallKind, GatewayError } from './gatewayError.ts'

/** One call and two more: what is still failing then waits for a queue or the reconciler. */
const mostTries = 3
const firstDelayMs = 200
/** A function waits for a customer: a longer `Retry-After` is the caller's to answer with. */
const longestWaitMs = 2_000

/**
 * Repeats what may be repeated: reads, and writes under the provider's own idempotency key. A time-out is not repeated,
 * because it has used up the caller's patience already. Full jitter.
 */
export async function retrying<T>(tools: GatewayTools, call: CallKind, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (tries >= mostTries || call === 'write' || !isWorthAnother(error)) throw error
      const waitMs = error.retryAfterSeconds === undefined ? backOffMs(tries, tools) : error.retryAfterSeconds * 1000
      if (waitMs > longestWaitMs) throw error
      await tools.wait(waitMs)
    }
  }
}

const backOffMs = (tries: number, tools: GatewayTools): number =>
  Math.round(tools.rng() * firstDelayMs * 2 ** (tries - 1))

const isWorthAnother = (error: unknown): error is GatewayError =>
  error instanceof GatewayError &&
  (error.kind === 'unavailable' || error.kind === 'unknown_outcome') &&
  error.code !== 'timeout'
