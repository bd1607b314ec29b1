import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { directoryPage, directoryRound, directoryRows } from '#table/directory'
import { dynamoTable } from '#table/dynamo'
import type { Item, Table } from '#table/port'
import { type Engine, startEngine } from '#test/support/engine'

let engine: Engine
let table: Table
beforeAll(async () => {
  engine = await startEngine()
  table = dynamoTable({ client: engine.client, tableName: await engine.createTable() })
})
afterAll(() => engine.stop())

const row = (partition: string, position: string, more: Record<string, string | number> = {}): Item => ({
  pk: `ROW#${partition}#${position}`,
  sk: 'ROW',
  gsi1pk: partition,
  gsi1sk: position,
  ...more,
})
const put = (...items: Item[]) =>
  Promise.all(items.map((item) => table.write([{ kind: 'put', item, when: 'unconditional' }])))
const positions = (rows: Item[]) => rows.map(({ gsi1sk }) => gsi1sk)

describe('the directory index', () => {
  it('holds places; rows are read as they are now, in its order', async () => {
    await put(row('one', 'b', { status: 'old' }), row('one', 'a'), row('one', 'c'))
    const page = await directoryPage(table, { pk: 'one', limit: 10 })
    expect(page).toEqual({
      entries: ['a', 'b', 'c'].map((position) => ({ pk: `ROW#one#${position}`, sk: 'ROW', position })),
    })
    await put(row('one', 'b', { status: 'new' }))
    expect((await directoryRows(table, { pk: 'one', limit: 10 })).rows).toMatchObject([{}, { status: 'new' }, {}])
  })

  it('leaves out a row that was deleted after the index was read', async () => {
    await put(row('gone', 'a'), row('gone', 'b'))
    const lagging: Pick<Table, 'query' | 'batchGet'> = {
      batchGet: table.batchGet,
      query: async (request) => {
        const page = await table.query(request)
        await table.write([{ kind: 'delete', key: { pk: 'ROW#gone#a', sk: 'ROW' }, when: 'unconditional' }])
        return page
      },
    }
    expect(positions((await directoryRows(lagging, { pk: 'gone', limit: 10 })).rows)).toEqual(['b'])
  })

  it('costs a change of a row nothing, and holds no more of it than keys', async () => {
    await put(row('thin', 'a', { amountMinor: 5 }))
    const { items } = await table.query({ index: 'gsi1', pk: 'thin', limit: 1 })
    expect(items).toEqual([{ pk: 'ROW#thin#a', sk: 'ROW', gsi1pk: 'thin', gsi1sk: 'a' }])
  })
})

describe('a round over several partitions', () => {
  const partitions = ['r0', 'r1', 'r2']
  const all = Array.from({ length: 23 }, (_, n) => String(n).padStart(2, '0'))
  beforeAll(() => put(...all.map((position, n) => row(partitions[(n * 7) % 3 || 0] ?? 'r0', position))))

  /** As a caller pages: from the top down, until nothing more is told. */
  async function pages(limit: number, from?: string) {
    const found: string[][] = []
    let before: string | undefined
    for (let round = 0; round < 50; round++) {
      const { rows, more } = await directoryRound(table, partitions, { before, limit, ...(from && { from }) })
      found.push(positions(rows).map(String))
      if (more === undefined) return found
      before = more
    }
    throw new Error('it does not end')
  }

  it.each([1, 2, 5, 23, 100])('tells each once, in one order, with %i a partition at a time', async (limit) => {
    expect((await pages(limit)).flat()).toEqual(all.toReversed())
  })

  it('tells nothing below its lower end', async () => {
    expect((await pages(4, '10')).flat()).toEqual(all.slice(10).toReversed())
  })

  it('tells how many entries it looked at, also of those that it holds back', async () => {
    const round = await directoryRound(table, partitions, { limit: 3 })
    expect(round.read).toBe(9)
    expect(round.rows.length).toBeLessThan(9)
  })
})
