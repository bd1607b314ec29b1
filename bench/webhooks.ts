import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
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
import { chargeOf, charges, eventSource, type SignedEvent } from './webhookEvents.ts'
import type { SendMessage, Sent } from './webhookSenderProcess.ts'

const eventsPerSecond = 100
const mostP99Ms = 300
const warmups = 100
/** Before the stack is measured: every thread of it compiles the functions for itself. */
const warmupRate = 50
const warmupSeconds = 30
/** Rates tried one after the other, each for some seconds, until one is not held. */
const higher = [150, 200, 300, 400, 600, 800]
/** The same from above, where the first is not held. */
const lower = [75, 50, 25]
const settleWithinMs = 180_000

/** Signed events through the handler and through the local stack at a fixed rate, and how long the worker takes to have worked them off. */
export async function measureWebhooks({ quick }: { quick: boolean }): Promise<Section> {
  const seconds = quick ? 10 : 60
  const loadBefore = load()
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
  const sender = openSender(stack)
  try {
    await settleCharges(stack)
    await withProgress('warming up', (update) => sender.send(warmupRate, warmupSeconds, update))
    const sent = await withProgress(`${eventsPerSecond} events a second`, (update) =>
      sender.send(eventsPerSecond, seconds, update),
    )
    const worked = await workedOff(stack, sent)
    const steps = await climb(sender, quick ? 3 : 10, stepOf(eventsPerSecond, sent))
    const loads = [loadBefore, load()]
    return report({ alone, sent, worked, steps, seconds, loads })
  } finally {
    sender.stop()
    await stack.stop()
    await rm(logs, { recursive: true, force: true })
  }
}

/** Runnable threads of the whole machine, over the last minute: figures of a busy one say little. */
const load = (): string => (loadavg()[0] ?? 0).toFixed(1)

interface Measured {
  alone: number[]
  sent: Sent[]
  worked: Worked
  steps: Step[]
  seconds: number
  /** Load averages before and after. */
  loads: string[]
}

function report({ alone, sent, worked, steps, seconds, loads }: Measured): Section {
  const times = sent.map(({ ms }) => ms)
  const first = sent.filter(({ status, duplicate }) => status === 200 && !duplicate).map(({ eventKey }) => eventKey)
  const doubled = first.length - new Set(first).size
  const own = stepOf(eventsPerSecond, sent)
  const { refused, p99 } = own
  const held = [own, ...steps].filter(isHeld).at(-1)?.rate ?? 0
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
        title: 'Other rates',
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
      `After ${warmupRate * warmupSeconds} events to warm up: every thread compiles the functions for itself.`,
      'Lag: from receipt to worked off. A latency counts from the moment at which the event was to be sent.',
      `Sender, functions, gateway and engines share this machine’s ${availableParallelism()} processors; load average before and after: ${loads.join(', ')}.`,
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

interface Sender {
  /** Answers when all that was sent is answered. Rate in events a second. */
  send(rate: number, seconds: number, update?: (done: number, all: number) => void): Promise<Sent[]>
  stop(): void
}

/** The sending process; it ends with this one, which holds its channel. */
function openSender(stack: LocalStack): Sender {
  const child = fork(fileURLToPath(new URL('webhookSenderProcess.ts', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
  })
  const to = { url: `${stack.apiUrl}/v1/webhooks/razorpay`, secret: stack.payments.webhookSecrets.razorpay }
  return {
    send: (rate, seconds, update = () => {}) =>
      new Promise((resolve, reject) => {
        const ended = (code: number | null) => reject(new Error(`the sending process ended with ${code}`))
        const hear = (message: SendMessage) => {
          if (message.kind === 'progress') return update(message.done, message.all)
          child.off('message', hear).off('exit', ended)
          resolve(message.sent)
        }
        child.on('message', hear).once('exit', ended)
        child.send({ ...to, rate, seconds })
      }),
    stop: () => {
      child.kill()
    },
  }
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
async function climb(sender: Sender, seconds: number, first: Step): Promise<Step[]> {
  const steps: Step[] = []
  const rates = isHeld(first) ? higher : lower
  await withProgress('other rates', async (update) => {
    for (const [at, rate] of rates.entries()) {
      const step = stepOf(rate, await sender.send(rate, seconds))
      steps.push(step)
      update(at + 1, rates.length)
      if (isHeld(step) !== isHeld(first)) break
    }
  })
  return steps
}

const stepOf = (rate: number, sent: Sent[]): Step => ({
  rate,
  p99: quantile(
    sent.map(({ ms }) => ms),
    0.99,
  ),
  refused: sent.filter(({ status }) => status !== 200).length,
})
