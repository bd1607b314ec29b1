import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call as callStack } from '#local/demo'
import { type LocalStack, startLocalStack } from '#local/start'
import { type HotCall, hotCalls } from './hotCalls.ts'
import { accountIdOf } from './names.ts'
import { withProgress } from './progress.ts'
import type { Section } from './report.ts'
import { cataloguePath, operationNamed, plenty } from './stage.ts'
import { quantile } from './statistics.ts'

/** Enough to keep both cores busy; every client has an account of its own, as customers do. */
const clients = 8
const warmups = 3
/** An account has at most 24 open holds, and those of the warm-up stay open too. */
const mostReserves = 20

/** Requests per second through the local stack: gateway, authorizer, bundles in workers, engine with its stream on. */
export async function measureHttp({ quick }: { quick: boolean }): Promise<Section> {
  const perClient = quick ? 10 : 40
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
    const accounts = await makeAccounts(stack)
    const rows: (string | number)[][] = []
    await withProgress('requests through the local stack', async (update) => {
      for (const [at, hot] of hotCalls.entries()) {
        const wanted = Math.ceil(perClient / (hot.every ?? 1))
        const count = hot.id === 'reserveCredits' ? Math.min(wanted, mostReserves) : wanted
        rows.push([hot.name, ...(await loadOf(stack, accounts, hot, at * 10_000, count))])
        update(at + 1, hotCalls.length)
      }
    })
    return {
      tables: [
        {
          title: `Through the local HTTP stack, ${clients} clients`,
          columns: ['call', 'requests', 'requests per second', 'p50, ms', 'p99, ms'],
          rows,
        },
      ],
      bounds: [],
      notes: [
        'Clients, gateway and engines share this machine, and the stream slows writes as it grows: AWS does neither.',
      ],
    }
  } finally {
    await stack.stop()
    await rm(logs, { recursive: true, force: true })
  }
}

async function makeAccounts(stack: LocalStack): Promise<string[]> {
  const ids = Array.from({ length: clients }, (_, number) => accountIdOf(number))
  for (const accountId of ids) {
    await callStack(stack, `PUT /v1/accounts/${accountId}`, stack.apiKey, { email: `${accountId}@example.com` })
    const plan = { priceId: 'team-month', reason: 'benchmark' }
    await callStack(stack, `POST /v1/admin/accounts/${accountId}/plan`, stack.adminToken, plan, `plan ${accountId}`)
    const grant = { amount: plenty, reason: 'benchmark' }
    await callStack(stack, `POST /v1/accounts/${accountId}/credits/grants`, stack.apiKey, grant, 'grant')
  }
  return ids
}

async function loadOf(
  stack: LocalStack,
  accounts: string[],
  hot: HotCall,
  firstNumber: number,
  perClient: number,
): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const times: number[] = []
  const isCommit = hot.id === 'commitReservation'
  const run = async (accountId: string, from: number, count: number, taken: number[]) => {
    for (let n = from; n < from + count; n++) {
      // A commit needs a reservation of its own, which is made outside its time.
      const reservationId = isCommit ? await reserve(stack, agent, accountId, n) : ''
      taken.push(await send(stack, agent, accountId, hot, n, reservationId).then(({ ms }) => ms))
    }
  }
  await Promise.all(accounts.map((accountId) => run(accountId, firstNumber, warmups, [])))
  const startedAt = performance.now()
  await Promise.all(accounts.map((accountId) => run(accountId, firstNumber + warmups, perClient, times)))
  const seconds = (performance.now() - startedAt) / 1000
  agent.destroy()
  return [times.length, times.length / seconds, quantile(times, 0.5), quantile(times, 0.99)]
}

async function reserve(stack: LocalStack, agent: Agent, accountId: string, n: number): Promise<string> {
  const hot = hotCalls.find(({ id }) => id === 'reserveCredits')
  if (!hot) throw new Error('no hot call reserves')
  return (await send(stack, agent, accountId, hot, 1_000_000 + n, '')).id
}

function send(stack: LocalStack, agent: Agent, accountId: string, hot: HotCall, n: number, reservationId: string) {
  const { params, body, contentType = 'application/json', key } = hot.call(n, reservationId)
  const [route = ''] = operationNamed(hot.id).routes.filter((one) => one.includes('/v1/accounts/'))
  const [method = '', template = ''] = route.split(' ')
  const values: Record<string, string> = { accountId, ...params }
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
  const headers = {
    authorization: `Bearer ${stack.apiKey}`,
    'content-type': contentType,
    ...(key !== undefined && { 'idempotency-key': key }),
  }
  const startedAt = performance.now()
  return new Promise<{ ms: number; id: string }>((resolve, reject) => {
    const asked = request(stack.apiUrl + path, { method, agent, headers }, (answer) => {
      let text = ''
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      answer.once('end', () => {
        const ms = performance.now() - startedAt
        if ((answer.statusCode ?? 500) < 300) resolve({ ms, id: String(JSON.parse(text).id ?? '') })
        else reject(new Error(`${hot.name} answered ${answer.statusCode}: ${text}`))
      })
    })
    asked.once('error', reject)
    asked.end(JSON.stringify(body))
  })
}
