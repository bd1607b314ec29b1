import { createHash, createHmac } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run as receiveWebhookRun } from '#functions/webhooks/receiveWebhook'
import { openGateways } from '#gateways/gateways'
import { sealWith } from '#gateways/seal'
import { type LocalStack, startLocalStack } from '#local/start'
import { realNow } from '#local/time'
import { receiveWebhook } from '#operations/webhooks'
import type { Deps } from '#runtime/deps'
import { handleHttp } from '#runtime/http'
import { putChargeWrite } from '#table/charges'
import { webhookEventKey } from '#table/keys'
import { readWebhook } from '#table/webhookEvents'
import { startEngine } from '#test/support/engine'
import { eventOf } from './event.ts'
import { withProgress } from './progress.ts'
import type { Section } from './report.ts'
import { cataloguePath, openStage } from './stage.ts'
import { quantile } from './statistics.ts'

const eventsPerSecond = 100
const mostP99Ms = 300
/** Payments that are settled already: their later events cost the worker a read of the guard and a write. */
const charges = 50
/** One event in so many is sent twice at once, as providers do. */
const everyTwice = 10
const warmups = 100
/** Rates tried one after the other, each for some seconds, until one is not held. */
const ladder = [150, 200, 300, 400, 600, 800]
const settleWithinMs = 180_000

interface Sent {
  eventKey: string
  /** From the moment at which it was to be sent. */
  ms: number
  status: number
  duplicate: boolean
}

/** Signed events through the handler and through the local stack at a fixed rate, and how long the worker takes to have worked them off. */
export async function measureWebhooks({ quick }: { quick: boolean }): Promise<Section> {
  const seconds = quick ? 10 : 60
  const alone = await withProgress('the handler alone', (update) => handlerAlone(seconds, update))
  const logs = await mkdtemp(join(tmpdir(), 'faregate-bench-'))
  const stack = await withProgress('starting the local stack', (update) =>
    startLocalStack({
      catalogue: cataloguePath,
      empty: true,
      logs,
      step: (_title, work) => {
        update(0, 1)
        return work()
      },
    }),
  )
  try {
    await settleCharges(stack)
    const source = eventSource(stack.payments.webhookSecrets.razorpay)
    await sendAtRate(stack, source, 20, warmups / 20)
    const sent = await withProgress(`${eventsPerSecond} events a second`, (update) =>
      sendAtRate(stack, source, eventsPerSecond, seconds, update),
    )
    const worked = await workedOff(stack, sent)
    const steps = await climb(stack, source, quick ? 3 : 10)
    return report(alone, sent, worked, steps, seconds)
  } finally {
    await stack.stop()
    await rm(logs, { recursive: true, force: true })
  }
}

function report(alone: number[], sent: Sent[], worked: Worked, steps: Step[], seconds: number): Section {
  const times = sent.map(({ ms }) => ms)
  const first = sent.filter(({ status, duplicate }) => status === 200 && !duplicate).map(({ eventKey }) => eventKey)
  const doubled = first.length - new Set(first).size
  const refused = sent.filter(({ status }) => status !== 200).length
  const p99 = quantile(times, 0.99)
  const held = [{ rate: eventsPerSecond, p99, refused }, ...steps].filter(isHeld).at(-1)?.rate ?? 0
  return {
    tables: [
      {
        title: `The receiver’s handler on the engine, ${eventsPerSecond} events a second for ${seconds} s`,
        columns: ['sent', 'p50, ms', 'p99, ms'],
        rows: [[alone.length, quantile(alone, 0.5), quantile(alone, 0.99)]],
      },
      {
        title: `Webhook receiver over the local stack, ${eventsPerSecond} events a second for ${seconds} s`,
        columns: ['sent', 'not 200', 'p50, ms', 'p99, ms', 'lost', 'doubled', 'lag p50, ms', 'lag p99, ms'],
        rows: [
          [
            sent.length,
            refused,
            quantile(times, 0.5),
            p99,
            worked.lost,
            doubled,
            quantile(worked.lagsMs, 0.5),
            quantile(worked.lagsMs, 0.99),
          ],
        ],
      },
      {
        title: 'Higher rates',
        columns: ['events a second', 'p99, ms', 'not 200'],
        rows: steps.map((step) => [step.rate, step.p99, step.refused]),
      },
    ],
    bounds: [
      { what: 'webhook receiver’s handler: p99, ms', value: quantile(alone, 0.99), most: mostP99Ms },
      { what: `webhook receiver at ${eventsPerSecond} events/s: p99, ms`, value: p99, most: mostP99Ms },
      { what: 'webhook events lost', value: worked.lost, most: 0 },
      { what: 'webhook events stored twice', value: doubled, most: 0 },
    ],
    notes: [
      `Highest rate held (p99 below ${mostP99Ms} ms, every answer 200): ${held} events a second.`,
      'Lag: from receipt to worked off. A latency counts from the moment at which the event was to be sent.',
      'Sender, gateway and engines share this machine, and the stream slows writes as it grows: AWS does neither.',
    ],
  }
}

const isHeld = ({ p99, refused }: Step): boolean => refused === 0 && p99 <= mostP99Ms

async function settleCharges(stack: LocalStack): Promise<void> {
  for (let n = 0; n < charges; n++) {
    const guard = {
      provider: 'razorpay' as const,
      providerPaymentId: chargeOf(n),
      paymentId: `fpay_01JD3Q5Z7V8W9X0Y1Z2A3B4C${String(n).padStart(2, '0')}`,
      accountId: 'bench',
      as: 'granted' as const,
    }
    await stack.table.write([putChargeWrite(guard, realNow())])
  }
}
const chargeOf = (n: number): string => `pay_Bench${String(n).padStart(9, '0')}`

interface SignedEvent {
  body: string
  eventKey: string
  signature: string
}

/** Another event at every call. */
function eventSource(secret: string): () => SignedEvent {
  let made = 0
  return () => {
    made += 1
    const entity = {
      id: chargeOf(made % charges),
      amount: 49_900,
      currency: 'INR',
      status: 'captured',
      email: 'bench@example.com',
      notes: { n: made, filler: 'x'.repeat(600) },
    }
    const body = JSON.stringify({
      event: 'payment.captured',
      payload: { payment: { entity } },
      created_at: 1_795_262_400,
    })
    return {
      body,
      eventKey: createHash('sha256').update(body).digest('hex'),
      signature: createHmac('sha256', secret).update(body).digest('hex'),
    }
  }
}

/** An open loop: an event goes out when its time has come, whether or not those before it are answered. */
async function sendAtRate(
  stack: LocalStack,
  next: () => SignedEvent,
  rate: number,
  seconds: number,
  update: (done: number, all: number) => void = () => {},
): Promise<Sent[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const startedAt = performance.now()
  const count = Math.round(rate * seconds)
  const running: Promise<Sent>[] = []
  for (let n = 0; n < count; n++) {
    const dueAt = startedAt + (n * 1000) / rate
    const early = dueAt - performance.now()
    if (early > 1) await new Promise((resolve) => setTimeout(resolve, early))
    const event = next()
    for (let copy = 0; copy < (n % everyTwice === 0 ? 2 : 1); copy++) running.push(send(stack, agent, event, dueAt))
    if (n % rate === 0) update(n, count)
  }
  const sent = await Promise.all(running)
  agent.destroy()
  return sent
}

function send(
  stack: LocalStack,
  agent: Agent,
  { body, eventKey, signature }: SignedEvent,
  dueAt: number,
): Promise<Sent> {
  const headers = { 'content-type': 'application/json', 'x-razorpay-signature': signature }
  return new Promise((resolve, reject) => {
    const asked = request(`${stack.apiUrl}/v1/webhooks/razorpay`, { method: 'POST', agent, headers }, (answer) => {
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

/** The receiver in this process, on a table of its own: what is its own and the table's, without gateway and queue. Milliseconds. */
async function handlerAlone(seconds: number, update: (done: number, all: number) => void): Promise<number[]> {
  const engine = await startEngine()
  const stage = await openStage(engine.client, await engine.createTable(), 'TOTAL')
  const secret = 'bench-webhook-secret'
  const gateway = openGateways(
    { razorpay: { keyId: 'rzp_test_Bench', keySecret: secret, webhookSecrets: [secret] } },
    { wait: stage.deps.wait, rng: stage.deps.rng },
  )
  const seal = sealWith([secret.repeat(2)])
  const deps: Deps = { ...stage.deps, payments: async () => ({ turnedOn: ['razorpay'], gateway, seal }) }
  const next = eventSource(secret)
  const running: Promise<number>[] = []
  const count = eventsPerSecond * seconds
  const startedAt = performance.now()
  for (let n = -warmups; n < count; n++) {
    const dueAt = startedAt + ((n + warmups) * 1000) / eventsPerSecond
    const early = dueAt - performance.now()
    if (early > 1) await new Promise((resolve) => setTimeout(resolve, early))
    const taken = receive(deps, next(), dueAt)
    if (n >= 0) running.push(taken)
    if (n % eventsPerSecond === 0) update(Math.max(0, n), count)
  }
  const times = await Promise.all(running)
  await engine.stop()
  return times
}

async function receive(deps: Deps, { body, signature }: SignedEvent, dueAt: number): Promise<number> {
  const event = eventOf(receiveWebhook, { params: { provider: 'razorpay' } })
  const headers = { ...event.headers, 'x-razorpay-signature': signature }
  const { statusCode } = await handleHttp(receiveWebhook, receiveWebhookRun, deps, { ...event, headers, body })
  if (statusCode !== 200) throw new Error(`the receiver answered ${statusCode}`)
  return performance.now() - dueAt
}

interface Worked {
  /** Answered with 200, and not worked off in the end. */
  lost: number
  lagsMs: number[]
}

/** Waits until every event that was taken is worked off. */
async function workedOff(stack: LocalStack, sent: Sent[]): Promise<Worked> {
  const lagsMs: number[] = []
  let open = [...new Set(sent.filter(({ status }) => status === 200).map(({ eventKey }) => eventKey))]
  const giveUpAt = performance.now() + settleWithinMs
  await withProgress('waiting for the worker', async (update) => {
    const all = open.length
    while (open.length > 0 && performance.now() < giveUpAt) {
      const left: string[] = []
      for (let at = 0; at < open.length; at += 100) {
        const keys = open.slice(at, at + 100)
        const items = await stack.table.batchGet(keys.map((key) => webhookEventKey('razorpay', key)))
        for (const [index, item] of items.entries()) {
          const event = item && readWebhook(item)
          if (event?.status === 'processed') lagsMs.push((event.processedAt ?? 0) - event.createdAt)
          else left.push(keys[index] ?? '')
        }
      }
      open = left
      update(all - open.length, all)
      if (open.length > 0) await new Promise((resolve) => setTimeout(resolve, 500))
    }
  })
  return { lost: open.length, lagsMs }
}

interface Step {
  rate: number
  p99: number
  refused: number
}

/** Up the ladder until a rate is not held. */
async function climb(stack: LocalStack, source: () => SignedEvent, seconds: number): Promise<Step[]> {
  const steps: Step[] = []
  await withProgress('higher rates', async (update) => {
    for (const [at, rate] of ladder.entries()) {
      const sent = await sendAtRate(stack, source, rate, seconds)
      const step = {
        rate,
        p99: quantile(
          sent.map(({ ms }) => ms),
          0.99,
        ),
        refused: sent.filter(({ status }) => status !== 200).length,
      }
      steps.push(step)
      update(at + 1, ladder.length)
      if (!isHeld(step)) break
    }
  })
  return steps
}
