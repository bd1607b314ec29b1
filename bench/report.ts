/** A measured figure with the most it may be. */
export interface Bound {
  what: string
  value: number
  most: number
}

export interface Table {
  title: string
  columns: string[]
  rows: (string | number)[][]
}

/** What one part of the benchmark found; written to `results.json` as it is. */
export interface Section {
  tables: Table[]
  bounds: Bound[]
  notes: string[]
}

export const holds = ({ value, most }: Bound): boolean => value <= most

/** At most three decimals, none that say nothing. */
export const shown = (value: string | number): string =>
  typeof value === 'string' ? value : String(Number(value.toFixed(value < 1 ? 3 : value < 100 ? 2 : 0)))

/** Columns of equal width: text to the left, numbers to the right. */
export function textTable({ title, columns, rows }: Table): string {
  const cells = [columns, ...rows.map((row) => row.map(shown))]
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)))
  const line = (row: string[], numeric: (at: number) => boolean) =>
    `  ${row.map((cell, at) => (numeric(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))).join('  ')}`.trimEnd()
  const isNumeric = (at: number) => rows.length > 0 && rows.every((row) => typeof row[at] === 'number')
  const [head = [], ...body] = cells
  return [title, line(head, isNumeric), ...body.map((row) => line(row, isNumeric))].join('\n')
}

export function markdownTable({ columns, rows }: Omit<Table, 'title'>): string {
  const isNumeric = (at: number) => rows.length > 0 && rows.every((row) => typeof row[at] === 'number')
  return [
    `| ${columns.join(' | ')} |`,
    `| ${columns.map((_, at) => (isNumeric(at) ? '---:' : '---')).join(' | ')} |`,
    ...rows.map((row) => `| ${row.map(shown).join(' | ')} |`),
  ].join('\n')
}

export const boundLine = (bound: Bound): string =>
  `  ${holds(bound) ? 'OK    ' : 'MISSED'}  ${bound.what}: ${shown(bound.value)} (at most ${shown(bound.most)})`

/** A section as it is read on a terminal. */
export const textSection = ({ tables, bounds, notes }: Section): string =>
  [...tables.map(textTable), bounds.map(boundLine).join('\n'), notes.map((note) => `  ${note}`).join('\n')]
    .filter((part) => part !== '')
    .join('\n\n')
