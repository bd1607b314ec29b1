import { run as deliverNoticeRun } from '#functions/operation/deliverNotice'
import { realNow } from '#local/time'
import { deliverNotice } from '#operations/operation'
import { numberSeries } from '#runtime/invoiceNumbers'
import { publishRow } from '#runtime/outbox'
import { dynamoTable } from '#table/dynamo'
import { outboxPartitions } from '#table/outbox'
import { listPayments } from '#table/payments'
import type { Item, Table as StoredTable } from '#table/port'
import type { Engine } from '#test/support/engine'
import { itemising, type RowCost } from './renewalRows.ts'
import { openRenewals, type RenewalStage } from './renewalStage.ts'
import type { Bound, Table } from './report.ts'
import type { Spent } from './stage.ts'

/** What the numbers worker numbers in one transaction. */
const invoicesAtOnce = 25

const plans = [
  { priceId: 'team-month', name: 'a monthly plan', mostWriteUnits: 26 },
  // Wallet and two ledger entries more: what was left expires, what is included comes.
  { priceId: 'studio-month', name: 'a monthly plan with included credits', mostWriteUnits: 34 },
]

/** Each row that a renewal writes, and what follows it, in exact units. */
export async function measureRenewalUnits(engine: Engine): Promise<{ tables: Table[]; bounds: Bound[] }> {
  const stage = await openRenewals(engine, 'renewal-units', 'INDEXES')
  const peek = dynamoTable({ client: engine.client, tableName: stage.tableName })
  const noted: RowCost[] = []
  const { table } = stage.deps
  const tables: Table[] = []
  const bounds: Bound[] = []
  for (const [at, { priceId, name, mostWriteUnits }] of plans.entries()) {
    const first = 100 * at
    // The catalogue is in memory by the second renewal, and the day's report is there: a run has many.
    await stage.subscribe(priceId, { first, count: invoicesAtOnce + 1 })
    await stage.sweep()
    const [warm, measured, ...others] = stage.take('renewal')
    await stage.renew(warm)
    noted.length = 0
    stage.deps.table = itemising(table, peek, noted)
    const spent = await stage.spentBy(() => stage.renew(measured))
    stage.deps.table = table
    await assertRenewed(stage, measured)
    assertAddsUp(noted, spent)
    tables.push(rowsTable(`What a renewal of ${name} writes`, noted, spent))
    bounds.push({ what: `a renewal of ${name}: WCU`, value: spent.writeUnits, most: mostWriteUnits })
    for (const other of others) await stage.renew(other)
    if (at === 0) tables.push(await measureAfter(stage, peek))
  }
  return { tables, bounds }
}

async function assertRenewed({ table }: RenewalStage, message: unknown): Promise<void> {
  const { accountId } = message as { accountId: string }
  const { payments } = await listPayments(table, accountId, { limit: 2 })
  if (payments.length !== 1 || payments[0]?.settled?.as !== 'granted') throw new Error('a renewal was not settled')
}

/** The rows' units are computed; the engine's own count has the last word. */
function assertAddsUp(noted: readonly RowCost[], { writeUnits, byIndex }: Spent): void {
  const base = noted.reduce((sum, row) => sum + row.base, 0)
  const index = noted.reduce((sum, row) => sum + row.index, 0)
  if (base !== (byIndex[''] ?? 0) || base + index !== writeUnits)
    throw new Error(`rows add up to ${base} + ${index}, the engine counted ${byIndex['']} of ${writeUnits}`)
}

const rowsTable = (title: string, noted: readonly RowCost[], spent: Spent): Table => ({
  title,
  columns: ['row', 'commit', 'bytes', 'WCU', 'of indexes', 'RCU'],
  rows: [
    ...noted.map(({ entity, commit, bytes, base, index }) => [entity, commit, bytes, base + index, index, '']),
    [
      `in all, ${spent.roundTrips} round trips`,
      noted.at(-1)?.commit ?? 0,
      '',
      spent.writeUnits,
      noted.reduce((sum, { index }) => sum + index, 0),
      spent.readUnits,
    ],
  ],
})

/** By workers of their own, from rows that the renewal's last transaction leaves. */
async function measureAfter(stage: RenewalStage, peek: StoredTable): Promise<Table> {
  const waiting = await outboxRows(peek)
  const rows: Table['rows'] = []
  const note = (what: string, spent: Spent, share = 1) =>
    rows.push([what, spent.readUnits / share, spent.writeUnits / share])
  const notices = waiting.filter(({ queue }) => queue === 'outbox')
  const series = waiting.filter(({ queue }) => queue === 'number')
  const all = invoicesAtOnce + 1
  note(`${notices.length / all} notices published`, await publishAll(stage, notices), all)
  const delivered = await stage.spentBy(async () => {
    for (const message of stage.take('outbox'))
      await deliverNoticeRun(deliverNotice.message.parse(message), stage.deps, { requestId: 'bench' })
  })
  note('they are delivered', delivered, all)
  note(`${series.length / all} words to the numbers worker published`, await publishAll(stage, series), all)
  const number = (limit: number) =>
    stage.spentBy(async () => {
      const { numbered } = await numberSeries(stage.deps, 'INV-2027')
      if (numbered !== limit) throw new Error(`${numbered} invoices were numbered`)
    })
  note('the invoice is numbered, one of 26', await number(all), all)
  return { title: 'What follows a renewal', columns: ['step', 'RCU', 'WCU'], rows }
}

const publishAll = (stage: RenewalStage, rows: Item[]): Promise<Spent> =>
  stage.spentBy(async () => {
    for (const row of rows) await publishRow(row, stage.deps)
  })

async function outboxRows(table: StoredTable): Promise<Item[]> {
  const pages = await Promise.all(outboxPartitions(realNow(), 2).map((pk) => table.query({ pk, limit: 1_000 })))
  return pages.flatMap(({ items }) => items)
}
