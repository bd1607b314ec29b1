import { describe, expect, it } from 'vitest'
import { sealWith } from '#gateways/seal'

const first = 'a'.repeat(32)
const second = 'b'.repeat(32)
const text = 'tok_4111 ₹ и'
const about = 'method:acc_1:pmt_1'

/** Where the parts of a sealed text begin: nonce, tag, body. */
const [ivAt, tagAt, bodyAt] = [0, 12, 28]

function flipped(sealed: string, at: number): string {
  const bytes = Buffer.from(sealed, 'base64url')
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  return bytes.toString('base64url')
}

describe('a sealed text', () => {
  const seal = sealWith([first])
  const sealed = seal.seal(text, about)

  it.each([
    ['text', text],
    ['an empty text', ''],
    ['a long text', 'x'.repeat(100_000)],
  ])('opens again: %s', (_, given) => {
    expect(seal.open(seal.seal(given, about), about)).toBe(given)
  })

  it('shows nothing of the text, and looks different each time', () => {
    expect(Buffer.from(sealed, 'base64url').includes(Buffer.from('tok_4111'))).toBe(false)
    expect(sealed).toMatch(/^[A-Za-z0-9_-]+$/)
    expect(seal.seal(text, about)).not.toBe(sealed)
  })

  it.each(['', 'method:acc_2:pmt_1', `${about} `, about.toUpperCase()])('opens for nothing else: "%s"', (other) => {
    expect(seal.open(sealed, other)).toBeUndefined()
  })

  it.each([
    ['the nonce’s first byte', ivAt],
    ['the nonce’s last byte', tagAt - 1],
    ['the tag’s first byte', tagAt],
    ['the tag’s last byte', bodyAt - 1],
    ['the body’s first byte', bodyAt],
    ['the body’s last byte', Buffer.from(sealed, 'base64url').length - 1],
  ])('does not open when %s was changed', (_, at) => {
    expect(seal.open(flipped(sealed, at), about)).toBeUndefined()
  })

  it.each([0, 1, tagAt, bodyAt - 1, bodyAt, Buffer.from(sealed, 'base64url').length - 1])(
    'does not open when cut to %i bytes',
    (length) => {
      const cut = Buffer.from(sealed, 'base64url').subarray(0, length).toString('base64url')
      expect(seal.open(cut, about)).toBeUndefined()
    },
  )

  it('does not open when something was added', () => {
    const longer = Buffer.concat([Buffer.from(sealed, 'base64url'), Buffer.from([0])]).toString('base64url')
    expect(seal.open(longer, about)).toBeUndefined()
  })

  it.each(['', '{}', 'not sealed at all', '💳'.repeat(40)])(
    'is not mistaken for what was never sealed: %s',
    (other) => {
      expect(seal.open(other, about)).toBeUndefined()
    },
  )
})

describe('a replaced secret', () => {
  const old = sealWith([first])
  const both = sealWith([second, first])
  const next = sealWith([second])

  it('still opens what it sealed, and seals nothing more', () => {
    expect(both.open(old.seal(text, about), about)).toBe(text)
    expect(next.open(both.seal(text, about), about)).toBe(text)
    expect(old.open(both.seal(text, about), about)).toBeUndefined()
  })

  it('opens nothing once it is gone', () => {
    expect(next.open(old.seal(text, about), about)).toBeUndefined()
  })
})

describe('a secret', () => {
  it('is required', () => {
    expect(() => sealWith([])).toThrow('missing')
  })

  it.each([[['x'.repeat(31)]], [['']], [[first, 'x'.repeat(31)]]])('has at least 32 characters', (secrets) => {
    expect(() => sealWith(secrets)).toThrow('at least 32 characters')
  })

  it('of another nonce source gives the same bytes for the same nonce', () => {
    const fixed = () => new Uint8Array(12)
    expect(sealWith([first], fixed).seal(text, about)).toBe(sealWith([first], fixed).seal(text, about))
  })
})
