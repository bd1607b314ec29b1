import { BatchWriteItemCommand, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { guardOf } from '#domain/guard'
import { again, contend } from '#runtime/contend'
import { toAttributes } from '#table/expression'
import { ledgerIndex, ledgerPosition, operationKey, walletKey } from '#table/keys'
import type { Item } from '#table/port'
import { type Engine, startEngine } from '#test/support/engine'
import { measureCrowd } from './crowd.ts'
import { accountIdOf, keyOf } from './names.ts'
import { withProgress } from './progress.ts'
import type { Bound, Section, Table } from './report.ts'
import { openStage, type Stage } from './stage.ts'
import { median, quantile } from './statistics.ts'

/** What does not depend on the size costs the same at every size; a tenth is left to the machine. */
const mostGrowth = 1.1
const hotClients = 16

interface Plan {
  entries: number[]
  rounds: number
  samples: number
  hotMs: number
}
const plans: Record<'quick' | 'full', Plan> = {
  quick: { entries: [1, 100, 10_000], rounds: 3, samples: 60, hotMs: 1_500 },
  full: { entries: [1, 1_000, 100_000], rounds: 9, samples: 100, hotMs: 4_000 },
}

/** How time and units move with the ledger and the grants, and what one hot account takes. The table has no stream. */
export async function measureGrowth({ quick }: { quick: boolean }): Promise<Section> {
  const plan = quick ? plans.quick : plans.full
  const engine = await startEngine()
  try {
    const stage = await openStage(engine.client, await engine.createTable(), 'TOTAL')
    const ledger = await growthOf('deduct', 'entries in the ledger', await ledgersOf(engine, stage, plan.entries), plan)
    const grants = await growthOf('check', 'live grants', await walletsOf(stage, [1, 32]), plan)
    const hot = await hotAccount(engine, stage, plan.hotMs)
    const crowd = await measureCrowd(stage, quick ? 1 : 3)
    return {
      tables: [ledger.table, grants.table, hot, crowd.table],
      bounds: [...ledger.bounds, ...grants.bounds, ...crowd.bounds],
      notes: [
        'Ratio: to the smallest size, medians of rounds in which every size is sampled in turn.',
        'The hot account is a race on this machine; the local engine never reports a transaction conflict, AWS does.',
      ],
    }
  } finally {
    await engine.stop()
  }
}

interface Subject {
  size: number
  call: (n: number) => Promise<{ readUnits: number; writeUnits: number }>
}

async function growthOf(
  what: string,
  sizeName: string,
  subjects: Subject[],
  { rounds, samples }: Plan,
): Promise<{ table: Table; bounds: Bound[] }> {
  const times = subjects.map(() => Array.from({ length: rounds }, (): number[] => []))
  const units = subjects.map(() => 0)
  let n = 0
  await withProgress(`${what} by ${sizeName}`, async (update) => {
    for (let sample = 0; sample < samples; sample++) for (const subject of subjects) await subject.call(n++)
    for (let round = 0; round < rounds; round++) {
      for (let sample = 0; sample < samples; sample++) {
        // Each size is first, second and last equally often.
        for (let turn = 0; turn < subjects.length; turn++) {
          const at = (turn + sample) % subjects.length
          const startedAt = performance.now()
          const spent = await subjects[at]?.call(n++)
          times[at]?.[round]?.push(performance.now() - startedAt)
          units[at] = (spent?.readUnits ?? 0) + (spent?.writeUnits ?? 0)
        }
      }
      update(round, rounds)
    }
  })
  const found = subjects.map(({ size }, at) => ({
    size,
    ms: median((times[at] ?? []).map(median)),
    ratio: median((times[at] ?? []).map((round, number) => median(round) / median(times[0]?.[number] ?? []))),
    units: units[at] ?? 0,
  }))
  return {
    table: {
      title: `Growth: ${what} by ${sizeName}`,
      columns: [sizeName, 'p50, ms', 'ratio', 'units'],
      rows: found.map(({ size, ms, ratio, units: used }) => [size.toLocaleString('en-US'), ms, ratio, used]),
    },
    bounds: found.slice(1).flatMap(({ size, ratio, units: used }) => [
      { what: `${what} at ${size.toLocaleString('en-US')} ${sizeName}: time`, value: ratio, most: mostGrowth },
      {
        what: `${what} at ${size.toLocaleString('en-US')} ${sizeName}: units`,
        value: used / (found[0]?.units ?? 1),
        most: mostGrowth,
      },
    ]),
  }
}

/** Accounts whose ledgers hold so many entries already. The rows are copies of a real one, written past the product. */
async function ledgersOf(engine: Engine, stage: Stage, sizes: number[]): Promise<Subject[]> {
  const subjects: Subject[] = []
  for (const [at, size] of sizes.entries()) {
    const accountId = accountIdOf(at)
    await stage.account(accountId)
    await fillLedger(engine, stage, accountId, size)
    subjects.push({
      size,
      call: (n) =>
        stage.call('deductCredits', { accountId, body: { amount: 7, reason: 'Report 4711' }, key: keyOf(n) }),
    })
  }
  return subjects
}

/** What BatchWriteItem takes. */
const batchSize = 25
const writersAtOnce = 4

async function fillLedger(engine: Engine, stage: Stage, accountId: string, size: number): Promise<void> {
  const { deductionKey, entry } = await sampleEntry(stage, accountId)
  const row = (number: number): Item => ({
    ...entry,
    ...operationKey(accountId, guardOf('s', 'deductCredits', `filler ${number}`)),
    // Below the real ones, so that the ledger's index has them where a long-lived account has them.
    gsi1pk: ledgerIndex(accountId),
    gsi1sk: ledgerPosition(number),
    key: deductionKey,
  })
  let written = 0
  const writer = async (update: (done: number, all: number) => void) => {
    while (written < size - 1) {
      const from = written
      written += batchSize
      const rows = Array.from({ length: Math.min(batchSize, size - 1 - from) }, (_, at) => row(from + at))
      const requests = rows.map((item) => ({ PutRequest: { Item: toAttributes(item) } }))
      await engine.client.send(new BatchWriteItemCommand({ RequestItems: { [stage.tableName]: requests } }))
      update(from, size)
    }
  }
  await withProgress(`a ledger of ${size.toLocaleString('en-US')} entries`, (update) =>
    Promise.all(Array.from({ length: writersAtOnce }, () => writer(update))),
  )
}

async function sampleEntry(stage: Stage, accountId: string): Promise<{ deductionKey: string; entry: Item }> {
  const deductionKey = 'sample'
  await stage.call('deductCredits', { accountId, body: { amount: 7, reason: 'Report 4711' }, key: deductionKey })
  const entry = await stage.table.get(operationKey(accountId, guardOf('s', 'deductCredits', deductionKey)), {
    consistent: true,
  })
  if (!entry) throw new Error('a deduction left no ledger entry')
  return { deductionKey, entry }
}

async function walletsOf(stage: Stage, sizes: number[]): Promise<Subject[]> {
  const subjects: Subject[] = []
  for (const size of sizes) {
    const accountId = accountIdOf(1_000 + size)
    await stage.account(accountId)
    for (let grant = 1; grant < size; grant++) {
      const expiresAt = new Date(Date.UTC(2090, 0, grant)).toISOString()
      await stage.call('grantCredits', {
        accountId,
        body: { amount: 100 + grant, expiresAt, priority: 1, reason: 'Pack' },
      })
    }
    subjects.push({ size, call: () => stage.call('check', { accountId, body: { feature: 'calls' } }) })
  }
  return subjects
}

/** One account and 16 clients without a pause, against the least that any such design does: an item's version raised on condition. */
async function hotAccount(engine: Engine, stage: Stage, lengthMs: number): Promise<Table> {
  const accountId = accountIdOf(9_000)
  await stage.account(accountId)
  let calls = 0
  const deduct = async () => {
    const body = { amount: 1, reason: 'Report 4711' }
    const { status } = await stage.call('deductCredits', { accountId, body, key: keyOf(calls++) }, 201)
    return status === 201
  }
  const raw = rawCounter(engine, stage)
  // Twice each, in turn: a machine's mood shows in the difference of the two.
  const figures = { deduct: [] as Figures[], raw: [] as Figures[] }
  await withProgress('one hot account', async (update) => {
    for (let turn = 0; turn < 2; turn++) {
      figures.raw.push(await race(raw, lengthMs / 2))
      figures.deduct.push(await race(deduct, lengthMs / 2))
      update(turn + 1, 2)
    }
  })
  const row = (name: string, found: Figures[]) => [
    name,
    median(found.map(({ perSecond }) => perSecond)),
    median(found.map(({ p50Ms }) => p50Ms)),
    median(found.map(({ p99Ms }) => p99Ms)),
    found.reduce((sum, { refused }) => sum + refused, 0),
  ]
  return {
    title: `One hot account, ${hotClients} clients`,
    columns: ['', 'successes per second', 'p50, ms', 'p99, ms', 'given up'],
    rows: [row('deductions', figures.deduct), row('raw conditional updates of one item', figures.raw)],
  }
}

function rawCounter(engine: Engine, stage: Stage): () => Promise<boolean> {
  const Key = toAttributes({ ...walletKey('raw') })
  const common = { TableName: stage.tableName, Key }
  return async () => {
    return contend(stage.deps, async () => {
      const read = await engine.client.send(new GetItemCommand({ ...common, ConsistentRead: true }))
      const version = Number(read.Item?.ver?.N ?? 0)
      try {
        await engine.client.send(
          new UpdateItemCommand({
            ...common,
            UpdateExpression: 'SET #v = :next',
            ConditionExpression: 'attribute_not_exists(#v) OR #v = :seen',
            ExpressionAttributeNames: { '#v': 'ver' },
            ExpressionAttributeValues: toAttributes({ ':next': version + 1, ':seen': version }),
          }),
        )
        return true
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'ConditionalCheckFailedException') throw error
        return again
      }
    })
  }
}

interface Figures {
  perSecond: number
  p50Ms: number
  p99Ms: number
  refused: number
}

async function race(attempt: () => Promise<boolean>, lengthMs: number): Promise<Figures> {
  const times: number[] = []
  let refused = 0
  const startedAt = performance.now()
  const client = async () => {
    while (performance.now() - startedAt < lengthMs) {
      const sentAt = performance.now()
      const done = await attempt().catch(() => false)
      if (done) times.push(performance.now() - sentAt)
      else refused += 1
    }
  }
  await Promise.all(Array.from({ length: hotClients }, client))
  const seconds = (performance.now() - startedAt) / 1000
  return { perSecond: times.length / seconds, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99), refused }
}
