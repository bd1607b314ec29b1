import { directoryAttributes } from '#operations/tableIndexes'
import type { Item, Page, QueryRequest } from '#table/port'
import { sizeOf } from './memoryLimits.ts'
import { compareBytes } from './memoryOrder.ts'

/** A page ends here even when its limit is not reached. */
const largestPageBytes = 1024 * 1024

/** The page that a query answers from these images. Items without both keys of an index are not in it. */
export function pageOf(images: Item[], request: QueryRequest): Page {
  const names = keyNames(request)
  const [pkName, skName] = names
  const matching = images.filter(
    (image) =>
      image[pkName] === request.pk && typeof image[skName] === 'string' && isInRange(String(image[skName]), request.sk),
  )
  const direction = request.descending ? -1 : 1
  const order = (left: Position, right: Position) => direction * compareKeys(left, right, names)
  const { after } = request
  const rest = matching.sort(order).filter((image) => after === undefined || order(image, after) > 0)
  const shown = rest.slice(0, request.limit + 1).map((item) => shownBy(request.index, item, names))
  const items = firstPage(shown, request.limit)
  const last = items.at(-1)
  const full = last !== undefined && (items.length === request.limit || items.length < rest.length)
  return full ? { items, next: keysOnly(last, names) } : { items }
}

type Position = Record<string, unknown>

/** Partition and sort key of the index or table, then the item's own, which breaks ties in an index. */
const keyNames = (request: QueryRequest): [string, string, string, string] =>
  request.index ? [`${request.index}pk`, `${request.index}sk`, 'pk', 'sk'] : ['pk', 'sk', 'pk', 'sk']

function compareKeys(left: Position, right: Position, [, ...names]: string[]): number {
  for (const name of names) {
    const order = compareBytes(String(left[name]), String(right[name]))
    if (order !== 0) return order
  }
  return 0
}

function isInRange(sk: string, range: QueryRequest['sk']): boolean {
  if (!range) return true
  if ('beginsWith' in range) return sk.startsWith(range.beginsWith)
  return (
    (range.from === undefined || compareBytes(sk, range.from) >= 0) &&
    (range.to === undefined || compareBytes(sk, range.to) <= 0)
  )
}

function firstPage(items: Item[], limit: number): Item[] {
  let bytes = 0
  const end = items.slice(0, limit).findIndex((item) => {
    bytes += sizeOf(item)
    return bytes > largestPageBytes
  })
  return items.slice(0, end === -1 ? limit : Math.max(1, end))
}

/** `gsi1` holds the members of a ledger entry beside keys, `gsi2` keys alone. */
function shownBy(index: QueryRequest['index'], item: Item, names: string[]): Item {
  if (!index) return item
  const held = index === 'gsi1' ? directoryAttributes.filter((name) => item[name] !== undefined) : []
  return { ...keysOnly(item, names), ...Object.fromEntries(held.map((name) => [name, item[name] ?? null])) }
}

const keysOnly = (item: Item, names: string[]): Item & Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, String(item[name])])) as Item & Record<string, string>
