import { stringify } from 'csv-stringify/sync'
import { Reply } from './run.ts'

/** A cell as a program reads it: text, a number, or nothing. */
export type Cell = string | number | null

/**
 * A table as a download, RFC 4180. Text that a spreadsheet would run as a formula is made text: it gets an apostrophe in
 * front. `name` is the file's, without its ending.
 */
export function csvReply(name: string, columns: readonly string[], rows: readonly (readonly Cell[])[]): Reply<string> {
  const text = stringify(
    [columns, ...rows].map((row) => [...row]),
    {
      escape_formulas: true,
      record_delimiter: '\r\n',
    },
  )
  return new Reply(text, {
    headers: { 'content-disposition': `attachment; filename="${name}.csv"`, 'cache-control': 'private, no-store' },
  })
}
