import type { Item, Value } from '#table/port'

/** What DynamoDB charges for around each list or map, and around each of its members. */
const containerBytes = 3
const memberBytes = 1

/** Bytes of an item by DynamoDB's published rules: names and values, UTF-8; a number takes a byte for two digits and one more. */
export const itemBytes = (item: Item): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value), 0)

/** What one write of an item costs in write units, outside a transaction. */
export const writeUnits = (bytes: number): number => Math.max(1, Math.ceil(bytes / 1024))

function valueBytes(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (typeof value === 'number') return numberBytes(value)
  if (value === null || typeof value === 'boolean') return 1
  const members = Array.isArray(value)
    ? value.map(valueBytes)
    : Object.entries(value).map(([name, one]) => Buffer.byteLength(name) + valueBytes(one))
  return members.reduce((sum, bytes) => sum + bytes + memberBytes, containerBytes)
}

const numberBytes = (value: number): number => {
  const digits = String(Math.abs(value)).replace('.', '').replace(/0+$/, '').length
  return Math.ceil(digits / 2) + 1 + (value < 0 ? 1 : 0)
}
