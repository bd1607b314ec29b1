import type { Item, Key, Page, QueryRequest, Refusal, Table, Value, Write, WriteOutcome } from '#table/port'
import { sizeOf, ValidationException, validateKey, validateQuery, validateWrites } from './memoryLimits.ts'
import { pageOf } from './memoryQuery.ts'
import { evaluate, imageAfter } from './memoryWrite.ts'

/** What a write did to one item. */
export interface Change {
  key: Key
  before: Item | undefined
  after: Item | undefined
}

export interface MemoryStoreOptions {
  /** Milliseconds; only differences matter. */
  now?: () => number
  /** Chooses among `count` images, 0 the newest, for an eventually consistent read. Default: the newest. */
  pickImage?: (count: number) => number
  /** An eventually consistent read is at most this far behind. DynamoDB promises about a second. */
  lagMs?: number
}

interface Version {
  image: Item | undefined
  /** When a later image replaced it; Infinity for the newest. */
  replacedAt: number
}

const keyOf = ({ pk, sk }: Key): string => `${pk}\n${sk}`

/**
 * DynamoDB's semantics in memory, synchronous: each method happens at one instant.
 * The product's `Table` over it is `memoryTable`; the simulator puts delays and faults between the two.
 */
export class MemoryStore {
  /** By `pk\nsk`, oldest image first. Deleted items stay as an undefined image. */
  readonly #versions = new Map<string, Version[]>()
  readonly #now: () => number
  readonly #pickImage: (count: number) => number
  readonly #lagMs: number

  constructor({ now = () => 0, pickImage = () => 0, lagMs = 1_000 }: MemoryStoreOptions = {}) {
    this.#now = now
    this.#pickImage = pickImage
    this.#lagMs = lagMs
  }

  get(key: Key, options: { consistent?: boolean } = {}): Item | undefined {
    validateKey(key)
    return copy(this.#read(key, options.consistent ?? false))
  }

  /** @throws ValidationException beyond 100 keys. */
  batchGet(keys: Key[], options: { consistent?: boolean } = {}): (Item | undefined)[] {
    if (new Set(keys.map(keyOf)).size > 100) throw new ValidationException('BatchGetItem takes at most 100 keys')
    return keys.map((key) => this.get(key, options))
  }

  query(request: QueryRequest): Page {
    validateQuery(request)
    const consistent = request.consistent ?? false
    const images = [...this.#versions.values()].flatMap((versions) => this.#imageOf(versions, consistent) ?? [])
    const page = pageOf(images, request)
    return { ...page, items: page.items.map(copy) }
  }

  /** All or nothing at this instant; `onChange` sees each item changed, before and after. */
  write(writes: Write[], onChange?: (changes: Change[]) => void): WriteOutcome {
    validateWrites(writes)
    const before = writes.map((write) => this.#read(keyIn(write), true))
    const refusals = writes.map((write, index) => refusalOf(write, before[index]))
    if (refusals.some((refusal) => refusal !== undefined)) return { committed: false, refusals }
    // Every image is made before any is stored: a fault in the last one must leave the first untouched.
    const changes = writes.flatMap((write, index) => {
      if (write.kind === 'check') return []
      const after = copy(imageAfter(write, before[index]))
      if (after && sizeOf(after) > largestItemBytes) throw new ValidationException('Item size has exceeded 400 KB')
      return [{ key: keyIn(write), before: before[index], after }]
    })
    for (const change of changes) this.#store(change.key, change.after)
    onChange?.(changes)
    return { committed: true }
  }

  /** Every item as it stands, for oracles. The images are the store's own: not to be changed. */
  items(): Item[] {
    return [...this.#versions.values()].flatMap((versions) => versions.at(-1)?.image ?? [])
  }

  #read(key: Key, consistent: boolean): Item | undefined {
    const versions = this.#versions.get(keyOf(key))
    return versions && this.#imageOf(versions, consistent)
  }

  #imageOf(versions: Version[], consistent: boolean): Item | undefined {
    if (consistent || versions.length === 1) return versions.at(-1)?.image
    const oldest = this.#now() - this.#lagMs
    const readable = versions.filter((version) => version.replacedAt > oldest)
    return readable.at(-1 - this.#pickImage(readable.length))?.image
  }

  #store(key: Key, image: Item | undefined): void {
    const id = keyOf(key)
    const now = this.#now()
    // An item that never was is an image too: a reader may not see it yet.
    const versions = this.#versions.get(id) ?? [{ image: undefined, replacedAt: now }]
    const last = versions.at(-1)
    if (last) last.replacedAt = now
    const readable = versions.filter((version) => version.replacedAt > now - this.#lagMs)
    this.#versions.set(id, [...readable, { image, replacedAt: Number.POSITIVE_INFINITY }])
  }
}

const largestItemBytes = 400 * 1024

/** The product's `Table` on a store, answering at once. */
export const memoryTable = (store: MemoryStore = new MemoryStore()): Table => ({
  get: async (key, options) => store.get(key, options),
  batchGet: async (keys, options) => store.batchGet(keys, options),
  query: async (request) => store.query(request),
  write: async (writes) => store.write(writes),
})

export const keyIn = (write: Write): Key => {
  const { pk, sk } = write.kind === 'put' ? write.item : write.key
  return { pk, sk }
}

function refusalOf(write: Write, image: Item | undefined): Refusal | undefined {
  if (write.when === 'unconditional' || evaluate(write.when, image)) return undefined
  return image ? { item: copy(image) } : {}
}

/** Items go in and out by copy, as they do over the wire; undefined members are dropped as in JSON. */
export function copy<V extends Value | undefined>(value: V): V {
  return copyOf(value) as V
}

function copyOf(value: Value | undefined): Value | undefined {
  if (typeof value === 'number') return value === 0 ? 0 : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((member) => copyOf(member) ?? null)
  const made: { [name: string]: Value } = {}
  for (const name of Object.keys(value)) {
    const member = copyOf(value[name])
    if (member !== undefined) made[name] = member
  }
  return made
}
