import { describe, expect, it } from 'vitest'
import { loadFonts } from '#gateways/fonts'
import { coverageOf, unpacked } from '#gateways/fontTables'

const fonts = new Map((await loadFonts()).map(({ name, bytes }) => [name.split('/').at(-1), bytes]))
const bytesOf = (file: string): Uint8Array => {
  const bytes = fonts.get(`inter-${file}-normal.woff`)
  if (!bytes) throw new Error(`no file ${file}`)
  return bytes
}
const covers = (file: string, character: string) => coverageOf(unpacked(bytesOf(file)))(character.codePointAt(0) ?? 0)

describe('what a font file has', () => {
  it.each([
    ['latin', 'A', true],
    ['latin', '€', true],
    ['latin', '₹', false],
    ['latin-ext', '₹', true],
    ['latin-ext', '₦', true],
    ['latin-ext', '₵', true],
    ['latin-ext', '€', false],
    ['cyrillic', 'Ж', true],
    ['cyrillic', 'q', false],
    ['latin', '\u{FFFF}', false],
    ['latin', '😀', false],
  ])('%s and %s: %s', (file, character, has) => {
    expect(covers(`${file}-400`, character)).toBe(has)
    expect(covers(`${file}-600`, character)).toBe(has)
  })

  it('both weights of each script are there', () => {
    const scripts = ['latin', 'latin-ext', 'vietnamese', 'greek', 'cyrillic', 'cyrillic-ext']
    expect([...fonts.keys()].sort()).toEqual(
      scripts.flatMap((script) => [`inter-${script}-400-normal.woff`, `inter-${script}-600-normal.woff`]).sort(),
    )
  })
})

describe('bytes that are no font', () => {
  it('are refused', () => {
    expect(() => unpacked(new Uint8Array(64))).toThrow('not a WOFF file')
    expect(() => unpacked(bytesOf('latin-400').subarray(0, 2_000))).toThrow()
    expect(() => coverageOf(new Uint8Array(64))).toThrow('no character map')
  })
})
