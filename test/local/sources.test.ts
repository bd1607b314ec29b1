import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { ReceiveMessageCommand, SendMessageBatchCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dynamoClient } from '#local/engines/dynamodb'
import { sqsClient } from '#local/engines/sqs'
import { failedItems } from '#local/sources/batch'
import { compilePattern } from '#local/sources/pattern'
import { type Fixture, startFixture } from './support.ts'

let fixture: Fixture
let sqs: ReturnType<typeof sqsClient>
let dynamodb: ReturnType<typeof dynamoClient>
beforeAll(async () => {
  fixture = await startFixture()
  sqs = sqsClient(fixture.stack.sqsUrl)
  dynamodb = dynamoClient(fixture.stack.dynamodbUrl)
})
beforeEach(() => {
  fixture.ear.heard.length = 0
})
afterAll(async () => {
  await fixture.stop()
  sqs.destroy()
  dynamodb.destroy()
})

const send = (...bodies: string[]) =>
  sqs.send(
    new SendMessageBatchCommand({
      QueueUrl: fixture.stack.queues['work'] ?? '',
      Entries: bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody })),
    }),
  )

/** The bodies of the next messages of a queue; waits for the first. */
async function take(queue: string): Promise<string[]> {
  const QueueUrl = fixture.stack.queues[queue] ?? ''
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 10, MaxNumberOfMessages: 10 }),
  )
  return (Messages ?? []).map(({ Body }) => Body ?? '')
}

const bodiesOf = (report: Record<string, unknown>) =>
  Array.isArray(report['worker']) ? report['worker'].map(String) : []

describe('a queue', () => {
  it('deletes what passed, tries again only what failed, and moves that to the dead-letter queue at the limit', async () => {
    await send('good-1', 'bad-1', 'good-2')
    expect(await take('dead')).toEqual(['bad-1'])
    const seen = fixture.ear.heard.flatMap((report) => bodiesOf(Object(report)))
    expect(seen.toSorted()).toEqual(['bad-1', 'bad-1', 'good-1', 'good-2'])
  })

  it('keeps the whole batch when the function throws', async () => {
    await send('throw')
    expect(await take('dead')).toEqual(['throw'])
    const tries = await fixture.ear.until((report) => bodiesOf(report).includes('throw'), 2)
    expect(tries.map((report) => report['tries'])).toEqual([['1'], ['2']])
  })
})

describe('a delayed message', () => {
  it('waits its seconds of real time, while one that is sent after it does not', async () => {
    const delaySeconds = 1
    const QueueUrl = fixture.stack.queues['work'] ?? ''
    const sentMs = performance.now()
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'late', DelaySeconds: delaySeconds }))
    await send('at-once')
    await fixture.ear.until((report) => bodiesOf(report).includes('at-once'))
    await fixture.ear.until((report) => bodiesOf(report).includes('late'))
    // Timers round to a millisecond, and may do so twice.
    expect(performance.now() - sentMs).toBeGreaterThan(delaySeconds * 1000 - 5)
    expect(fixture.ear.heard.map((report) => bodiesOf(Object(report)))).toEqual([['at-once'], ['late']])
  })
})

const put = (pk: string, sk: string) =>
  dynamodb.send(new PutItemCommand({ TableName: fixture.stack.tableName, Item: { pk: { S: pk }, sk: { S: sk } } }))
const keysOf = (report: Record<string, unknown>) =>
  Array.isArray(report['stream']) ? report['stream'].map(String) : []

describe('the table’s stream', () => {
  it('delivers only what the filter takes, in order', async () => {
    await put('ACCOUNT#1', 'unwanted')
    for (const sk of ['a', 'b', 'c']) await put('OUT#1', sk)
    await fixture.ear.until((report) => keysOf(report).includes('c'))
    expect(fixture.ear.heard.flatMap((report) => keysOf(Object(report)))).toEqual(['a', 'b', 'c'])
  })

  it('halves a failing batch until the bad record stands alone, gives that up, reports it, and goes on', async () => {
    await Promise.all(['d', 'e', 'poison', 'f'].map((sk) => put('OUT#2', sk)))
    const [report = '{}'] = await take('lost')
    expect(JSON.parse(report)).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 },
      DDBStreamBatchInfo: { batchSize: 1 },
    })
    await put('OUT#2', 'g')
    await fixture.ear.until((each) => keysOf(each).includes('g'))
    const passed = fixture.ear.heard
      .map((each) => keysOf(Object(each)))
      .filter((keys) => keys.length > 0 && !keys.includes('poison'))
    expect(passed.flat().toSorted()).toEqual(['d', 'e', 'f', 'g'])
    const alone = fixture.ear.heard.filter((each) => keysOf(Object(each)).join() === 'poison')
    expect(alone).toHaveLength(2)
  })
})

describe('partial batches', () => {
  const answer = (result: unknown) => ({ kind: 'answer' as const, result })
  const ids = ['a', 'b']
  it.each([
    ['nothing answered', answer(undefined), true, []],
    ['null answered', answer(null), true, []],
    ['an empty report', answer({ batchItemFailures: [] }), true, []],
    ['a null report', answer({ batchItemFailures: null }), true, []],
    ['one failure', answer({ batchItemFailures: [{ itemIdentifier: 'b' }] }), true, ['b']],
    ['an unknown identifier', answer({ batchItemFailures: [{ itemIdentifier: 'c' }] }), true, ids],
    ['a malformed report', answer({ batchItemFailures: [{ id: 'b' }] }), true, ids],
    ['a report that the source does not ask for', answer({ batchItemFailures: [{ itemIdentifier: 'b' }] }), false, []],
    ['a thrown error', { kind: 'error' as const, error: { errorType: 'Error', errorMessage: '' } }, true, ids],
    ['a timeout', { kind: 'timeout' as const }, false, ids],
  ])('%s', (_, outcome, reports, failed) => {
    expect(failedItems(outcome, ids, reports)).toEqual(failed)
  })
})

describe('filter patterns', () => {
  const record = { eventName: 'INSERT', dynamodb: { Keys: { pk: { S: 'OUT#1' } } } }
  it.each([
    [{ eventName: ['INSERT', 'MODIFY'] }, true],
    [{ eventName: ['REMOVE'] }, false],
    [{ dynamodb: { Keys: { pk: { S: [{ prefix: 'OUT#' }] } } } }, true],
    [{ dynamodb: { Keys: { pk: { S: [{ prefix: 'IN#' }] } } } }, false],
    [{ eventName: ['INSERT'], dynamodb: { Keys: { pk: { S: [{ prefix: 'IN#' }] } } } }, false],
    [{ dynamodb: { NewImage: { x: [{ exists: false }] } } }, true],
    [{ eventName: [{ exists: true }] }, true],
    [{ eventName: [{ 'anything-but': ['REMOVE'] }] }, true],
    [{ eventName: [{ 'anything-but': 'INSERT' }] }, false],
    [{ dynamodb: { Keys: { pk: { S: [{ suffix: '#1' }] } } } }, true],
  ])('%j', (pattern, takes) => {
    expect(compilePattern(pattern, 'here')(record)).toBe(takes)
  })

  it.each([[{ a: [{ numeric: ['>', 1] }] }], [{ $or: [] }], [{ a: 'text' }], ['text']])(
    '%j is refused at start',
    (pattern) => {
      expect(() => compilePattern(pattern, 'Stack/Source')).toThrow(/^Stack\/Source: /)
    },
  )
})
