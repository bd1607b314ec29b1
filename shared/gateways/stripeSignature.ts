import type { Headers } from './gateway.ts'
import { headerOf, isSigned } from './signature.ts'

/** Both ways: a time far ahead would make a captured event replayable until then. The SDK bounds the past alone. */
const toleranceSeconds = 300
/** Two while a secret rolls; more is somebody trying. */
const mostSignatures = 8

/**
 * `Stripe-Signature: t=<unix seconds>,v1=<hex>[,v1=…][,v0=…]`: any `v1` may match, other schemes count for nothing.
 * `now`: real time, milliseconds.
 */
export function isStripeSigned(
  secrets: readonly string[],
  rawBody: Uint8Array,
  headers: Headers,
  now: number,
): boolean {
  const header = headerOf(headers, 'stripe-signature')
  const parsed = header === undefined ? undefined : parseHeader(header)
  if (parsed === undefined || Math.abs(Math.floor(now / 1000) - parsed.time) > toleranceSeconds) return false
  return parsed.signatures.some((hex) => isSigned('sha256', secrets, [`${parsed.time}.`, rawBody], hex))
}

/** @returns undefined without exactly one time and at least one `v1` */
export function parseHeader(header: string): { time: number; signatures: string[] } | undefined {
  const pairs = header.split(',').map((pair) => pair.trim().split('='))
  const of = (scheme: string) =>
    pairs.flatMap(([name, value]) => (name === scheme && value !== undefined ? [value] : []))
  const [time, ...more] = of('t')
  const signatures = of('v1').slice(0, mostSignatures)
  // No leading zeros: the text that was signed is rebuilt from the number.
  if (time === undefined || more.length > 0 || !/^[1-9]\d{0,11}$/.test(time) || signatures.length === 0)
    return undefined
  return { time: Number(time), signatures }
}
