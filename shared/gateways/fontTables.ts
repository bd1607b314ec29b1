import { inflateSync } from 'node:zlib'

/** No table of these fonts is a hundredth of that; a broken length must not fill the memory. */
const longestTableBytes = 4_194_304

/** WOFF 1.0: a header of 44 bytes, then a directory of 20 bytes a table. SFNT: 12, then 16 a table. */
const woff = { header: 44, entry: 20 }
const sfnt = { header: 12, entry: 16 }

/**
 * A WOFF file as the plain SFNT (TrueType) that it packs, its tables inflated by zlib: whoever draws with a font reads its tables
 * again and again, and the drawing library would inflate them each time in JavaScript, half a second for a page.
 * @throws Error or RangeError for bytes that are not a WOFF 1.0 file.
 */
export function unpacked(bytes: Uint8Array): Uint8Array {
  const from = viewOf(bytes)
  if (from.getUint32(0) !== tag('wOFF')) throw new Error('not a WOFF file')
  const count = from.getUint16(12)
  const header = Buffer.alloc(sfnt.header + sfnt.entry * count)
  header.writeUInt32BE(from.getUint32(4), 0)
  header.writeUInt16BE(count, 4)
  const tables: Uint8Array[] = []
  let offset = header.byteLength
  for (let n = 0; n < count; n++) {
    const at = woff.header + woff.entry * n
    const table = inflated(bytes, from.getUint32(at + 4), from.getUint32(at + 8), from.getUint32(at + 12))
    const fields = [from.getUint32(at), from.getUint32(at + 16), offset, table.byteLength]
    for (const [field, value] of fields.entries()) header.writeUInt32BE(value, sfnt.header + sfnt.entry * n + 4 * field)
    // Tables begin at multiples of four.
    const padding = new Uint8Array((4 - (table.byteLength % 4)) % 4)
    tables.push(table, padding)
    offset += table.byteLength + padding.byteLength
  }
  return Buffer.concat([header, ...tables])
}

/** A table is compressed only where that is shorter. */
function inflated(bytes: Uint8Array, offset: number, stored: number, length: number): Uint8Array {
  const part = bytes.subarray(offset, offset + stored)
  const table = stored < length ? inflateSync(part, { maxOutputLength: longestTableBytes }) : part
  if (table.byteLength !== length) throw new Error('a table of the font is not as long as it says')
  return table
}

/**
 * Whether an SFNT font has a glyph for a code point: read from its own character map (table `cmap`, format 4 or 12, as in
 * ISO/IEC 14496-22), because what a file's name or style sheet promises is more than what it holds.
 * @throws Error or RangeError for bytes that are not such a font.
 */
export function coverageOf(font: Uint8Array): (codePoint: number) => boolean {
  const covered = new Set<number>()
  const map = characterMap(font)
  for (let n = 0; n < map.getUint16(2); n++) {
    const table = new DataView(map.buffer, map.byteOffset + map.getUint32(4 + 8 * n + 4))
    const format = table.getUint16(0)
    if (format === 4) addSegments(table, covered)
    if (format === 12) addGroups(table, covered)
  }
  if (covered.size === 0) throw new Error('the font maps no character')
  return (codePoint) => covered.has(codePoint)
}

function characterMap(font: Uint8Array): DataView {
  const view = viewOf(font)
  for (let n = 0; n < view.getUint16(4); n++) {
    const at = sfnt.header + sfnt.entry * n
    if (view.getUint32(at) === tag('cmap')) return viewOf(font.subarray(view.getUint32(at + 8)))
  }
  throw new Error('the font has no character map')
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength)

const tag = (name: string): number => Buffer.from(name, 'latin1').readUInt32BE()

/** Format 4: ranges of 16-bit code points, whose glyphs are the code plus a delta, or stand in a list. */
function addSegments(table: DataView, covered: Set<number>): void {
  const doubled = table.getUint16(6)
  for (let at = 0; at < doubled; at += 2) {
    const end = table.getUint16(14 + at)
    const start = table.getUint16(16 + doubled + at)
    const delta = table.getUint16(16 + 2 * doubled + at)
    const rangeAt = 16 + 3 * doubled + at
    const range = table.getUint16(rangeAt)
    for (let code = start; code <= end && code !== 0xffff; code++) {
      const listed = range === 0 ? code : table.getUint16(rangeAt + range + 2 * (code - start))
      // Glyph 0 is the empty box that stands for "none".
      if (listed !== 0 && ((listed + delta) & 0xffff) !== 0) covered.add(code)
    }
  }
}

/** Format 12: ranges of any code points with their first glyph. */
function addGroups(table: DataView, covered: Set<number>): void {
  for (let n = 0; n < table.getUint32(12); n++) {
    const at = 16 + 12 * n
    const start = table.getUint32(at)
    const glyph = table.getUint32(at + 8)
    for (let code = start; code <= table.getUint32(at + 4); code++) if (glyph + code - start !== 0) covered.add(code)
  }
}
