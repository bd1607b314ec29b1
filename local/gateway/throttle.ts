import type { ThrottleModel } from '../template/model.ts'

/** A token bucket, API Gateway's kind of throttle: `burst` at once, `rate` a second on average. */
export function createThrottle(model: ThrottleModel, nowMs: () => number = () => performance.now()): () => boolean {
  let tokens = model.burst
  let filledMs = nowMs()
  return () => {
    const now = nowMs()
    tokens = Math.min(model.burst, tokens + ((now - filledMs) / 1000) * model.rate)
    filledMs = now
    if (tokens < 1) return false
    tokens -= 1
    return true
  }
}
