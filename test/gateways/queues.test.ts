import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sqsQueues } from '#gateways/queues'

interface Call {
  Entries: { Id: string; MessageBody: string; DelaySeconds?: number }[]
}
const calls: Call[] = []
let underWay = 0
let mostUnderWay = 0
/** Whose messages are refused: those of the call that holds this body. */
let refused: string | undefined

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  underWay += 1
  mostUnderWay = Math.max(mostUnderWay, underWay)
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const call: Call = JSON.parse(Buffer.concat(chunks).toString())
    calls.push(call)
    const failed = call.Entries.filter(({ MessageBody }) => MessageBody === refused)
    setTimeout(() => {
      underWay -= 1
      response.setHeader('content-type', 'application/x-amz-json-1.0')
      const Failed = failed.map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false }))
      response.end(JSON.stringify({ Successful: [], Failed }))
    }, 30)
  })
})
let queues: ReturnType<typeof sqsQueues>
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const endpoint = `http://127.0.0.1:${port}`
  process.env.AWS_ACCESS_KEY_ID ??= 'test'
  process.env.AWS_SECRET_ACCESS_KEY ??= 'test'
  process.env.AWS_REGION ??= 'us-east-1'
  queues = sqsQueues({ SQS_ENDPOINT: endpoint, QUEUE_DUE_URL: `${endpoint}/due` })
})
afterAll(() => server.close())
beforeEach(() => {
  calls.length = 0
  mostUnderWay = 0
  refused = undefined
})

describe('sqsQueues', () => {
  it('sends every message once, ten a call, at most eight calls at once', async () => {
    await queues.send(
      'due',
      Array.from({ length: 195 }, (_, n) => ({ n })),
      { delaySeconds: 7 },
    )
    const bodies = calls.flatMap(({ Entries }) => Entries.map(({ MessageBody }) => Number(JSON.parse(MessageBody).n)))
    expect(bodies.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 195 }, (_, n) => n))
    expect(calls).toHaveLength(20)
    expect(calls.every(({ Entries }) => Entries.every(({ DelaySeconds }) => DelaySeconds === 7))).toBe(true)
    expect(mostUnderWay).toBe(8)
  })

  it('fails when a message was not taken, once every call under way is answered', async () => {
    refused = JSON.stringify({ n: 3 })
    const messages = Array.from({ length: 40 }, (_, n) => ({ n }))
    await expect(queues.send('due', messages)).rejects.toThrow(
      /1 of 10 messages to "due" were not taken: InternalError/,
    )
    expect(calls).toHaveLength(4)
    expect(underWay).toBe(0)
  })

  it('sends nothing for no messages, and refuses a queue that it has no address of', async () => {
    await queues.send('due', [])
    expect(calls).toEqual([])
    await expect(queues.send('outbox', [{}])).rejects.toThrow('may not send to "outbox"')
  })
})
