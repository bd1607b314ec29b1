import { describe, expect, test } from 'vitest'
import { decodeMove, decodeWallet, encodeMove, encodeWallet } from '#domain/walletItem'
import { emptyWallet, grantSources } from '#domain/walletState'
import { Bench, dayMs, monthly, november } from './walletSupport.ts'

/** What DynamoDB counts for a value: text in UTF-8, about a byte for two digits, 3 bytes for a map and 1 for each member. */
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (typeof value === 'number') return Math.ceil((String(Math.abs(value)).length + 1) / 2) + 1
  if (Array.isArray(value)) return value.reduce<number>((sum, member) => sum + 1 + bytesOf(member), 3)
  if (value === null || typeof value !== 'object') return 1
  return Object.entries(value).reduce((sum, [name, member]) => sum + 1 + Buffer.byteLength(name) + bytesOf(member), 3)
}

/** Keys and the attributes that every item has, with an account id of ordinary length. */
const frame = {
  pk: 'ACCOUNT#acc-0123456789',
  sk: 'WALLET',
  entity: 'wallet',
  v: 1,
  createdAt: november,
  updatedAt: november,
}

function crowded(grants: number, holds: number): Bench {
  const bench = new Bench()
  bench.accept({
    kind: 'changeAllowance',
    terms: monthly(1000, 500),
    until: november + 40 * dayMs,
    next: monthly(20),
    replace: false,
  })
  for (let n = 1; n < grants; n += 1)
    bench
      .at(november + n)
      .grant(
        500,
        n % 2 ? { expiresAt: november + (n + 1) * dayMs, source: 'purchase' } : { expiresAt: november + 400 * dayMs },
      )
  for (let n = 0; n < holds; n += 1) bench.reserve(25, 900_000)
  return bench
}

describe('the item', () => {
  test.each([
    [1, 0, 280],
    [12, 0, 880],
    [12, 2, 1024],
    [8, 4, 1024],
  ])('with %i grants and %i holds stays within %i bytes', (grants, holds, most) => {
    const stored = encodeWallet(crowded(grants, holds).wallet)
    const bytes = bytesOf({ ...frame, ...stored })
    expect(Object.keys(stored.gr)).toHaveLength(grants)
    expect(bytes, `${grants} grants, ${holds} holds: ${bytes} bytes`).toBeLessThanOrEqual(most)
  })

  test('leaves defaults out', () => {
    const bench = new Bench()
    bench.grant(5)
    expect(encodeWallet(bench.wallet)).toEqual({
      bal: 5,
      held: 0,
      seq: 1,
      ver: 1,
      gr: { [bench.wallet.grants[0]?.id.slice(4) ?? '']: { r: 5 } },
      hld: {},
      zn: 'UTC',
    })
  })

  test('comes back with everything a wallet can have, and other attributes are ignored', () => {
    const { wallet } = crowded(12, 3)
    const full = {
      ...wallet,
      suspended: true,
      zones: [
        { zone: 'UTC', from: 0 },
        { zone: 'Asia/Kolkata', from: november },
      ],
      period: { start: 1, end: 9, until: 12, earlier: [{ start: 0, end: 1 }] },
    }
    expect(decodeWallet({ ...frame, ...encodeWallet(full) })).toEqual({
      ...full,
      grants: full.grants.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    })
  })

  const good = encodeWallet(crowded(2, 1).wallet)
  const id = Object.keys(good.gr)[0] ?? ''
  test.each<[string, object]>([
    ['nothing', {}],
    ['no version', { ...good, ver: undefined }],
    ['a fraction', { ...good, bal: 0.5 }],
    ['a number beyond 2^53', { ...good, seq: 2 ** 53 }],
    ['a number as text', { ...good, bal: '5' }],
    ['less than nothing', { ...good, bal: -1 }],
    ['a balance that the grants do not add up to', { ...good, bal: good.bal + 1 }],
    ['a held sum that the holds do not add up to', { ...good, held: good.held + 1 }],
    ['a spent grant', { ...good, gr: { ...good.gr, [id]: { r: 0 } } }],
    ['a grant with more than was given', { ...good, gr: { ...good.gr, [id]: { ...good.gr[id], a: 1 } } }],
    ['a key that is no ULID', { ...good, gr: { ...good.gr, x: { r: 1 } } }],
    ['an unknown source', { ...good, gr: { ...good.gr, [id]: { ...good.gr[id], s: 'z' } } }],
    [
      'a hold on a grant that is not there',
      {
        ...good,
        hld: Object.fromEntries(Object.entries(good.hld).map(([key, hold]) => [key, { ...hold, gs: { 7: hold.a } }])),
      },
    ],
    [
      'a hold whose parts do not add up',
      {
        ...good,
        hld: Object.fromEntries(Object.entries(good.hld).map(([key, hold]) => [key, { ...hold, a: hold.a + 1 }])),
        held: good.held + 1,
      },
    ],
    ['no zone', { ...good, zn: [] }],
  ])('with %s is a defect', (_name, item) => {
    expect(() => decodeWallet(item)).toThrow()
  })

  test('a wallet that contradicts itself is not written', () => {
    expect(() => encodeWallet({ ...emptyWallet([{ zone: 'UTC', from: 0 }]), balance: 1 })).toThrow('balance')
  })
})

test.each(grantSources)('a move of a grant of source %s comes back as it was', (source) => {
  const move = {
    grantId: 'grn_01ARYZ6S410123456789ABCDEF',
    amount: -3,
    granted: 10,
    expiresAt: null,
    priority: 0,
    source,
  }
  expect(decodeMove(encodeMove(move))).toEqual(move)
  const other = { ...move, expiresAt: november, priority: -2 }
  expect(decodeMove(encodeMove(other))).toEqual(other)
})
