import type { Log } from './deps.ts'

/** Redacted by key … */
const secretKeys = /authorization|cookie|token|secret|password|apikey|signature|email|phone|contact|address/i
/** … and by pattern: API keys, session tokens, JWTs, e-mail addresses (an account id may be one). */
const secretPatterns: [RegExp, string][] = [
  [/(fgs?)_(test|live)_[A-Za-z0-9_-]+/g, '$1_$2_…'],
  [/eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, 'jwt…'],
  [/[^\s@"'<>()|:]{1,64}@[^\s@"'<>()|:]{1,255}/g, '…@…'],
]
const deepest = 6

/** A copy without secrets and contact details. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string')
    return secretPatterns.reduce((text, [pattern, shown]) => text.replace(pattern, shown), value)
  if (value instanceof Error)
    return { name: value.name, message: redact(value.message), stack: redact(value.stack ?? '') }
  if (value === null || typeof value !== 'object') return value
  if (depth === deepest) return '…'
  if (Array.isArray(value)) return value.map((one) => redact(one, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, secretKeys.test(name) ? '…' : redact(one, depth + 1)]),
  )
}

/**
 * JSON lines on standard output, which Lambda hands to CloudWatch as they are, with every field redacted. Nothing is
 * kept between calls, so parallel records cannot mix. A logger library writes the same line and is loaded at every cold start.
 */
export function createLog(service: string): Log {
  const writer =
    (level: 'INFO' | 'WARN' | 'ERROR'): Log['info'] =>
    (message, fields = {}) => {
      const line = { level, message, timestamp: new Date().toISOString(), service, ...Object(redact(fields)) }
      process.stdout.write(`${JSON.stringify(line)}\n`)
    }
  return { info: writer('INFO'), warn: writer('WARN'), error: writer('ERROR') }
}
