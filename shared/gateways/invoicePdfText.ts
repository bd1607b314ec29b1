import type { FontFile } from './fonts.ts'
import { coverageOf, unpacked } from './fontTables.ts'

export type Weight = 'regular' | 'semibold'

/** Text of one font file. */
export interface Run {
  font: string
  text: string
}

/** Which font file draws which characters, for each weight, in the order in which files are asked. */
export interface Faces {
  regular: Face[]
  semibold: Face[]
}
export interface Face {
  /** What the document calls it. */
  name: string
  /** SFNT. */
  bytes: Uint8Array
  covers: (codePoint: number) => boolean
}

/** Drawn for a character that no file has. Inter has neither U+FFFD nor a box. */
const replacement = '?'

export function openFaces(files: readonly FontFile[]): Faces {
  const ofWeight = (weight: string): Face[] =>
    files
      .filter(({ name }) => name.includes(`-${weight}-`))
      .map((file) => {
        const bytes = unpacked(file.bytes)
        return { name: file.name, bytes, covers: coverageOf(bytes) }
      })
  return { regular: ofWeight('400'), semibold: ofWeight('600') }
}

/** A letter with its accents: drawn from one file, since an accent of another would stand in the wrong place. */
const clusters = /\P{M}\p{M}*|\p{M}+/gu
/** What is never seen: joiners, variation selectors, direction marks. Left in, it would come out as a replacement. */
const invisible = /\p{Default_Ignorable_Code_Point}/gu
const spaces = /[\s\p{Cc}]+/gu

/** Composed accents, single spaces, nothing invisible. */
export const plainText = (text: string): string =>
  text.normalize('NFC').replace(invisible, '').replace(spaces, ' ').trim()

/** Cuts a text where its font changes; what no file has becomes the replacement, never another glyph. */
export function runsOf(text: string, faces: readonly Face[]): Run[] {
  const runs: Run[] = []
  for (const [cluster] of text.matchAll(clusters)) {
    const { font, text: drawn } = drawable(cluster, faces)
    const last = runs.at(-1)
    if (last?.font === font) last.text += drawn
    else runs.push({ font, text: drawn })
  }
  return runs
}

function drawable(cluster: string, faces: readonly Face[]): Run {
  const face = faceOf(cluster, faces)
  if (face) return { font: face.name, text: cluster }
  // A letter that is there is shown without the accent that is not.
  const [base = ''] = cluster
  const bare = cluster === base ? undefined : faceOf(base, faces)
  if (bare) return { font: bare.name, text: base }
  const shown = faceOf(replacement, faces)
  if (!shown) throw new Error('the fonts lack the sign for a character that they lack')
  return { font: shown.name, text: replacement }
}

const faceOf = (cluster: string, faces: readonly Face[]): Face | undefined =>
  faces.find(({ covers }) => [...cluster].every((character) => covers(character.codePointAt(0) ?? 0)))

/** The lines of a text no wider than `width` points, broken at spaces, within a word only when it is wider than a line. */
export function wrapped(
  text: string,
  width: number,
  { widthOf, linesMax }: { widthOf: (text: string) => number; linesMax: number },
): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of plainText(text).split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (widthOf(longer) <= width) {
      line = longer
      continue
    }
    if (line !== '') lines.push(line)
    const pieces = widthOf(word) <= width ? [word] : brokenWord(word, width, widthOf)
    lines.push(...pieces.slice(0, -1))
    line = pieces.at(-1) ?? ''
    // What follows is cut off below anyway.
    if (lines.length > linesMax) break
  }
  if (line !== '') lines.push(line)
  return lines.length <= linesMax
    ? lines
    : [...lines.slice(0, linesMax - 1), ellipsis(lines[linesMax - 1] ?? '', width, widthOf)]
}

function brokenWord(word: string, width: number, widthOf: (text: string) => number): string[] {
  const pieces: string[] = []
  let piece = ''
  for (const [cluster] of word.matchAll(clusters)) {
    if (piece !== '' && widthOf(piece + cluster) > width) {
      pieces.push(piece)
      piece = ''
    }
    piece += cluster
  }
  return [...pieces, piece]
}

function ellipsis(line: string, width: number, widthOf: (text: string) => number): string {
  const kept = [...line.matchAll(clusters)].map(([cluster]) => cluster)
  while (kept.length > 0 && widthOf(`${kept.join('')}…`) > width) kept.pop()
  return `${kept.join('').trimEnd()}…`
}
