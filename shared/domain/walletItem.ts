import * as z from 'zod/mini'
import type { Allowance } from './terms.ts'
import type { Period, ZoneSpan } from './time.ts'
import { type AllowanceState, assertWallet, type GrantSource, type Wallet } from './walletState.ts'

/**
 * The wallet as its item holds it. Names are one to four letters and defaults are left out because every deduction
 * writes the whole item and each started KB is paid for: 12 grants and some holds stay below 1 KB.
 */
const whole = z.int().check(z.minimum(0))
const positive = z.int().check(z.minimum(1))
const ulid = z.string().check(z.regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/))
const bits = z.string().check(z.regex(/^[0-9A-HJKMNP-TV-Z]{16}$/))

/** The letter of a source; an ordinary grant has none. */
const letterOf: Record<Exclude<GrantSource, 'grant'>, string> = {
  purchase: 'b',
  included: 'i',
  rollover: 'r',
  adjust: 'a',
  refund: 'f',
}
const sourceOf: Record<string, GrantSource> = Object.fromEntries(
  Object.entries(letterOf).map(([source, letter]) => [letter, source as GrantSource]),
)
const letter = z.enum(['b', 'i', 'r', 'a', 'f'])

const storedGrant = z.object({
  /** Left; and what was given, when that differs. */
  r: positive,
  a: z.optional(positive),
  /** Expiry; none: it never expires. */
  x: z.optional(whole),
  p: z.optional(z.int()),
  s: z.optional(letter),
})

/** `gs`: amount by the place of the grant among the wallet's grant ids in ascending order: an id would cost 26 bytes each time. */
const storedHold = z.object({
  a: positive,
  x: whole,
  gs: z.record(z.string().check(z.regex(/^\d{1,4}$/)), positive),
  q: z.string(),
  n: z.optional(z.string()),
})
const storedReleased = z.object({ a: positive, x: whole, t: whole, q: z.string() })
const storedTerms = z.object({
  i: positive,
  w: z.enum(['day', 'month', 'period', 'lifetime']),
  /** Most that rolls over; absent: nothing. */
  o: z.optional(z.union([positive, z.literal('all')])),
})
const storedAllowance = z.object({
  t: z.optional(storedTerms),
  u: z.optional(whole),
  n: z.optional(storedTerms),
  e: whole,
  c: z.optional(whole),
  b: z.optional(whole),
  l: z.optional(positive),
})
const storedPeriod = z.object({
  s: whole,
  e: z.optional(whole),
  u: z.optional(whole),
  p: z.optional(z.array(z.object({ s: whole, e: whole }))),
  /** Ends of what is paid ahead. */
  a: z.optional(z.array(whole)),
})

export const walletState = z.object({
  bal: whole,
  held: whole,
  seq: whole,
  ver: whole,
  gr: z.record(ulid, storedGrant),
  hld: z.record(bits, storedHold),
  rel: z.optional(z.record(bits, storedReleased)),
  st: z.optional(z.literal(true)),
  al: z.optional(storedAllowance),
  /** One zone since ever, or the spans. */
  zn: z.union([z.string(), z.array(z.object({ z: z.string(), f: whole })).check(z.minLength(1))]),
  pd: z.optional(storedPeriod),
})
export type StoredWallet = z.output<typeof walletState>

/** The wallet in a stored item (other attributes are ignored). @throws when the item is not one, or contradicts itself: a defect. */
export function decodeWallet(item: unknown): Wallet {
  const stored = walletState.parse(item)
  const ids = Object.keys(stored.gr).sort()
  const wallet: Wallet = {
    balance: stored.bal,
    held: stored.held,
    seq: stored.seq,
    version: stored.ver,
    grants: ids.map((id) => grantOf(id, stored.gr[id])),
    holds: Object.entries(stored.hld).map(([key, hold]) => ({
      bits: key,
      amount: hold.a,
      expiresAt: hold.x,
      parts: Object.entries(hold.gs).map(([place, amount]) => ({ grantId: `grn_${at(ids, Number(place))}`, amount })),
      requestHash: hold.q,
      reason: hold.n ?? '',
    })),
    released: Object.entries(stored.rel ?? {}).map(([key, mark]) => ({
      bits: key,
      amount: mark.a,
      expiresAt: mark.x,
      releasedAt: mark.t,
      requestHash: mark.q,
    })),
    suspended: stored.st ?? false,
    allowance: stored.al ? decodeAllowance(stored.al) : null,
    zones:
      typeof stored.zn === 'string'
        ? [{ zone: stored.zn, from: 0 }]
        : stored.zn.map(({ z: zone, f }) => ({ zone, from: f })),
    period: stored.pd ? decodePeriod(stored.pd) : null,
  }
  assertWallet(wallet)
  return wallet
}

/** The attributes of the wallet's item, keys and timestamps aside. @throws when the wallet contradicts itself. */
export function encodeWallet(wallet: Wallet): StoredWallet {
  assertWallet(wallet)
  const ids = wallet.grants.map((grant) => grant.id.slice(4)).sort()
  const places = new Map(ids.map((id, place) => [`grn_${id}`, String(place)]))
  const placeOf = (grantId: string): string => places.get(grantId) ?? ''
  const stored: StoredWallet = {
    bal: wallet.balance,
    held: wallet.held,
    seq: wallet.seq,
    ver: wallet.version,
    gr: Object.fromEntries(
      wallet.grants.map((grant) => [
        grant.id.slice(4),
        {
          r: grant.remaining,
          ...(grant.amount !== grant.remaining && { a: grant.amount }),
          ...(grant.expiresAt !== null && { x: grant.expiresAt }),
          ...(grant.priority !== 0 && { p: grant.priority }),
          ...encodeSource(grant.source),
        },
      ]),
    ),
    hld: Object.fromEntries(
      wallet.holds.map((hold) => [
        hold.bits,
        {
          a: hold.amount,
          x: hold.expiresAt,
          gs: Object.fromEntries(hold.parts.map((part) => [placeOf(part.grantId), part.amount])),
          q: hold.requestHash,
          ...(hold.reason !== '' && { n: hold.reason }),
        },
      ]),
    ),
    zn: encodeZones(wallet.zones),
  }
  if (wallet.released.length > 0) {
    stored.rel = Object.fromEntries(
      wallet.released.map((mark) => [
        mark.bits,
        { a: mark.amount, x: mark.expiresAt, t: mark.releasedAt, q: mark.requestHash },
      ]),
    )
  }
  if (wallet.suspended) stored.st = true
  if (wallet.allowance) stored.al = encodeAllowance(wallet.allowance)
  if (wallet.period) stored.pd = encodePeriod(wallet.period)
  return stored
}

/** One movement of one grant as a ledger entry stores it: with what a refund needs to bring the grant back. */
export const storedMove = z.object({
  g: ulid,
  n: z.int(),
  a: positive,
  x: z.optional(whole),
  p: z.optional(z.int()),
  s: z.optional(letter),
})
export type StoredMove = z.output<typeof storedMove>

/** What an entry moved on one grant, and the grant's terms at that time. */
export interface GrantMove {
  grantId: string
  /** Signed. */
  amount: number
  /** What the grant was given with. */
  granted: number
  expiresAt: number | null
  priority: number
  source: GrantSource
}

export const encodeMove = (move: GrantMove): StoredMove => ({
  g: move.grantId.slice(4),
  n: move.amount,
  a: move.granted,
  ...(move.expiresAt !== null && { x: move.expiresAt }),
  ...(move.priority !== 0 && { p: move.priority }),
  ...encodeSource(move.source),
})

export const decodeMove = (stored: StoredMove): GrantMove => ({
  grantId: `grn_${stored.g}`,
  amount: stored.n,
  granted: stored.a,
  expiresAt: stored.x ?? null,
  priority: stored.p ?? 0,
  source: decodeSource(stored.s),
})

const encodeSource = (source: GrantSource): { s?: z.output<typeof letter> } => {
  if (source === 'grant') return {}
  return { s: letter.parse(letterOf[source]) }
}
const decodeSource = (stored: string | undefined): GrantSource =>
  stored === undefined ? 'grant' : (sourceOf[stored] ?? 'grant')

function grantOf(id: string, stored: z.output<typeof storedGrant> | undefined): Wallet['grants'][number] {
  if (!stored) throw new Error('A grant has no terms')
  return {
    id: `grn_${id}`,
    amount: stored.a ?? stored.r,
    remaining: stored.r,
    expiresAt: stored.x ?? null,
    priority: stored.p ?? 0,
    source: decodeSource(stored.s),
  }
}

function at(ids: string[], place: number): string {
  const id = ids[place]
  if (id === undefined) throw new Error('A hold points to no grant')
  return id
}

const encodeTerms = (terms: Allowance): z.output<typeof storedTerms> => ({
  i: terms.included,
  w: terms.window,
  ...(terms.rollover !== 0 && { o: terms.rollover }),
})
const decodeTerms = (stored: z.output<typeof storedTerms>): Allowance => ({
  included: stored.i,
  window: stored.w,
  rollover: stored.o ?? 0,
})

const encodeAllowance = (state: AllowanceState): z.output<typeof storedAllowance> => ({
  e: state.epoch,
  ...(state.terms && { t: encodeTerms(state.terms) }),
  ...(state.until !== null && { u: state.until }),
  ...(state.next && { n: encodeTerms(state.next) }),
  ...(state.coveredUntil !== null && { c: state.coveredUntil }),
  ...(state.bookedStart !== null && { b: state.bookedStart }),
  ...(state.left > 0 && { l: state.left }),
})
const decodeAllowance = (stored: z.output<typeof storedAllowance>): AllowanceState => ({
  terms: stored.t ? decodeTerms(stored.t) : null,
  until: stored.u ?? null,
  next: stored.n ? decodeTerms(stored.n) : null,
  epoch: stored.e,
  coveredUntil: stored.c ?? null,
  bookedStart: stored.b ?? null,
  left: stored.l ?? 0,
})

const encodeZones = (zones: ZoneSpan[]): StoredWallet['zn'] => {
  const only = zones.length === 1 ? zones[0] : undefined
  return only?.from === 0 ? only.zone : zones.map(({ zone, from }) => ({ z: zone, f: from }))
}

const encodePeriod = (period: Period): z.output<typeof storedPeriod> => ({
  s: period.start,
  ...(period.end !== null && { e: period.end }),
  ...(period.until !== undefined && { u: period.until }),
  ...(period.earlier && { p: period.earlier.map(({ start, end }) => ({ s: start, e: end })) }),
  ...(period.ahead && { a: period.ahead }),
})
const decodePeriod = (stored: z.output<typeof storedPeriod>): Period => ({
  start: stored.s,
  end: stored.e ?? null,
  ...(stored.u !== undefined && { until: stored.u }),
  ...(stored.p && { earlier: stored.p.map(({ s, e }) => ({ start: s, end: e })) }),
  ...(stored.a && { ahead: stored.a }),
})
