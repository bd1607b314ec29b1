import { directoryAttributes } from '#operations/tableIndexes'
import type { Item, Table, Write } from '#table/port'
import { itemBytes, writeUnits } from '#test/support/itemSize'

/** One row as one commit wrote it. Units are DynamoDB's by its published rules; a transaction's writes count twice, its indexes do not. */
export interface RowCost {
  /** Which commit, from 1. */
  commit: number
  entity: string
  bytes: number
  base: number
  index: number
}

/** A table that notes what each row of a commit costs, from the item as it was and as it is. The looks are uncounted: `peek` is another way in. */
export function itemising(table: Table, peek: Pick<Table, 'get'>, noted: RowCost[]): Table {
  let commits = 0
  const look = (write: Write) =>
    peek.get(write.kind === 'put' ? { pk: write.item.pk, sk: write.item.sk } : write.key, { consistent: true })
  return {
    ...table,
    write: async (writes) => {
      const before = await Promise.all(writes.map(look))
      const outcome = await table.write(writes)
      if (!outcome.committed) return outcome
      const after = await Promise.all(writes.map(look))
      const factor = writes.length > 1 ? 2 : 1
      commits += 1
      for (const at of writes.keys()) {
        const bytes = Math.max(sizeOf(before[at]), sizeOf(after[at]))
        const index = gsi1Units(before[at], after[at]) + gsi2Units(before[at], after[at])
        const entity = String(after[at]?.entity ?? before[at]?.entity ?? '')
        noted.push({ commit: commits, entity, bytes, base: factor * writeUnits(bytes), index })
      }
      return outcome
    },
  }
}

const sizeOf = (item: Item | undefined): number => (item ? itemBytes(item) : 0)

/** The index holds a few members beside keys, and is written where a place or one of them changes. */
function gsi1Units(before: Item | undefined, after: Item | undefined): number {
  const [from, to] = [before, after].map((item) => (item && placeOf(item, 'gsi1') ? heldOf(item) : undefined))
  if (placeOf(before, 'gsi1') === placeOf(after, 'gsi1')) {
    const isSame = JSON.stringify(from) === JSON.stringify(to)
    return isSame ? 0 : writeUnits(Math.max(sizeOf(from), sizeOf(to)))
  }
  return [from, to].reduce((sum, held) => sum + (held ? writeUnits(itemBytes(held)) : 0), 0)
}

const heldOf = (item: Item): Item => ({
  pk: item.pk,
  sk: item.sk,
  ...Object.fromEntries(
    ['gsi1pk', 'gsi1sk', ...directoryAttributes].flatMap((name) =>
      item[name] === undefined ? [] : [[name, item[name]]],
    ),
  ),
})

/** This one holds keys alone: a row that stays in its place costs nothing, one that moves is taken out and put in. */
function gsi2Units(before: Item | undefined, after: Item | undefined): number {
  const [from, to] = [placeOf(before, 'gsi2'), placeOf(after, 'gsi2')]
  return from === to ? 0 : [from, to].filter((place) => place !== undefined).length
}

const placeOf = (item: Item | undefined, index: 'gsi1' | 'gsi2'): string | undefined =>
  item?.[`${index}pk`] === undefined ? undefined : `${item[`${index}pk`]}\n${item[`${index}sk`]}`
