import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Headers } from './gateway.ts'

/**
 * True when `hex` is the lower-case HMAC of `parts`, joined, under one of the secrets (the current and, while it is being
 * replaced, the previous one). Empty secrets never match. Every secret is tried, so time tells nothing.
 */
export function isSigned(
  algorithm: 'sha256' | 'sha512',
  secrets: readonly string[],
  parts: readonly (string | Uint8Array)[],
  hex: string | undefined,
): boolean {
  const given = hex === undefined || !/^[0-9a-f]+$/.test(hex) ? undefined : Buffer.from(hex, 'hex')
  let matches = false
  for (const secret of secrets) {
    if (secret === '') continue
    const hmac = createHmac(algorithm, secret)
    for (const part of parts) hmac.update(part)
    const expected = hmac.digest()
    if (given?.length === expected.length && hex?.length === expected.length * 2 && timingSafeEqual(given, expected))
      matches = true
  }
  return matches
}

/** The dedupe key of an event whose provider signs no id. */
export const bodyKey = (rawBody: Uint8Array): string => createHash('sha256').update(rawBody).digest('hex')

/** Gateways lower-case header names; other callers may not. */
export function headerOf(headers: Headers, name: string): string | undefined {
  const exact = headers[name]
  if (exact !== undefined) return exact
  const found = Object.keys(headers).find((key) => key.toLowerCase() === name)
  return found === undefined ? undefined : headers[found]
}
