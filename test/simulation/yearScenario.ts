import type { Gateway } from '#gateways/gateway'
import { putAccount } from '#operations/accounts'
import { getSubscription } from '#operations/subscriptions'
import type { Deps } from '#runtime/deps'
import { userKey } from '#table/keys'
import { Callers, eventOf } from './caller.ts'
import { publishedItems } from './catalogue.ts'
import { memoryTable } from './memoryTable.ts'
import { Traffic } from './paymentTraffic.ts'
import { subscriptionHandlers } from './product.ts'
import { Books } from './providerBooks.ts'
import { Flow } from './providerFlow.ts'
import { asGateway, simulatedGateway } from './providerGateway.ts'
import { Post } from './providerPost.ts'
import { inTime, type Play, type Run } from './stage.ts'
import { type Mutation, type ProviderCall, World } from './world.ts'
import { Subscriber, type YearMarket } from './yearActors.ts'
import { yearCatalogue } from './yearCatalogue.ts'
import { YearOracle } from './yearOracle.ts'
import { yearRowsIn } from './yearRows.ts'
import { compareNightly, Sweeper } from './yearSweep.ts'
import { chargingGateway, Vault } from './yearVault.ts'

/** A deliberately broken product: at its table, or at its gateway. */
export interface YearMutation {
  table?: (play: YearPlay) => Mutation
  gateway?: (gateway: Gateway, play: YearPlay) => Gateway
}

export interface YearPlay extends YearMarket {
  traffic: Traffic
  sweeper: Sweeper
}

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000]
/** The last days of months, with and without a 29 February ahead. */
const starts = ['2027-01-31T09:15:00Z', '2027-12-30T22:40:00Z', '2028-02-29T12:00:00Z', '2026-10-31T03:05:00Z'].map(
  Date.parse,
)
const zones = ['UTC', 'America/New_York', 'Asia/Kolkata', 'Pacific/Auckland']
const openMs = 400 * dayMs
/** What is begun at the end of it: grace, debits, letters that lie among the dead. */
const afterMs = 60 * dayMs
const settleMs = 40 * dayMs
/** An outage, and until the charge is looked at again. */
const chargeMs = 5 * dayMs
const mostSettlings = 6
const redriveMs = 3 * dayMs
const mostFaults = 30
const mostFaultsAtProvider = 10
const faultRate = 0.02
const accountIds = ['acme', 'bolt']

/** A year and more of subscriptions: bought, changed, renewed, cancelled, at a provider that errs and is down for days. */
export const yearPlay = (mutation: YearMutation = {}): Play => ({
  name: 'years',
  play: (seed, { tracing = false } = {}) => playYear(seed, mutation, tracing),
})

async function playYear(seed: number, mutation: YearMutation, tracing: boolean): Promise<Run> {
  const play = open(seed, mutation, tracing)
  const { world, callers, random, traffic, sweeper, books, oracle, vault } = play
  const budget = random.between(0, mostFaults)
  const run = (violation?: string): Run => ({
    seed,
    ...(violation !== undefined && { violation }),
    trace: world.trace.lines,
    answers: [...callers.dialogues.values()].filter(({ reply }) => reply !== undefined).length,
    faults: budget,
  })
  try {
    await inTime(world, prepare(play, seed))
    const leftAtProvider = random.between(0, mostFaultsAtProvider)
    Object.assign(world.faults, { left: budget, leftAtProvider, rate: faultRate })
    const over = play.until + afterMs
    sweeper.go(over)
    const busy = new Set<number>()
    world.watch(({ changes, at }) => {
      if (changes.some(({ after }) => after?.entity === 'payment')) busy.add(Math.floor(at / dayMs))
    })
    const customers = accountIds.slice(0, random.between(1, 2)).map((id) => new Subscriber(play, id).live())
    const background = [
      compareNightly(
        world,
        traffic,
        over,
        (day) => busy.has(day) || books.payments.some(({ createdAt }) => Math.floor(createdAt / dayMs) === day),
      ),
      look(play, over),
      calmAt(world, play.until),
    ]
    await inTime(world, Promise.all([...customers, ...background]))
    await inTime(world, callers.settle())
    await settle(play)
    for (const { intent, reply } of callers.dialogues.values())
      if (reply?.body.code === 'validation_failed' && !isTooLate.has(String(reply.body.detail)))
        throw new Error(`${intent.id} was not understood: ${JSON.stringify(reply.body)}`)
    oracle.judge()
    const charged = books.payments.filter(({ order }) => order.isCharge)
    return {
      ...run(),
      tally: {
        ...oracle.tally,
        declined: charged.filter(({ status }) => status === 'failed').length,
        debited: vault.isMandate ? charged.filter(({ status }) => status === 'captured').length : 0,
        redriven: traffic.redriven,
      },
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return run(error.name === 'Violation' ? error.message : (error.stack ?? error.message))
  }
}

/** What is begun ends. Where a period ends just before the sweeps do, its charge is awaited: never longer than a few of them. */
async function settle({ world, sweeper }: YearPlay): Promise<void> {
  const isCharging = () => yearRowsIn(world.store.items()).subscriptions.some(({ pendingCharge }) => pendingCharge)
  for (let round = 0; round === 0 || (round <= mostSettlings && isCharging()); round++) {
    const forMs = round === 0 ? settleMs : chargeMs
    sweeper.go(world.now + forMs)
    await inTime(world, world.scheduler.sleep(forMs))
  }
}

/** What was given up is asked for again in the end, when its subscription or its time is long gone. */
const isTooLate = new Set(['token: is of another change', 'until: lies in the past'])

async function calmAt(world: World, until: number): Promise<void> {
  await world.scheduler.sleep(until - world.now)
  world.faults.calm()
}

function open(seed: number, mutation: YearMutation, tracing: boolean): YearPlay {
  const payments = (call: ProviderCall) => {
    const plain = simulatedGateway(books, post, call)
    const charging = chargingGateway(plain, books, vault, () => world.now, asGateway(books, call))
    const gateway = mutation.gateway?.(charging, play) ?? charging
    return { turnedOn: [books.provider], gateway: () => gateway, seal }
  }
  const startAt = starts[seed % starts.length] ?? 0
  const world: World = new World({
    seed,
    startAt,
    catalogue: yearCatalogue,
    payments,
    mutation: (table, of) => mutation.table?.(play)(table, of) ?? table,
    tracing,
  })
  world.scheduler.most = 400_000
  world.store.write([...publishedItems(yearCatalogue), staffMember])
  const random = world.random.fork()
  const traffic = new Traffic(world, random.fork(), { redriveMs })
  const now = () => Math.floor(world.now)
  const post = new Post(random.fork(), now, (letter) => {
    world.trace.note('provider', `tells ${letter.event.eventKey}: ${JSON.stringify(letter.event.about)}`)
    traffic.post(letter)
  })
  const books: Books = new Books({
    provider: random.pick(['razorpay', 'paystack', 'stripe', 'stripe'] as const),
    random: random.fork(),
    now,
    tell: (news) => {
      post.tell(books, news)
      if (news.refund?.status === 'pending') flow.afterRefund(news.payment, news.refund)
    },
  })
  const flow = new Flow(books, random.fork(), world.scheduler)
  const vault = new Vault(books, random.fork(), world.scheduler)
  const until = startAt + openMs
  for (let at = startAt; random.chance(0.7); ) {
    at += random.between(5 * dayMs, 120 * dayMs)
    if (at < until) vault.outages.push([at, at + random.between(hourMs, 2 * dayMs)])
  }
  const callers = new Callers(world, subscriptionHandlers, () => vault.isDown(world.now))
  const oracle = new YearOracle({ world, callers, books, vault, zoneOf: (id) => zoneOf(seed, id) })
  const sweeper = new Sweeper(world, traffic, random.fork())
  const play: YearPlay = { world, callers, random, books, vault, oracle, until, traffic, sweeper }
  return play
}

const zoneOf = (seed: number, accountId: string): string =>
  zones[(seed + accountIds.indexOf(accountId)) % zones.length] ?? 'UTC'

/** Looks at what is shown, at any instant and at those that matter, through the product's own reading of a calm table. */
async function look({ world, oracle, random }: YearPlay, until: number): Promise<void> {
  while (world.now < until) {
    const ends = accountIds.flatMap((id) => oracle.present(id)?.end ?? [])
    const edges = ends.flatMap((end) => [end - 1, end, end + 72 * hourMs - 1, end + 72 * hourMs])
    const next = random.pick(
      [...edges, world.now + random.between(minuteMs, 20 * dayMs)].filter((at) => at > world.now),
    )
    await world.scheduler.sleep(Math.min(next, until) - world.now)
    for (const id of accountIds) await lookAt(world, oracle, id)
  }
}

async function lookAt(world: World, oracle: YearOracle, accountId: string): Promise<void> {
  const handler = subscriptionHandlers[getSubscription.id]
  if (!handler || !oracle.present(accountId)) return
  const call = { operation: getSubscription, accountId }
  const { statusCode, body } = await handler(eventOf({ id: 'look', call }), calmDeps(world))
  if (statusCode !== 200) throw new Error(`a look was answered ${body}`)
  oracle.judgeShown(accountId, JSON.parse(body))
}

/** Reads the newest images, at one instant. */
function calmDeps(world: World): Deps {
  const table = memoryTable(world.store)
  const fail = (message: string, fields?: Record<string, unknown>) =>
    world.fail(new Error(`${message} ${String(fields?.error)}`))
  return {
    table: {
      ...table,
      get: (key) => table.get(key, { consistent: true }),
      batchGet: (keys) => table.batchGet(keys, { consistent: true }),
    },
    queues: { send: async () => {} },
    clock: { now: () => Math.floor(world.now), real: () => Math.floor(world.now) },
    ids: { random: () => '0'.repeat(16), secret: () => '0'.repeat(32) },
    rng: () => 0,
    log: { info: () => {}, warn: () => {}, error: fail },
    wait: async () => {},
    catalogue: async () => yearCatalogue,
    settings: async () => {
      throw new Error('a look needs no settings')
    },
    payments: async () => {
      throw new Error('a look needs no provider')
    },
    config: { mode: 'test' },
    metric: () => {},
  }
}

/** Sealed texts are letters and digits; whose they are is judged elsewhere. */
const seal = {
  seal: (text: string) => Buffer.from(text).toString('base64url'),
  open: (sealed: string) => Buffer.from(sealed, 'base64url').toString(),
}

const staffMember = {
  kind: 'put' as const,
  item: { ...userKey('staff'), entity: 'user', v: 1, role: 'ADMIN', createdAt: 0, updatedAt: 0 },
  when: 'unconditional' as const,
}

async function prepare({ callers }: YearPlay, seed: number): Promise<void> {
  for (const accountId of accountIds)
    await callers.ask({
      id: `make ${accountId}`,
      group: accountId,
      call: {
        operation: putAccount,
        accountId,
        body: { email: 'owner@example.com', timeZone: zoneOf(seed, accountId) },
      },
      standing: ({ id }) => id,
    })
}
