import { type Answer, answering, type Call } from '../call.ts'
import type { Stripe } from './state.ts'

/** After this a key is forgotten, and the same call charges again. */
const keptMs = 24 * 3600 * 1000
const keyMax = 255

const conflict = (message: string): Answer => ({
  status: 400,
  body: { error: { type: 'idempotency_error', message } },
})

/**
 * Runs a POST once per key. The answer is kept once the work has begun, card errors included; what fails validation
 * (400, 404) leaves no mark. The same key with other parameters is an error.
 */
export function once(stripe: Stripe, call: Call, run: () => Answer): Answer {
  const key = call.headers['idempotency-key']
  if (call.method !== 'POST' || typeof key !== 'string') return run()
  if (key.length > keyMax) return conflict(`Idempotency keys have at most ${keyMax} characters.`)
  const nowMs = stripe.shop.due.now()
  const request = `${call.path} ${call.raw}`
  const before = stripe.keys.get(key)
  if (before && nowMs - before.atMs < keptMs) {
    if (before.request !== request) {
      return conflict(
        'Keys for idempotent requests can only be used with the same parameters they were first used with.',
      )
    }
    return { ...before.answer, headers: { ...before.answer.headers, 'idempotent-replayed': 'true' } }
  }
  const answer = answering(run)
  if (answer.status < 400 || answer.status === 402) stripe.keys.set(key, { request, answer, atMs: nowMs })
  return answer
}
