import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dynamoTable } from '#table/dynamo'
import { type Condition, type Item, type Key, type QueryRequest, type Table, type Value, type Write } from '#table/port'
import { memoryTable } from '#test/simulation/memoryTable'
import { type Engine, startEngine } from '#test/support/engine'

/**
 * The simulator is worth what its table is worth. Random command sequences run against the in-memory table and against
 * a real engine over the wire; every answer must be the same, refusals with their images and pages with their cursors.
 */
let engine: Engine
let dynamo: Table
beforeAll(async () => {
  engine = await startEngine()
  dynamo = dynamoTable({ client: engine.client, tableName: await engine.createTable() })
})
afterAll(async () => engine?.stop())

type Command =
  | { kind: 'get'; key: Key }
  | { kind: 'batchGet'; keys: Key[] }
  | { kind: 'query'; request: QueryRequest }
  | { kind: 'write'; writes: Write[] }

const sequences = 120
const names = ['n', 's', 'b', 'list', 'map', 'reason', 'gsi1pk', 'gsi1sk', 'gsi2pk', 'gsi2sk'] as const
// Few keys, so that writes meet; the last two sort differently by UTF-8 bytes and by UTF-16 units.
const sortKeys = ['A', 'A#1', 'A#2', 'B', '\uff5e', '\u{1f600}']
const indexSortKeys = ['0', '1', '10', '2', 'é']

const key: fc.Arbitrary<Key> = fc.record({ pk: fc.constantFrom('P', 'Q'), sk: fc.constantFrom(...sortKeys) })
const number = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.maxSafeInteger())
const text = fc.oneof(fc.constantFrom('', 'a', 'b', 'é', '\u{1f600}'), fc.string({ unit: 'grapheme', maxLength: 5 }))
const json: fc.Arbitrary<Value> = fc.oneof(number, text, fc.boolean(), fc.constant(null))
const attributes = fc.record(
  {
    n: number,
    s: text,
    b: fc.boolean(),
    list: fc.array(json, { maxLength: 3 }),
    map: fc.dictionary(fc.constantFrom('x', 'y', '__proto'), json, { maxKeys: 2 }),
    // In the directory index too.
    reason: text,
    gsi1pk: fc.constantFrom('G', 'H'),
    gsi1sk: fc.constantFrom(...indexSortKeys),
    gsi2pk: fc.constantFrom('G'),
    gsi2sk: fc.constantFrom(...indexSortKeys),
  },
  { requiredKeys: [] },
)
const comparison = fc.oneof(
  fc.record({
    op: fc.constant('=' as const),
    attr: fc.constantFrom(...names),
    value: fc.oneof(fc.integer({ min: -2, max: 2 }), text, fc.boolean()),
  }),
  fc.record({
    op: fc.constantFrom('<' as const, '<=' as const, '>' as const, '>=' as const),
    attr: fc.constantFrom('n', 's', 'b'),
    value: fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constantFrom('a', 'é')),
  }),
)
const condition: fc.Arbitrary<Condition> = fc.letrec<{ one: Condition }>((tie) => ({
  one: fc.oneof(
    { depthSize: 'small' },
    fc.record({ op: fc.constantFrom('absent' as const, 'present' as const), attr: fc.constantFrom('pk', ...names) }),
    comparison,
    fc.record({
      op: fc.constantFrom('and' as const, 'or' as const),
      of: fc.array(tie('one'), { minLength: 2, maxLength: 3 }),
    }),
  ),
})).one
const when = fc.oneof(
  { weight: 2, arbitrary: fc.constant('unconditional' as const) },
  { weight: 3, arbitrary: condition },
)

const update = fc
  .record({
    key,
    set: attributes,
    remove: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 2 }),
    add: fc.record({ n: fc.integer({ min: -3, max: 3 }) }, { requiredKeys: [] }),
    when,
  })
  .map(({ set, remove, add, ...rest }): Write => {
    // An attribute is named once: `set` gives way to `add`, and `remove` to both.
    const added = Object.keys(add)
    const kept = Object.fromEntries(Object.entries(set).filter(([name]) => !added.includes(name)))
    const removed = remove.filter((name) => !(name in kept) && !added.includes(name))
    const something = Object.keys(kept).length + removed.length + added.length > 0
    return { kind: 'update', ...rest, ...(something ? { set: kept, remove: removed, add } : { set: { s: 'a' } }) }
  })
const write: fc.Arbitrary<Write> = fc.oneof(
  fc
    .record({ key, attributes, when })
    .map(({ key, attributes, when }): Write => ({ kind: 'put', item: { ...attributes, ...key }, when })),
  update,
  fc.record({ kind: fc.constant('delete' as const), key, when }),
)
const check: fc.Arbitrary<Write> = fc.record({ kind: fc.constant('check' as const), key, when: condition })
const keyIn = (one: Write): string =>
  one.kind === 'put' ? `${one.item.pk} ${one.item.sk}` : `${one.key.pk} ${one.key.sk}`
const transaction = fc.uniqueArray(fc.oneof({ weight: 4, arbitrary: write }, { weight: 1, arbitrary: check }), {
  minLength: 1,
  maxLength: 5,
  selector: keyIn,
})

const range = (values: string[]): fc.Arbitrary<NonNullable<QueryRequest['sk']>> =>
  fc.oneof(
    fc.constantFrom(...values).map((beginsWith) => ({ beginsWith: Array.from(beginsWith)[0] ?? '' })),
    fc.record({ from: fc.constantFrom(...values), to: fc.constantFrom(...values) }, { requiredKeys: [] }),
  )
const query: fc.Arbitrary<QueryRequest> = fc.oneof(
  fc.record(
    {
      pk: fc.constantFrom('P', 'Q', 'none'),
      sk: range(sortKeys),
      limit: fc.integer({ min: 1, max: 4 }),
      descending: fc.boolean(),
      consistent: fc.boolean(),
    },
    { requiredKeys: ['pk', 'limit'] },
  ),
  fc.record(
    {
      index: fc.constantFrom('gsi1' as const, 'gsi2' as const),
      pk: fc.constantFrom('G', 'H'),
      sk: range(indexSortKeys),
      limit: fc.integer({ min: 1, max: 4 }),
      descending: fc.boolean(),
    },
    { requiredKeys: ['index', 'pk', 'limit'] },
  ),
)
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: write.map((one): Command => ({ kind: 'write', writes: [one] })) },
  { weight: 4, arbitrary: transaction.map((writes): Command => ({ kind: 'write', writes })) },
  { weight: 1, arbitrary: key.map((one): Command => ({ kind: 'get', key: one })) },
  {
    weight: 1,
    arbitrary: fc.array(key, { minLength: 1, maxLength: 4 }).map((keys): Command => ({ kind: 'batchGet', keys })),
  },
  { weight: 2, arbitrary: query.map((request): Command => ({ kind: 'query', request })) },
)

/** The answer as a value; errors by name, since their words are the engine's own. */
async function perform(table: Table, one: Command): Promise<unknown> {
  try {
    switch (one.kind) {
      case 'get':
        return { item: await table.get(one.key, { consistent: true }) }
      case 'batchGet':
        return { items: await table.batchGet(one.keys, { consistent: true }) }
      case 'query':
        return { pages: await drain(table, one.request) }
      case 'write':
        return await table.write(one.writes)
    }
  } catch (error) {
    return { error: error instanceof Error ? error.name : error }
  }
}

/** All pages of a query, each with its cursor. Within one sort key of an index the order is nobody's promise. */
async function drain(table: Table, request: QueryRequest): Promise<unknown> {
  const items: Item[] = []
  const counts: number[] = []
  for (let after = request.after; ; ) {
    const page = await table.query({ ...request, ...(after && { after }) })
    items.push(...page.items)
    counts.push(page.items.length)
    after = page.next
    if (after === undefined) break
  }
  if (!request.index) return { items, counts }
  const sorted = items.map((item) => JSON.stringify([item.pk, item.sk, item.reason])).sort()
  return {
    sorted,
    counts,
    order: items.map((item) => item[`${request.index}sk`]),
    shapes: items.map((item) => Object.keys(item).sort().join()).sort(),
  }
}

describe('the in-memory table answers as the engine does', () => {
  let round = 0
  it(`over ${sequences} random command sequences`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 25 }), async (commands) => {
        // Each sequence has partitions of its own: the engine is not emptied between them.
        const prefix = `${round++}#`
        const memory = memoryTable()
        for (const one of commands.map((each) => inPartitions(each, prefix))) {
          expect(await perform(memory, one), JSON.stringify(one)).toEqual(await perform(dynamo, one))
        }
      }),
      { numRuns: sequences },
    )
  })
})

function inPartitions(one: Command, prefix: string): Command {
  const moved = (each: Key): Key => ({ ...each, pk: prefix + each.pk })
  switch (one.kind) {
    case 'get':
      return { ...one, key: moved(one.key) }
    case 'batchGet':
      return { ...one, keys: one.keys.map(moved) }
    case 'query':
      return { ...one, request: { ...one.request, pk: prefix + one.request.pk } }
    case 'write':
      return { ...one, writes: one.writes.map((each) => movedWrite(each, prefix)) }
  }
}

function movedWrite(one: Write, prefix: string): Write {
  if (one.kind !== 'put') {
    const key = { ...one.key, pk: prefix + one.key.pk }
    return one.kind === 'update' && one.set ? { ...one, key, set: withIndex(one.set, prefix) } : { ...one, key }
  }
  return { ...one, item: { ...one.item, ...withIndex(one.item, prefix), pk: prefix + one.item.pk, sk: one.item.sk } }
}

const withIndex = (values: Record<string, Value>, prefix: string): Record<string, Value> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      name.endsWith('pk') && name !== 'pk' ? `${prefix}${String(value)}` : value,
    ]),
  )

const put = (sk: string, more: Record<string, Value> = {}): Write => ({
  kind: 'put',
  item: { pk: 'limits', sk, ...more },
  when: 'unconditional',
})

describe('what the engine refuses, the in-memory table refuses', () => {
  const refused: [string, () => Write[]][] = [
    [
      'two writes on one item',
      () => [put('A'), { kind: 'check', key: { pk: 'limits', sk: 'A' }, when: { op: 'absent', attr: 'pk' } }],
    ],
    ['101 writes in a transaction', () => Array.from({ length: 101 }, (_, index) => put(`K${index}`))],
    ['an item of more than 400 KB', () => [put('A', { s: 'x'.repeat(410 * 1024) })]],
    ['an empty sort key', () => [put('')]],
    ['an empty index key', () => [put('A', { gsi1pk: '', gsi1sk: '1' })]],
    ['an index key that is a number', () => [put('A', { gsi1pk: 1, gsi1sk: '1' })]],
    ['a sort key of 1,025 bytes', () => [put('x'.repeat(1025))]],
    [
      'an update of a key',
      () => [{ kind: 'update', key: { pk: 'limits', sk: 'A' }, set: { sk: 'B' }, when: 'unconditional' }],
    ],
    [
      'an attribute set and removed at once',
      () => [{ kind: 'update', key: { pk: 'limits', sk: 'A' }, set: { s: 'B' }, remove: ['s'], when: 'unconditional' }],
    ],
    ['half a surrogate pair', () => [put('A', { s: '\ud83d' })]],
    ['an update of nothing', () => [{ kind: 'update', key: { pk: 'limits', sk: 'A' }, when: 'unconditional' }]],
    ['no write at all', () => []],
  ]
  it.each(refused)('%s', async (_what, writes) => {
    await expect(dynamo.write(writes())).rejects.toThrow()
    await expect(memoryTable().write(writes())).rejects.toThrow()
  })

  it('takes exactly 100 writes', async () => {
    const writes = Array.from({ length: 100 }, (_, index) => put(`K${index}`))
    expect(await dynamo.write(writes)).toEqual({ committed: true })
    expect(await memoryTable().write(writes)).toEqual({ committed: true })
  })

  it('adds to a text: an error and no write, alone and in a transaction', async () => {
    for (const table of [dynamo, memoryTable()]) {
      await table.write([put('text', { n: 'five' })])
      const add: Write = { kind: 'update', key: { pk: 'limits', sk: 'text' }, add: { n: 1 }, when: 'unconditional' }
      await expect(table.write([add])).rejects.toThrow()
      await expect(table.write([put('beside'), add])).rejects.toThrow()
      expect(await table.get({ pk: 'limits', sk: 'beside' }, { consistent: true })).toBeUndefined()
      expect(await table.get({ pk: 'limits', sk: 'text' }, { consistent: true })).toMatchObject({ n: 'five' })
    }
  })
})
