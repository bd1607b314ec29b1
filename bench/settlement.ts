import { realNow } from '#local/time'
import { numberSeries } from '#runtime/invoiceNumbers'
import type { Engine } from '#test/support/engine'
import type { Bound, Table } from './report.ts'
import { openShop } from './settlementShop.ts'
import { openStage, type Spent } from './stage.ts'

/** What the numbers worker numbers in one transaction. */
const invoicesAtOnce = 25

/** The most that each step may cost: what it does, rounded up to whole units. `docs/payments.md` has the same figures. */
const most: Record<string, [readUnits: number, writeUnits: number]> = {
  'checkout of an item': [9, 8],
  'its order at the provider kept': [1, 4],
  'checkout of a plan': [8, 8],
  'checkout of a plan with a coupon': [9, 10],
  'settlement of an item': [8, 14],
  'settlement of a credit pack': [8, 19],
  'settlement of a plan, its card kept': [10, 29],
  'the same payment verified again': [1, 0],
  'event received': [0, 4],
  'the same event received again': [0, 0],
  'event of a settled payment worked off': [2, 3],
  'event that settles an item worked off': [10, 17],
  'refund of an item asked for': [5.5, 11],
  'refund of an item taken on': [4, 6],
  'refund of an item confirmed': [4, 10],
  'refund of a credit pack asked for': [5.5, 11],
  'refund of a credit pack taken on': [5, 9],
  'refund of a credit pack confirmed': [5, 10],
  'refund of a plan asked for': [5.5, 11],
  'refund of a plan taken on': [6, 16],
  'refund of a plan confirmed': [6, 10],
  'numbers, a batch of 25, per invoice': [2, 4],
}

/** What each step of a payment consumes. Exact, like every figure of this part. */
export async function measureSettlement(engine: Engine): Promise<{ table: Table; bounds: Bound[] }> {
  const stage = await openStage(engine.client, await engine.createTable({ tableName: 'settlement' }))
  const shop = openShop(stage)
  const rows: Table['rows'] = []
  const bounds: Bound[] = []
  const note = (what: string, spent: Spent, share = 1) => {
    const readUnits = spent.readUnits / share
    const writeUnits = spent.writeUnits / share
    const indexUnits = (spent.writeUnits - (spent.byIndex[''] ?? 0)) / share
    rows.push([what, readUnits, writeUnits, indexUnits, spent.refusedUnits / share, spent.roundTrips])
    const [mostRead, mostWritten] = most[what] ?? [0, 0]
    bounds.push({ what: `${what}: RCU of a payment’s step`, value: readUnits, most: mostRead })
    bounds.push({ what: `${what}: WCU of a payment’s step`, value: writeUnits, most: mostWritten })
  }

  const item = await shop.checkout({ productId: 'guide' })
  note('checkout of an item', item.before)
  note('its order at the provider kept', item.after)
  const plan = await shop.checkout({ priceId: 'team-month' })
  note('checkout of a plan', plan.before)
  note(
    'checkout of a plan with a coupon',
    (await shop.checkout({ priceId: 'team-month', couponCode: 'WELCOME' })).before,
  )
  const pack = await shop.checkout({ productId: 'pack-500' })

  note('settlement of an item', await shop.verify(item))
  note('settlement of a credit pack', await shop.verify(pack))
  note('settlement of a plan, its card kept', await shop.verify(plan))
  note('the same payment verified again', await shop.verify(item))

  const known = shop.capturedEvent(item)
  note('event received', await shop.receive(known))
  note('the same event received again', await shop.receive(known))
  note('event of a settled payment worked off', await shop.work(known))
  const fresh = shop.capturedEvent(await shop.checkout({ productId: 'guide' }))
  await shop.receive(fresh)
  note('event that settles an item worked off', await shop.work(fresh))

  for (const [name, bought, body] of [
    ['an item', item, {}],
    ['a credit pack', pack, {}],
    ['a plan', plan, { plan: 'now' }],
  ] as const) {
    const asked = await shop.refund(bought, body)
    note(`refund of ${name} asked for`, asked.before)
    note(`refund of ${name} taken on`, asked.after)
    note(`refund of ${name} confirmed`, await shop.confirmRefund(bought))
  }

  // What was issued so far gets its number first, so that the batch is whole.
  const series = `INV-${new Date(realNow()).getUTCFullYear()}`
  await numberSeries(stage.deps, series)
  for (let n = 0; n < invoicesAtOnce; n++) await shop.verify(await shop.checkout({ productId: 'guide' }))
  const numbers = await stage.spentBy(async () => {
    const { numbered } = await numberSeries(stage.deps, series)
    if (numbered !== invoicesAtOnce) throw new Error(`${numbered} invoices were numbered`)
  })
  note(`numbers, a batch of ${invoicesAtOnce}, per invoice`, numbers, invoicesAtOnce)

  const columns = ['step', 'RCU', 'WCU', 'of these indexes', 'refused', 'round trips']
  return { table: { title: 'Capacity units of a payment’s steps', columns, rows }, bounds }
}
