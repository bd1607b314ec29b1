import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type CallerClass,
  callerClasses,
  canonicalJson,
  guardOf,
  guardOfBits,
  guardOfId,
  idOf,
  idPrefixes,
  idTime,
  operationSk,
  requestHash,
  ulidOf,
} from '#domain/guard'

const anyClass = fc.constantFrom<CallerClass>(...callerClasses)
const instant = fc.integer({ min: 0, max: 2 ** 48 - 1 })

describe('guard', () => {
  test('is a fixed function of class, family and key: stored rows depend on it', () => {
    expect(guardOf('c', 'credits', 'order-1')).toEqual({
      class: 'c',
      bits: expect.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{15}$/),
    })
    expect(guardOf('s', 'credits', 'order-1').bits).toMatch(/^[89A-F]/)
    expect(guardOf('i', 'credits', 'order-1').bits).toMatch(/^[GHJKMNPQ]/)
    expect(guardOf('s', 'credits', 'order-1').bits).toBe('EF2VE105EA6KKT7R')
  })

  test('classes of one key differ in the first two bits only', () => {
    const [c, s, i] = callerClasses.map((callerClass) => guardOf(callerClass, 'credits', 'k').bits)
    expect(new Set([c, s, i]).size).toBe(3)
    expect(new Set([c, s, i].map((bits) => bits?.slice(1))).size).toBe(1)
  })

  test('family and key do not run into each other', () => {
    expect(guardOf('s', 'a', 'b-c')).not.toEqual(guardOf('s', 'a-b', 'c'))
    expect(guardOf('s', 'credits', 'k')).not.toEqual(guardOf('s', 'usage', 'k'))
  })

  test('its characters alone lead back to it, and to the row', () => {
    fc.assert(
      fc.property(anyClass, fc.string(), instant, (callerClass, key, at) => {
        const guard = guardOf(callerClass, 'credits', key)
        expect(guardOfBits(guard.bits)).toEqual(guard)
        const id = idOf(idPrefixes.ledgerEntry, at, guard)
        expect(guardOfId('led', id)).toEqual(guard)
        expect(idTime(id)).toBe(at)
        expect(operationSk(guard)).toBe(`OP#${callerClass}#${guard.bits}`)
      }),
    )
  })

  test('two keys are two guards, over many keys', () => {
    const keys = Array.from({ length: 20_000 }, (_, n) => guardOf('s', 'credits', `key-${n}`).bits)
    expect(new Set(keys).size).toBe(keys.length)
  })
})

describe('id', () => {
  test('sorts by time', () => {
    fc.assert(
      fc.property(instant, instant, fc.string(), fc.string(), (a, b, x, y) => {
        fc.pre(a < b)
        expect(idOf('led', a, guardOf('s', 'f', x)) < idOf('led', b, guardOf('c', 'f', y))).toBe(true)
      }),
    )
  })

  test.each([
    ['epoch', 0, '0000000000'],
    ['the example of the ULID specification', 1_469_918_176_385, '01ARYZ6S41'],
    ['last instant', 2 ** 48 - 1, '7ZZZZZZZZZ'],
  ])('time part: %s', (_name, at, part) => {
    expect(ulidOf(at, '0123456789ABCDEF')).toBe(`${part}0123456789ABCDEF`)
  })

  test.each([-1, 2 ** 48, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('no ULID has the time %s', (at) => {
    expect(() => ulidOf(at, '0123456789ABCDEF')).toThrow(RangeError)
  })

  test.each(['', '0123456789ABCDE', '0123456789ABCDEFG', '0123456789ABCDEI', '0123456789abcdef'])(
    'no ULID ends in %j',
    (random) => {
      expect(() => ulidOf(0, random)).toThrow(RangeError)
    },
  )

  const good = idOf('rsv', 1_800_000_000_000, guardOf('s', 'credits', 'k'))
  test.each([
    ['another prefix', good.replace('rsv', 'led')],
    ['no prefix', good.slice(4)],
    ['lower case', good.toLowerCase()],
    ['one character short', good.slice(0, -1)],
    ['one character long', `${good}0`],
    ['a key separator', `${good.slice(0, -1)}#`],
    ['a letter outside the alphabet', `${good.slice(0, -1)}U`],
    ['a time beyond 48 bits', good.replace('rsv_0', 'rsv_8')],
    ['a random part of no class', `${good.slice(0, 14)}Z${good.slice(15)}`],
    ['nothing', ''],
  ])('no guard in an id with %s', (_name, id) => {
    expect(guardOfId('rsv', id)).toBeUndefined()
  })

  test('prefixes are three or four letters, each used once', () => {
    const all = Object.values(idPrefixes)
    expect(new Set(all).size).toBe(all.length)
    for (const prefix of all) expect(prefix).toMatch(/^[a-z]{3,4}$/)
  })
})

describe('request hash', () => {
  test('does not see the order of members, or absent ones', () => {
    expect(requestHash({ a: 1, b: { c: [1, 2], d: undefined } })).toBe(requestHash({ b: { c: [1, 2] }, a: 1 }))
  })

  test.each([
    [{ amount: 1 }, { amount: 2 }],
    [{ amount: 1 }, { amount: '1' }],
    [{ list: [1, 2] }, { list: [2, 1] }],
    [{ a: null }, {}],
    [{ a: 'b' }, { ab: '' }],
  ])('%j and %j are two requests', (one, other) => {
    expect(requestHash(one)).not.toBe(requestHash(other))
  })

  test('is 22 characters of base64url', () => {
    expect(requestHash({ any: 'thing' })).toMatch(/^[A-Za-z0-9_-]{22}$/)
  })

  test('canonical JSON is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})
