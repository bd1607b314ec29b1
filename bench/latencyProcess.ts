import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { startEngine } from '#test/support/engine'
import { functionEnvironment } from './bundles.ts'
import { eventOf } from './event.ts'
import { type HotCall, hotCalls } from './hotCalls.ts'
import { accountIdOf } from './names.ts'
import { pick, type Recorded, record } from './recording.ts'
import { openStage, operationNamed } from './stage.ts'

/*
 * A process of its own: the bundles' log lines go to its standard output, which nobody reads. What it measured goes to
 * its parent as messages.
 */
export interface LatencyJob {
  /** Bundles of the functions by id, and of `bareCalls.ts`. */
  modules: Record<string, string>
  bareModule: string
  warmups: number
  rounds: number
  samples: number
}
export interface LatencySamples {
  /** Milliseconds by call name, by round. */
  handler: Record<string, number[][]>
  bare: Record<string, number[][]>
}
export type LatencyMessage = { kind: 'progress'; done: number; all: number } | { kind: 'done'; samples: LatencySamples }

const bareAccount = accountIdOf(1)
const handlerAccount = accountIdOf(2)
const say = (message: LatencyMessage) => process.send?.(message)

async function work(job: LatencyJob): Promise<void> {
  try {
    say({ kind: 'done', samples: await measure(job) })
    process.disconnect()
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exit(1)
  }
}

process.once('message', (job: LatencyJob) => void work(job))

const isDue = (call: HotCall, n: number): boolean => n % (call.every ?? 1) === 0

async function measure(job: LatencyJob): Promise<LatencySamples> {
  const engine = await startEngine()
  const tableName = await engine.createTable()
  const count = job.warmups + job.rounds * job.samples
  const recorded = record(engine.client)
  const { seed, requests } = await rehearse()

  // The same table again, empty: what was recorded holds on it from its first request on.
  await engine.client.send(new DeleteTableCommand({ TableName: tableName }))
  await engine.createTable()
  engine.client.middlewareStack.remove('record')
  const stage = await openStage(engine.client, tableName, 'TOTAL')
  Object.assign(process.env, functionEnvironment(engine.endpoint, tableName))
  const { handlers, bareCalls } = await loadModules()
  const [anyBare] = Object.values(bareCalls)
  for (const request of seed) await anyBare?.(request)
  await stage.account(handlerAccount)
  const samples = await compare()
  await engine.stop()
  return samples

  /** Every request that the hot calls will make, by running them once. */
  async function rehearse(): Promise<{ seed: Recorded[]; requests: Recorded[][] }> {
    const rehearsal = await openStage(engine.client, tableName, 'TOTAL')
    recorded.length = 0
    await rehearsal.account(bareAccount)
    const written = recorded.splice(0).filter(({ name }) => !name.includes('Get'))
    const made: Recorded[][] = []
    let reservationId = ''
    for (let n = 0; n < count; n++) {
      for (const hot of hotCalls) {
        if (!isDue(hot, n)) continue
        const { body } = await rehearsal.call(hot.id, { accountId: bareAccount, ...hot.call(n, reservationId) })
        if (hot.id === 'reserveCredits') reservationId = String(body.id)
        made.push(pick(recorded.splice(0), hot.unavoidable))
      }
      if (n % 50 === 0) say({ kind: 'progress', done: n, all: count * 3 })
    }
    return { seed: written, requests: made }
  }

  async function loadModules() {
    const handlers: Record<string, Handler> = {}
    const bareCalls: Record<string, SendBare> = {}
    for (const id of new Set(hotCalls.map((hot) => hot.id))) {
      const { handler }: { handler: Handler } = await import(job.modules[id] ?? '')
      const { sendBare }: { sendBare: SendBare } = await import(`${job.bareModule}?${id}`)
      handlers[id] = handler
      bareCalls[id] = sendBare
    }
    return { handlers, bareCalls }
  }

  /** Handler and bare calls in turn, sample by sample; who goes first changes, so that neither gains by it. */
  async function compare(): Promise<LatencySamples> {
    const times: LatencySamples = { handler: emptyTimes(), bare: emptyTimes() }
    let reservationId = ''
    let at = 0
    for (let n = 0; n < count; n++) {
      const round = n < job.warmups ? undefined : Math.floor((n - job.warmups) / job.samples)
      for (const hot of hotCalls) {
        if (!isDue(hot, n)) continue
        const prepared = requests[at++] ?? []
        const event = eventOf(operationNamed(hot.id), { accountId: handlerAccount, ...hot.call(n, reservationId) })
        const handler = handlers[hot.id]
        const sendBare = bareCalls[hot.id]
        if (!handler || !sendBare) throw new Error(`${hot.id} was not loaded`)
        const bare = () =>
          timed(async () => {
            for (const request of prepared) await sendBare(request)
          })
        const bareFirst = n % 2 === 0 ? await bare() : undefined
        const ours = await timed(() => handler(event, context))
        const theirs = bareFirst ?? (await bare())
        if (ours.result.statusCode >= 300) throw new Error(`${hot.name}: ${ours.result.body}`)
        if (hot.id === 'reserveCredits') reservationId = String(JSON.parse(ours.result.body).id)
        if (round !== undefined) {
          times.handler[hot.name]?.[round]?.push(ours.ms)
          times.bare[hot.name]?.[round]?.push(theirs.ms)
        }
      }
      if (n % 50 === 0) say({ kind: 'progress', done: count + 2 * n, all: count * 3 })
    }
    return times
  }

  function emptyTimes(): Record<string, number[][]> {
    return Object.fromEntries(hotCalls.map(({ name }) => [name, Array.from({ length: job.rounds }, () => [])]))
  }
}

type SendBare = (request: Recorded) => Promise<unknown>
type Handler = (event: unknown, context: object) => Promise<{ statusCode: number; body: string }>

const context = { awsRequestId: 'bench', getRemainingTimeInMillis: () => 10_000 }

async function timed<Result>(work: () => Promise<Result>): Promise<{ ms: number; result: Result }> {
  const startedAt = performance.now()
  const result = await work()
  return { ms: performance.now() - startedAt, result }
}
