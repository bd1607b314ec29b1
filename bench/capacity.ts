import { walletKey } from '#table/keys'
import type { Engine } from '#test/support/engine'
import { startEngine } from '#test/support/engine'
import { itemBytes } from '#test/support/itemSize'
import type { Call } from './event.ts'
import { accountIdOf, keyOf } from './names.ts'
import { withProgress } from './progress.ts'
import { measureRenewalUnits } from './renewalUnits.ts'
import type { Bound, Section, Table } from './report.ts'
import { measureSettlement } from './settlement.ts'
import { type Answer, openStage, type Stage } from './stage.ts'

const batchSize = 100

/** Capacity units of every operation and of a payment's steps, and how they grow with the wallet. Exact: the same in every run. */
export async function measureCapacity({ quick }: { quick: boolean }): Promise<Section> {
  const engine = await startEngine()
  try {
    const stage = await openStage(engine.client, await engine.createTable())
    const operations = await measureOperations(stage)
    const settlement = await measureSettlement(engine)
    const renewal = await measureRenewalUnits(engine)
    const growth = await measureWalletGrowth(engine, quick)
    return {
      tables: [operations.table, settlement.table, ...renewal.tables, growth],
      bounds: [...operations.bounds, ...settlement.bounds, ...renewal.bounds],
      notes: [
        'Refused: write units of writes that a condition refused. DynamoDB charges them, no engine reports them, so they are computed from the item sizes.',
        'A settled payment is one of a customer with an account: nothing is due in the wallet, and no coupon or credit is held.',
        'A renewal: monthly, without overage, by a saved card that the provider charges at once; from the row that is due to the settled payment. Units of a row follow from its size as it was and as it is; that they add up to what the engine counted is checked.',
        'Live mode. In test mode each call reads the clock too: 0.5 RCU.',
      ],
    }
  } finally {
    await engine.stop()
  }
}

interface Most {
  readUnits?: number
  writeUnits?: number
  roundTrips?: number
}

async function measureOperations(stage: Stage): Promise<{ table: Table; bounds: Bound[] }> {
  const rows: Table['rows'] = []
  const bounds: Bound[] = []
  const accountId = accountIdOf(1)
  let keys = 0
  const nextKey = () => keyOf(++keys)

  /** Measures one call; `share` divides its units (a batch's events). */
  async function measure(
    what: string,
    id: string,
    call: Call & { status?: number; share?: number },
    most: Most = {},
  ): Promise<Answer> {
    const { status, share = 1, ...request } = call
    const answer = await stage.call(id, { accountId, key: nextKey(), ...request }, status)
    const readUnits = answer.readUnits / share
    const units = answer.writeUnits / share
    rows.push([what, readUnits, units, answer.refusedUnits / share, answer.roundTrips, answer.largestBytes])
    if (most.readUnits !== undefined) bounds.push({ what: `${what}: RCU`, value: readUnits, most: most.readUnits })
    if (most.writeUnits !== undefined) bounds.push({ what: `${what}: WCU`, value: units, most: most.writeUnits })
    if (most.roundTrips !== undefined)
      bounds.push({ what: `${what}: round trips`, value: answer.roundTrips, most: most.roundTrips })
    return answer
  }
  const amount = (value: number) => ({ amount: value, reason: 'Report 4711' })
  const usage = (feature: string, more: object = {}) => ({ body: { feature, quantity: 1, ...more } })

  await stage.account(accountId)

  // Credits.
  const key = nextKey()
  const deducted = await measure('deduct', 'deductCredits', { body: amount(7), key }, { readUnits: 0.5, writeUnits: 5 })
  await measure('deduct, the same key again', 'deductCredits', { body: amount(7), key })
  const dear = nextKey()
  const tooMuch = { body: amount(999_999_999_999), key: dear, status: 402 }
  await measure('deduct, refused for good', 'deductCredits', tooMuch)
  await measure('deduct, refused, the same key again', 'deductCredits', tooMuch)
  await measure('refund', 'refundCredits', { body: { deductionId: deducted.body.id, amount: 3 } })
  await measure('grant', 'grantCredits', { body: { ...amount(500), expiresAt: '2099-01-01T00:00:00Z', priority: 1 } })
  const reserveKey = nextKey()
  const held = await measure('reserve', 'reserveCredits', { body: amount(7), key: reserveKey }, { writeUnits: 1 })
  await measure('reserve, the same key again', 'reserveCredits', { body: amount(7), key: reserveKey })
  const params = { reservationId: String(held.body.id) }
  await measure('commit', 'commitReservation', { params, body: { amount: 5 } }, { writeUnits: 5 })
  await measure('commit, again', 'commitReservation', { params, body: { amount: 5 } })
  const spare = await stage.call('reserveCredits', { accountId, body: amount(7), key: nextKey() })
  const spareParams = { reservationId: String(spare.body.id) }
  await measure('release', 'releaseReservation', { params: spareParams }, { writeUnits: 1 })
  await measure('release, again', 'releaseReservation', { params: spareParams })

  // Questions.
  const question: Most = { readUnits: 1.5, roundTrips: 2 }
  await measure('check, metered', 'check', usage('calls'), question)
  await measure('check, metered with credits', 'check', usage('images'), question)
  await measure('check, flag', 'check', usage('sso'), question)
  await measure('check, refused (quantity above the limit)', 'check', usage('trials', { quantity: 6 }))

  // Metered use.
  const consume = { consume: true }
  await measure('check with consume, first of a window', 'check', usage('calls', consume))
  const consumeKey = nextKey()
  await measure('check with consume', 'check', { ...usage('calls', consume), key: consumeKey }, { writeUnits: 4 })
  await measure('check with consume, the same key again', 'check', { ...usage('calls', consume), key: consumeKey })
  await measure('check with consume and credits, first of a window', 'check', usage('images', consume))
  const image = await measure('check with consume and credits', 'check', usage('images', consume), { writeUnits: 7 })
  await measure('check with consume, refused', 'check', usage('trials', { ...consume, quantity: 6 }))
  await measure('usage, first of a window', 'recordUsage', usage('exports'))
  const event = await measure('usage', 'recordUsage', usage('exports'), { writeUnits: 4 })
  await measure('usage, failed work', 'recordUsage', usage('exports', { outcome: 'failure', durationMs: 900 }))
  await measure('usage with credits', 'recordUsage', usage('images'), { writeUnits: 7 })
  await measure('usage, refused', 'recordUsage', { ...usage('trials', { quantity: 6 }), status: 403 })
  const back = { quantity: -1 }
  await measure('give-back', 'recordUsage', usage('exports', { ...back, reference: event.body.usageId }))
  await measure('give-back with credits', 'recordUsage', usage('images', { ...back, reference: image.body.usageId }))
  const batch = (from: number) => ({
    body: Array.from({ length: batchSize }, (_, at) => cloudEvent(from + at)),
    contentType: 'application/cloudevents-batch+json',
    share: batchSize,
  })
  await stage.call('recordUsage', { accountId, ...usage('searches'), key: nextKey() })
  await measure('usage, batch of 100, per event', 'recordUsage', batch(0), { writeUnits: 2.2 })
  await measure('usage, the same batch again, per event', 'recordUsage', batch(0))
  await measure('set a gauge', 'setGauge', { params: { feature: 'seats' }, body: { value: 3 } })

  // Reads and administration.
  await measure('account', 'getAccount', {})
  await measure('credits', 'getCredits', {})
  await measure('ledger, a page of 20', 'listLedger', { query: { limit: '20' } })
  await measure('entitlements', 'listEntitlements', {})
  await measure('entitlement', 'getEntitlement', { params: { feature: 'calls' } })
  await measure('usage of all features', 'getUsage', {})
  await measure('account, new', 'putAccount', { accountId: accountIdOf(2), body: { email: 'b@example.com' } })
  await measure('plan, granted by staff', 'grantPlan', {
    accountId: accountIdOf(2),
    body: { priceId: 'team-month', reason: 'VIP' },
  })

  const columns = ['operation', 'RCU', 'WCU', 'refused', 'round trips', 'largest item, bytes']
  return { table: { title: 'Capacity units per operation', columns, rows }, bounds }
}

export const cloudEvent = (number: number, feature = 'searches') => ({
  specversion: '1.0',
  id: keyOf(number),
  source: 'https://product.example.com/search',
  type: 'com.example.search.done',
  data: { feature, quantity: 1 },
})

const grantCounts = { quick: [1, 8, 12, 16, 64], full: [1, 8, 12, 16, 32, 64, 100] }
const holdCounts = [0, 4, 8, 24]

/** Every started KB of the wallet costs: 1 WCU more in a reserve, 2 in a transaction. */
async function measureWalletGrowth(engine: Engine, quick: boolean): Promise<Table> {
  const stage = await openStage(engine.client, await engine.createTable({ tableName: 'growth' }))
  const rows: Table['rows'] = []
  const counts = quick ? grantCounts.quick : grantCounts.full
  await withProgress('capacity by grants and holds', async (update) => {
    for (const [at, grants] of counts.entries()) {
      const accountId = accountIdOf(grants)
      await stage.account(accountId)
      for (let grant = 1; grant < grants; grant++)
        await stage.call('grantCredits', { accountId, body: expiringGrant(grant) })
      let open: string[] = []
      for (const holds of holdCounts) {
        open = await holdUpTo(stage, accountId, open, holds - 1)
        rows.push([grants, holds, ...(await measureAt(stage, accountId, holds))])
        update(at + holds / 24, counts.length)
      }
    }
  })
  const columns = [
    'grants',
    'holds',
    'wallet, bytes',
    'deduct WCU',
    'reserve WCU',
    'commit WCU',
    'release WCU',
    'deduct RCU',
  ]
  return { title: 'Capacity units by live grants and open holds', columns, rows }
}

/** Burnt after the first grant, so that all stay live. */
const expiringGrant = (number: number) => ({
  amount: 1_000 + number,
  expiresAt: new Date(Date.UTC(2090, 0, number)).toISOString(),
  priority: 1,
  reason: 'Pack',
})

const reserveOne = { amount: 11, expiresInSeconds: 86_400, reason: 'Report 4711' }

async function holdUpTo(stage: Stage, accountId: string, open: string[], holds: number): Promise<string[]> {
  const all = [...open]
  while (all.length < holds) {
    const held = await stage.call('reserveCredits', { accountId, body: reserveOne })
    all.push(String(held.body.id))
  }
  return all
}

/** With `holds` open (for none: before the first): a deduction, the reserve that opens the last, its commit, its release. */
async function measureAt(stage: Stage, accountId: string, holds: number): Promise<number[]> {
  const deduct = () => stage.call('deductCredits', { accountId, body: { amount: 7, reason: 'Report 4711' } })
  const none = holds === 0 ? await deduct() : undefined
  const reserved = await stage.call('reserveCredits', { accountId, body: reserveOne })
  const deducted = none ?? (await deduct())
  const params = { reservationId: String(reserved.body.id) }
  const wallet = await stage.table.get(walletKey(accountId), { consistent: true })
  const committed = await stage.call('commitReservation', { accountId, params })
  const again = await stage.call('reserveCredits', { accountId, body: reserveOne })
  const released = await stage.call('releaseReservation', {
    accountId,
    params: { reservationId: String(again.body.id) },
  })
  return [
    wallet ? itemBytes(wallet) : 0,
    deducted.writeUnits,
    reserved.writeUnits,
    committed.writeUnits,
    released.writeUnits,
    deducted.readUnits,
  ]
}
