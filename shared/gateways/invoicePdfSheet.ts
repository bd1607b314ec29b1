import { type Face, type Faces, runsOf, type Weight, wrapped } from './invoicePdfText.ts'

type Document = PDFKit.PDFDocument
/** An element of the document's structure, which screen readers follow. */
export type Element = PDFKit.PDFStructureElement

/** A4 in points, and its margins. */
export const page = { width: 595.28, height: 841.89, margin: 48, bottom: 780 } as const
export const contentWidth = page.width - 2 * page.margin

/** Drawn lines stand this many sizes apart. */
const leading = 1.4
const ink = '#111827'
export const grey = '#4b5563'
const rule = '#d1d5db'

/** A document being drawn: where the next thing goes, and what it belongs to. */
export interface Sheet {
  document: Document
  faces: Faces
  /** Points from the top of the page. */
  y: number
  body: Element
  /** Of runs that were measured; a document says much more than once. */
  widths: Map<string, number>
}

export interface Style {
  size: number
  weight?: Weight
  color?: string
  align?: 'left' | 'right'
  /** Default 12: a longer text ends in "…", so that no row is taller than a page. */
  linesMax?: number
}

export function openSheet(document: Document, faces: Faces): Sheet {
  for (const face of [...faces.regular, ...faces.semibold]) document.registerFont(face.name, Buffer.from(face.bytes))
  const body = document.struct('Document')
  document.addStructure(body)
  document.addPage()
  return { document, faces, y: page.margin, body, widths: new Map() }
}

export const facesOf = ({ faces }: Sheet, { weight = 'regular' }: Style): Face[] => faces[weight]

export function widthOf(sheet: Sheet, text: string, style: Style): number {
  return runsOf(text, facesOf(sheet, style)).reduce((sum, run) => sum + runWidth(sheet, run.font, run.text, style), 0)
}

function runWidth({ document, widths }: Sheet, font: string, text: string, { size }: Style): number {
  const key = `${font} ${size} ${text}`
  const known = widths.get(key)
  if (known !== undefined) return known
  const width = document.font(font).fontSize(size).widthOfString(text)
  widths.set(key, width)
  return width
}

export const linesOf = (sheet: Sheet, text: string, width: number, style: Style): string[] =>
  wrapped(text, width, {
    widthOf: (part) => widthOf(sheet, part, style),
    linesMax: style.linesMax ?? 12,
  })

export const heightOf = (lines: readonly string[], { size }: Style): number => lines.length * size * leading

/** Draws lines below each other from (x, y) down, within `width`; answers the y below them. */
export function drawLines(
  sheet: Sheet,
  lines: readonly string[],
  { x, y, width }: { x: number; y: number; width: number },
  style: Style,
): number {
  for (const [n, line] of lines.entries()) {
    const left = style.align === 'right' ? x + width - widthOf(sheet, line, style) : x
    drawLine(sheet, line, { x: left, y: y + n * style.size * leading }, style)
  }
  return y + heightOf(lines, style)
}

function drawLine(sheet: Sheet, line: string, at: { x: number; y: number }, style: Style): void {
  let { x } = at
  sheet.document.fillColor(style.color ?? ink)
  for (const { font, text } of runsOf(line, facesOf(sheet, style))) {
    const width = runWidth(sheet, font, text, style)
    sheet.document.font(font).fontSize(style.size).text(text, x, at.y, { lineBreak: false })
    x += width
  }
}

/** Draws what belongs to a new element of the structure. */
export function tagged<T>(sheet: Sheet, parent: Element, tag: string, draw: () => T): T {
  const content = sheet.document.markStructureContent(tag)
  const drawn = draw()
  sheet.document.endMarkedContent()
  const element = sheet.document.struct(tag, {}, content)
  parent.add(element)
  return drawn
}

/** An element that others go into; it ends when they are drawn. */
export function group<T>(sheet: Sheet, parent: Element, tag: string, draw: (element: Element) => T): T {
  const element = sheet.document.struct(tag)
  parent.add(element)
  const drawn = draw(element)
  element.end()
  return drawn
}

/** Ornament: screen readers pass it over. */
export function artifact(sheet: Sheet, type: 'Layout' | 'Pagination', draw: () => void): void {
  sheet.document.markContent('Artifact', { type: 'Layout', ...(type === 'Pagination' && { type }) })
  draw()
  sheet.document.endMarkedContent()
}

export function drawRule(sheet: Sheet, x: number, width: number): void {
  artifact(sheet, 'Layout', () => {
    sheet.document
      .moveTo(x, sheet.y)
      .lineTo(x + width, sheet.y)
      .lineWidth(0.5)
      .strokeColor(rule)
      .stroke()
  })
}

/** Goes to a new page unless so many points are left; answers whether it did. */
export function ensureRoom(sheet: Sheet, height: number): boolean {
  if (sheet.y + height <= page.bottom) return false
  sheet.document.addPage()
  sheet.y = page.margin
  return true
}
