import { Agent, request } from 'node:http'
import { eventSource, type SignedEvent } from './webhookEvents.ts'

/*
 * A process of its own: a sender in the stack's would delay what it measures. It gets one job after the other and ends when
 * its parent lets go of it.
 */
export interface SendJob {
  url: string
  secret: string
  rate: number
  seconds: number
}
export interface Sent {
  eventKey: string
  /** From the moment at which it was to be sent. */
  ms: number
  status: number
  duplicate: boolean
}
export type SendMessage = { kind: 'progress'; done: number; all: number } | { kind: 'done'; sent: Sent[] }

/** One event in so many is sent twice at once, as providers do. */
const everyTwice = 10
/** Connections: an open loop under a rate that is not held needs one for each event on its way. */
const socketsMax = 256

const agent = new Agent({ keepAlive: true, maxSockets: socketsMax })
const say = (message: SendMessage) => process.send?.(message)
let source: (() => SignedEvent) | undefined

process.on('message', (job: SendJob) => void work(job))

async function work(job: SendJob): Promise<void> {
  try {
    // The same from job to job: an event is never sent again by a later one.
    source ??= eventSource(job.secret)
    say({ kind: 'done', sent: await sendAtRate(job, source) })
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exit(1)
  }
}

/** An open loop: an event goes out when its time has come, whether or not those before it are answered. */
async function sendAtRate({ url, rate, seconds }: SendJob, next: () => SignedEvent): Promise<Sent[]> {
  const startedAt = performance.now()
  const count = Math.round(rate * seconds)
  const running: Promise<Sent>[] = []
  for (let n = 0; n < count; n++) {
    const dueAt = startedAt + (n * 1000) / rate
    const early = dueAt - performance.now()
    if (early > 1) await new Promise((resolve) => setTimeout(resolve, early))
    const event = next()
    for (let copy = 0; copy < (n % everyTwice === 0 ? 2 : 1); copy++) running.push(send(url, event, dueAt))
    if (n % rate === 0) say({ kind: 'progress', done: n, all: count })
  }
  return Promise.all(running)
}

function send(url: string, { body, eventKey, signature }: SignedEvent, dueAt: number): Promise<Sent> {
  const headers = { 'content-type': 'application/json', 'x-razorpay-signature': signature }
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', agent, headers }, (answer) => {
      let text = ''
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      answer.once('end', () => {
        const duplicate = text.includes('"duplicate":true')
        resolve({ eventKey, ms: performance.now() - dueAt, status: answer.statusCode ?? 0, duplicate })
      })
    })
    asked.once('error', reject)
    asked.end(body)
  })
}
