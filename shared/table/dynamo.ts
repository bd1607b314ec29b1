import {
  type AttributeValue,
  BatchGetItemCommand,
  type ConsumedCapacity,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type ReturnConsumedCapacity,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import { Placeholders, toAttributes } from './expression.ts'
import {
  type Condition,
  Contention,
  type Item,
  type Key,
  type Page,
  type QueryRequest,
  type Table,
  type Write,
  type WriteOutcome,
} from './port.ts'

export interface DynamoTableOptions {
  client: DynamoDBClient
  tableName: string
  /** Called with what each call consumed, in the engine's own figures. */
  onCapacity?: (used: ConsumedCapacity & { kind: 'read' | 'write' }) => void
  /** `INDEXES` splits the figures by index (benchmarks). */
  capacityDetail?: ReturnConsumedCapacity
}

/** Raised by the engine when it cannot take the call now; nothing was written. */
const transient = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'TransactionConflictException',
  'TransactionInProgressException',
])
const transientReasons = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded'])
/** BatchGetItem hands back what it could not read; more rounds than this is a throttle. */
const batchRounds = 5

const itemOf = (attributes: Record<string, AttributeValue> | undefined): Item | undefined =>
  attributes && (unmarshall(attributes) as Item)
const refusalOf = (image: Record<string, AttributeValue> | undefined) => {
  const item = itemOf(image)
  return item ? { item } : {}
}

/** The `Table` port on DynamoDB's wire API. Errors that are neither a refusal nor `Contention` pass through: their outcome is unknown to the caller. */
export function dynamoTable({ client, tableName, onCapacity, capacityDetail = 'TOTAL' }: DynamoTableOptions): Table {
  const common = { TableName: tableName, ReturnConsumedCapacity: capacityDetail }

  const count = (kind: 'read' | 'write', used: ConsumedCapacity | ConsumedCapacity[] | undefined) => {
    if (!onCapacity || !used) return
    for (const one of Array.isArray(used) ? used : [used]) onCapacity({ ...one, kind })
  }

  return {
    async get(key, options) {
      const answer = await attempt(() =>
        client.send(
          new GetItemCommand({
            ...common,
            Key: toAttributes({ ...key }),
            ConsistentRead: options?.consistent ?? false,
          }),
        ),
      )
      count('read', answer.ConsumedCapacity)
      return itemOf(answer.Item)
    },

    async batchGet(keys, options) {
      const found = new Map<string, Item>()
      let wanted: Record<string, AttributeValue>[] = unique(keys).map((key) => toAttributes({ ...key }))
      for (let round = 0; wanted.length > 0; round++) {
        if (round === batchRounds) throw new Contention('BatchGetItem left keys unread')
        const asked = wanted
        const answer = await attempt(() =>
          client.send(
            new BatchGetItemCommand({
              RequestItems: { [tableName]: { Keys: asked, ConsistentRead: options?.consistent ?? false } },
              ReturnConsumedCapacity: capacityDetail,
            }),
          ),
        )
        count('read', answer.ConsumedCapacity)
        for (const attributes of answer.Responses?.[tableName] ?? []) {
          const item = itemOf(attributes)
          if (item) found.set(`${item.pk}\n${item.sk}`, item)
        }
        wanted = answer.UnprocessedKeys?.[tableName]?.Keys ?? []
      }
      return keys.map((key) => found.get(`${key.pk}\n${key.sk}`))
    },

    async query(request): Promise<Page> {
      const answer = await attempt(() => client.send(new QueryCommand({ ...common, ...queryOf(request) })))
      count('read', answer.ConsumedCapacity)
      const items = (answer.Items ?? []).map((attributes) => unmarshall(attributes) as Item)
      return answer.LastEvaluatedKey
        ? { items, next: unmarshall(answer.LastEvaluatedKey) as Record<string, string> }
        : { items }
    },

    async write(writes): Promise<WriteOutcome> {
      const [first] = writes
      if (!first) throw new Error('a commit needs a write')
      return writes.length === 1 && first.kind !== 'check' ? writeOne(first) : transact(writes)
    },
  }

  async function writeOne(write: Exclude<Write, { kind: 'check' }>): Promise<WriteOutcome> {
    const request = { ...common, ...requestOf(write), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const }
    try {
      const answer = await attempt(() => {
        if (write.kind === 'put') return client.send(new PutItemCommand({ ...request, Item: toAttributes(write.item) }))
        const keyed = { ...request, Key: toAttributes({ ...write.key }) }
        return write.kind === 'update'
          ? client.send(new UpdateItemCommand(keyed))
          : client.send(new DeleteItemCommand(keyed))
      })
      count('write', answer.ConsumedCapacity)
      return { committed: true }
    } catch (error) {
      if (!isNamed(error, 'ConditionalCheckFailedException')) throw error
      return { committed: false, refusals: [refusalOf((error as { Item?: Record<string, AttributeValue> }).Item)] }
    }
  }

  async function transact(writes: Write[]): Promise<WriteOutcome> {
    try {
      const answer = await attempt(() =>
        client.send(
          new TransactWriteItemsCommand({
            TransactItems: writes.map((write) => transactItemOf(write, tableName)),
            ReturnConsumedCapacity: capacityDetail,
          }),
        ),
      )
      count('write', answer.ConsumedCapacity)
      return { committed: true }
    } catch (error) {
      if (!isNamed(error, 'TransactionCanceledException')) throw error
      const reasons =
        (error as { CancellationReasons?: { Code?: string; Item?: Record<string, AttributeValue> }[] })
          .CancellationReasons ?? []
      // A refusal outranks a conflict beside it: it says what stands in the table, which no waiting changes.
      const refusals = reasons.map((reason) =>
        reason.Code === 'ConditionalCheckFailed' ? refusalOf(reason.Item) : undefined,
      )
      if (refusals.some((refusal) => refusal !== undefined)) return { committed: false, refusals }
      const conflict = reasons.find((reason) => transientReasons.has(reason.Code ?? ''))
      if (conflict) throw new Contention(conflict.Code ?? 'conflict')
      throw error
    }
  }
}

async function attempt<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof Error && transient.has(error.name)) throw new Contention(error.name)
    throw error
  }
}

const isNamed = (error: unknown, name: string): boolean => error instanceof Error && error.name === name

function unique(keys: Key[]): Key[] {
  return [...new Map(keys.map((key) => [`${key.pk}\n${key.sk}`, { pk: key.pk, sk: key.sk }])).values()]
}

function queryOf(request: QueryRequest) {
  const place = new Placeholders()
  const [pk, sk] = request.index ? [`${request.index}pk`, `${request.index}sk`] : ['pk', 'sk']
  const parts = [`${place.name(pk)} = ${place.value(request.pk)}`]
  if (request.sk && 'beginsWith' in request.sk)
    parts.push(`begins_with(${place.name(sk)}, ${place.value(request.sk.beginsWith)})`)
  else if (request.sk?.from !== undefined && request.sk.to !== undefined) {
    parts.push(`${place.name(sk)} BETWEEN ${place.value(request.sk.from)} AND ${place.value(request.sk.to)}`)
  } else if (request.sk?.from !== undefined) parts.push(`${place.name(sk)} >= ${place.value(request.sk.from)}`)
  else if (request.sk?.to !== undefined) parts.push(`${place.name(sk)} <= ${place.value(request.sk.to)}`)
  return {
    ...(request.index && { IndexName: request.index }),
    KeyConditionExpression: parts.join(' AND '),
    ...place.members(),
    Limit: request.limit,
    ScanIndexForward: !request.descending,
    ConsistentRead: request.consistent ?? false,
    ...(request.after && { ExclusiveStartKey: toAttributes(request.after) }),
  }
}

/** Expressions of a write; `when: 'unconditional'` has no condition. */
function requestOf(write: Write) {
  const place = new Placeholders()
  const condition = conditionOf(write.when, place)
  const update = write.kind === 'update' ? updateOf(write, place) : {}
  return { ...condition, ...update, ...place.members() }
}

const conditionOf = (when: Condition | 'unconditional', place: Placeholders) =>
  when === 'unconditional' ? {} : { ConditionExpression: place.condition(when) }

function updateOf(write: Extract<Write, { kind: 'update' }>, place: Placeholders) {
  const set = Object.entries(write.set ?? {}).map(([name, value]) => `${place.name(name)} = ${place.value(value)}`)
  const add = Object.entries(write.add ?? {}).map(([name, value]) => `${place.name(name)} ${place.value(value)}`)
  const remove = (write.remove ?? []).map((name) => place.name(name))
  return {
    UpdateExpression: [
      set.length > 0 && `SET ${set.join(', ')}`,
      remove.length > 0 && `REMOVE ${remove.join(', ')}`,
      add.length > 0 && `ADD ${add.join(', ')}`,
    ]
      .filter(Boolean)
      .join(' '),
  }
}

function transactItemOf(write: Write, tableName: string): TransactWriteItem {
  const place = new Placeholders()
  const returned = { TableName: tableName, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const }
  if (write.kind === 'check') {
    const ConditionExpression = place.condition(write.when)
    return {
      ConditionCheck: { ...returned, Key: toAttributes({ ...write.key }), ConditionExpression, ...place.members() },
    }
  }
  const shared = { ...returned, ...conditionOf(write.when, place) }
  if (write.kind === 'put') return { Put: { ...shared, ...place.members(), Item: toAttributes(write.item) } }
  const keyed = { ...shared, Key: toAttributes({ ...write.key }) }
  if (write.kind === 'delete') return { Delete: { ...keyed, ...place.members() } }
  const update = updateOf(write, place)
  return { Update: { ...keyed, ...update, ...place.members() } }
}
