import { createHash } from 'node:crypto'

/** Who brought the key: customer, server, or the product itself (internal). Nobody can burn another class's keys. */
export const callerClasses = ['c', 's', 'i'] as const
export type CallerClass = (typeof callerClasses)[number]

/**
 * What an idempotency key becomes: 80 bits as 16 Crockford base-32 characters. The first two bits are the class, so the
 * characters alone are enough to find the record again; 78 are a hash of operation family and key.
 */
export interface Guard {
  class: CallerClass
  bits: string
}

/** Every id prefix. A record whose row is its own guard carries the guard in its id, and so leads back to the row. */
export const idPrefixes = {
  ledgerEntry: 'led',
  deduction: 'ded',
  grant: 'grn',
  reservation: 'rsv',
  refund: 'rfn',
  usageEvent: 'use',
  subscription: 'sub',
  apiKey: 'key',
  auditEntry: 'aud',
  outboxRow: 'out',
  payment: 'fpay',
  paymentRefund: 'rfd',
  invoice: 'inv',
  purchase: 'pur',
  paymentMethod: 'pmt',
  discount: 'dsc',
  visitorSession: 'ses',
  historyEntry: 'his',
} as const
export type IdPrefix = (typeof idPrefixes)[keyof typeof idPrefixes]

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const timeLength = 10
const bitsLength = 16
const hashBits = 78n
/** 48 bits: the year 10889. */
const largestTimeMs = 2 ** 48 - 1
const ulidShape = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/
const idShape = /^[a-z]{3,4}_[0-9A-Z]{26}$/
const bitsShape = /^[0-9A-HJKMNP-TV-Z]{16}$/

/**
 * The guard of a key. `family` is what the key protects ("credits", "usage"): one key used for two families is two guards.
 * 78 bits: among 10^9 keys of one account two meet with a chance of about 2 in a million.
 */
export function guardOf(callerClass: CallerClass, family: string, key: string): Guard {
  const hash = createHash('sha256').update(`${family}\n${key}`).digest('hex').slice(0, 20)
  const classBits = BigInt(callerClasses.indexOf(callerClass)) << hashBits
  return { class: callerClass, bits: base32(classBits | (BigInt(`0x${hash}`) >> 2n), bitsLength) }
}

/** The guard that 16 characters spell; undefined when they are none, or of no class. */
export function guardOfBits(bits: string): Guard | undefined {
  if (!bitsShape.test(bits)) return undefined
  const callerClass = callerClasses[alphabet.indexOf(bits.charAt(0)) >> 3]
  return callerClass && { class: callerClass, bits }
}

/** The sort key of the row that a guard protects: ledger entry, usage event or stored refusal. */
export const operationSk = (guard: Guard): string => `OP#${guard.class}#${guard.bits}`

/** `<prefix>_<ULID>`: sorts by time, and its random part is the guard. @throws RangeError for a time that no ULID has. */
export const idOf = (prefix: IdPrefix, timeMs: number, guard: Guard): string =>
  `${prefix}_${ulidOf(timeMs, guard.bits)}`

/** A ULID of an instant and 16 base-32 characters: a guard's, or random ones for what has no guard. */
export function ulidOf(timeMs: number, random16: string): string {
  if (!Number.isSafeInteger(timeMs) || timeMs < 0 || timeMs > largestTimeMs)
    throw new RangeError(`No ULID has the time ${timeMs}`)
  if (!bitsShape.test(random16)) throw new RangeError('A ULID ends in 16 base-32 characters')
  return base32(BigInt(timeMs), timeLength) + random16
}

/** Back from an id to its guard; undefined when it is no id of that prefix, or its random part is no guard. */
export function guardOfId(prefix: IdPrefix, id: string): Guard | undefined {
  const ulid = ulidIn(id)
  return ulid !== undefined && id.startsWith(`${prefix}_`) ? guardOfBits(ulid.slice(timeLength)) : undefined
}

/** The instant in an id: creation, or the expiry of a reservation. Undefined when it is no id. */
export function idTime(id: string): number | undefined {
  const ulid = ulidIn(id)
  if (ulid === undefined) return undefined
  let timeMs = 0
  for (const char of ulid.slice(0, timeLength)) timeMs = timeMs * 32 + alphabet.indexOf(char)
  return timeMs
}

/** 132 bits of SHA-256 over the canonical JSON, base64url: tells a repeated request from another one under the same key. */
export function requestHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('base64url').slice(0, 22)
}

/** JSON with sorted member names; absent and undefined members are the same. Depth is bounded where bodies are parsed. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}

/** Ids are a prefix of three or four letters, an underscore and a ULID. */
function ulidIn(id: string): string | undefined {
  const [prefix = '', ulid = ''] = id.split('_', 2)
  return idShape.test(id) && ulidShape.test(ulid) && prefix.length >= 3 ? ulid : undefined
}

function base32(value: bigint, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest >>= 5n) text = alphabet.charAt(Number(rest & 31n)) + text
  return text
}
