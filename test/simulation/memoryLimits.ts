import type { Item, Key, QueryRequest, Value, Write } from '#table/port'
import { compareBytes } from './memoryOrder.ts'

/** A request that DynamoDB refuses as malformed: always a defect of whoever sent it. */
export class ValidationException extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'ValidationException'
  }
}

const mostWrites = 100
const largestPkBytes = 2048
const largestSkBytes = 1024
const indexKeys = ['gsi1pk', 'gsi1sk', 'gsi2pk', 'gsi2sk']

export function validateKey({ pk, sk }: Key): void {
  for (const part of [pk, sk])
    if (typeof part !== 'string' || part === '') throw new ValidationException('A key value is empty')
  if (Buffer.byteLength(pk) > largestPkBytes) throw new ValidationException('A partition key has at most 2,048 bytes')
  if (Buffer.byteLength(sk) > largestSkBytes) throw new ValidationException('A sort key has at most 1,024 bytes')
}

export function validateQuery(request: QueryRequest): void {
  if (!Number.isInteger(request.limit) || request.limit < 1 || request.limit > 1000)
    throw new ValidationException('limit is 1 to 1,000')
  if (request.index && request.consistent) throw new ValidationException('An index has no consistent reads')
  if (request.pk === '') throw new ValidationException('A key value is empty')
  const { from, to } = request.sk && !('beginsWith' in request.sk) ? request.sk : {}
  if (from !== undefined && to !== undefined && compareBytes(from, to) > 0)
    throw new ValidationException('A range ends before it begins')
}

/** What the engine looks at before any condition. */
export function validateWrites(writes: Write[]): void {
  if (writes.length === 0) throw new Error('a commit needs a write')
  if (writes.length > mostWrites) throw new ValidationException(`A transaction has at most ${mostWrites} writes`)
  const seen = new Set<string>()
  for (const write of writes) {
    const { pk, sk } = write.kind === 'put' ? write.item : write.key
    validateKey({ pk, sk })
    if (seen.has(`${pk}\n${sk}`)) throw new ValidationException('A transaction has one write on an item')
    seen.add(`${pk}\n${sk}`)
    if (write.kind === 'put') validateAttributes(write.item)
    if (write.kind === 'update') validateUpdate(write)
  }
}

function validateUpdate(write: Extract<Write, { kind: 'update' }>): void {
  const names = [...Object.keys(write.set ?? {}), ...(write.remove ?? []), ...Object.keys(write.add ?? {})]
  if (names.length === 0) throw new ValidationException('An update changes something')
  if (new Set(names).size < names.length) throw new ValidationException('An update names an attribute once')
  if (names.includes('pk') || names.includes('sk')) throw new ValidationException('A key cannot be changed')
  validateAttributes(write.set ?? {})
  for (const amount of Object.values(write.add ?? {})) validateNumber(amount)
}

function validateAttributes(attributes: Record<string, Value>): void {
  for (const name of indexKeys) {
    const value = attributes[name]
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      throw new ValidationException(`"${name}" is a text that is not empty`)
  }
  for (const value of Object.values(attributes)) validateValue(value)
}

function validateValue(value: Value): void {
  if (typeof value === 'number') validateNumber(value)
  // Half of a pair of 16-bit units is no text in UTF-8, and the engine cannot even read the request.
  else if (typeof value === 'string' && !value.isWellFormed())
    throw new ValidationException('A text is not well formed')
  else if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) validateValue(member)
}

function validateNumber(value: number): void {
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER)
    throw new ValidationException(`${value} cannot be stored`)
}

/** Bytes as DynamoDB counts an item, a number at its upper bound. */
export function sizeOf(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + sizeOfValue(value), 0)
}

function sizeOfValue(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (typeof value === 'number') return Math.ceil(String(Math.abs(value)).length / 2) + 2
  if (typeof value !== 'object' || value === null) return 1
  if (Array.isArray(value)) return 3 + value.reduce((sum: number, member) => sum + 1 + sizeOfValue(member), 0)
  return (
    3 +
    Object.entries(value).reduce((sum, [name, member]) => sum + 1 + Buffer.byteLength(name) + sizeOfValue(member), 0)
  )
}
