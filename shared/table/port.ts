/**
 * What the product asks of its table, as values. Two engines implement it: `dynamo.ts` (DynamoDB's wire API) and the
 * simulator's in-memory table; one test runs random commands against both and compares.
 */
export interface Key {
  pk: string
  sk: string
}

/** Numbers are integers below 2^53. No sets, no binary: what JSON holds is what an item holds. */
export type Value = string | number | boolean | null | Value[] | { [name: string]: Value }
export type Item = Key & { [name: string]: Value }

/** Conditions on one item's top-level attributes. A comparison with an absent attribute is false, as in DynamoDB. */
export type Condition =
  | { op: 'absent'; attr: string }
  | { op: 'present'; attr: string }
  | { op: '=' | '<' | '<=' | '>' | '>='; attr: string; value: string | number | boolean }
  | { op: 'and' | 'or'; of: Condition[] }

export const absent: Condition = { op: 'absent', attr: 'pk' }
export const present: Condition = { op: 'present', attr: 'pk' }
export const equals = (attr: string, value: string | number | boolean): Condition => ({ op: '=', attr, value })
export const compare = (attr: string, op: '<' | '<=' | '>' | '>=', value: string | number): Condition => ({
  op,
  attr,
  value,
})
export const lacks = (attr: string): Condition => ({ op: 'absent', attr })
export const both = (...of: Condition[]): Condition => ({ op: 'and', of })
export const either = (...of: Condition[]): Condition => ({ op: 'or', of })

/** A write carries its condition. `unconditional` is spelled out, so that a reader sees that someone thought of it. */
export type Write =
  | { kind: 'put'; item: Item; when: Condition | 'unconditional' }
  | {
      kind: 'update'
      key: Key
      set?: Record<string, Value>
      remove?: string[]
      add?: Record<string, number>
      when: Condition | 'unconditional'
    }
  | { kind: 'delete'; key: Key; when: Condition | 'unconditional' }
  | { kind: 'check'; key: Key; when: Condition }

/** Why a write of a refused commit did not pass; `item` is the image that refused it (absent: there is none). */
export interface Refusal {
  item?: Item
}

/** A refused commit changed nothing. `refusals[i]` belongs to the i-th write; undefined where that write would have passed. */
export type WriteOutcome = { committed: true } | { committed: false; refusals: (Refusal | undefined)[] }

export type IndexName = 'gsi1' | 'gsi2'

export interface QueryRequest {
  index?: IndexName
  pk: string
  /** On the sort key; both ends inclusive. */
  sk?: { beginsWith: string } | { from?: string; to?: string }
  /** Items a page, 1–1,000. */
  limit: number
  /** Default ascending. */
  descending?: boolean
  /** Start after this key (for an index: with the index keys). */
  after?: Record<string, string>
  /** Base table only. */
  consistent?: boolean
}

export interface Page {
  items: Item[]
  /** Present when there may be more. */
  next?: Record<string, string>
}

export interface Table {
  get(key: Key, options?: { consistent?: boolean }): Promise<Item | undefined>
  /** At most 100 keys; the answer is in the order of the keys. */
  batchGet(keys: Key[], options?: { consistent?: boolean }): Promise<(Item | undefined)[]>
  query(request: QueryRequest): Promise<Page>
  /** One write: a conditional Put/Update/Delete. Several (at most 100): one transaction. Throws `Contention` when the engine asks to try again. */
  write(writes: Write[]): Promise<WriteOutcome>
}

/** Throttled, or in conflict with another transaction: nothing was written and the same call may pass a moment later. */
export class Contention extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'Contention'
  }
}
