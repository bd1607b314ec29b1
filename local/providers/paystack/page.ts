import { type Answer, ok } from '../call.ts'
import type { JsonObject } from '../json.ts'

const perPageMax = 100

/** A page, newest first, by `perPage` or `per_page` (50), `page` (from 1), `from` and `to` (ISO). */
export function listAnswer<Row extends { createdAtMs: number }>(
  message: string,
  rows: Row[],
  query: URLSearchParams,
  view: (row: Row) => JsonObject,
  meta: JsonObject,
): Answer {
  const perPage = Math.min(whole(query.get('perPage') ?? query.get('per_page'), 50), perPageMax)
  const page = whole(query.get('page'), 1)
  const from = instant(query.get('from'), 0)
  const to = instant(query.get('to'), Number.MAX_SAFE_INTEGER)
  const found = [...rows].reverse().filter(({ createdAtMs }) => createdAtMs >= from && createdAtMs <= to)
  const skipped = (page - 1) * perPage
  return ok({
    status: true,
    message,
    data: found.slice(skipped, skipped + perPage).map(view),
    meta: {
      total: found.length,
      skipped,
      perPage: String(perPage),
      page,
      pageCount: Math.max(1, Math.ceil(found.length / perPage)),
      ...meta,
    },
  })
}

const whole = (text: string | null, usual: number): number =>
  text !== null && /^[1-9]\d{0,6}$/.test(text) ? Number(text) : usual

function instant(text: string | null, usual: number): number {
  const ms = text === null ? Number.NaN : Date.parse(text)
  return Number.isNaN(ms) ? usual : ms
}
