import { captures, isInFlight, type Payment, paymentId, paymentTime } from '#domain/payment'
import { isOwedBack } from '#domain/paymentSetup'
import { directoryRows } from './directory.ts'
import {
  accountPk,
  duePk,
  duePosition,
  dueShards,
  moneyShards,
  paymentDirectory,
  paymentKey,
  paymentPrefix,
  shardOf,
} from './keys.ts'
import { encodePayment, readPayment } from './paymentCodec.ts'
import { absent, equals, type Item, type Table, type Write } from './port.ts'
import { toItem } from './stored.ts'

export async function findPayment(
  table: Table,
  accountId: string,
  id: string,
  options?: { consistent?: boolean },
): Promise<Payment | undefined> {
  const item = await table.get(paymentKey(accountId, id), options)
  return item && readPayment(item)
}

/**
 * By its id alone: the id holds its month, its hash the shard. The index lags behind the table, so a payment made a moment
 * ago may be missing, and one that is found may be a moment old: whoever decides on it reads it again by its account.
 */
export async function findPaymentById(table: Table, id: string): Promise<Payment | undefined> {
  if (paymentTime(id) === undefined) return undefined
  const { rows } = await directoryRows(table, { pk: directoryOf(id), sk: { from: id, to: id }, limit: 1 })
  return rows[0] && readPayment(rows[0])
}

/** The next state on the version that was seen; `seenVer` 0: nothing is stored yet. */
export function putPaymentWrite(next: Payment, seenVer: number): Extract<Write, { kind: 'put' }> {
  const key = paymentKey(next.accountId, next.id)
  const dueAt = paymentDueAt(next)
  const body = {
    ...encodePayment(next),
    v: 1,
    gsi1pk: directoryOf(next.id),
    gsi1sk: next.id,
    ...(dueAt !== undefined && { gsi2pk: duePk(shardOf(key.pk, dueShards)), gsi2sk: duePosition(dueAt, key) }),
  }
  return { kind: 'put', item: toItem('payment', key, body), when: seenVer === 0 ? absent : equals('ver', seenVer) }
}

/** Newest first, from before the id given. Refunds and pointers lie between payments and are passed over. */
export async function listPayments(
  table: Table,
  accountId: string,
  { limit, before }: { limit: number; before?: string },
): Promise<{ payments: Payment[]; more: boolean }> {
  const found: Item[] = []
  let after: Record<string, string> | undefined =
    before === undefined ? undefined : { ...paymentKey(accountId, before) }
  do {
    const page = await table.query({
      pk: accountPk(accountId),
      sk: { beginsWith: paymentPrefix },
      descending: true,
      limit: limit + 1,
      ...(after && { after }),
    })
    found.push(...page.items.filter(({ entity }) => entity === 'payment'))
    after = page.next
  } while (after && found.length <= limit)
  return { payments: found.slice(0, limit).map(readPayment), more: found.length > limit }
}

const pageSize = 100

/** Every payment made in a span of time, by their ids, month by month and shard by shard; the index may lag. */
export async function* directoryPayments(
  table: Table,
  { from, to }: { from: number; to: number },
): AsyncGenerator<Payment> {
  for (const month of monthsOf(from, to)) {
    for (let shard = 0; shard < moneyShards; shard++) {
      let after: Record<string, string> | undefined
      do {
        const page = await directoryRows(table, {
          pk: paymentDirectory(month, shard),
          sk: { from: paymentId(from, '0'.repeat(16)), to: paymentId(to, 'Z'.repeat(16)) },
          limit: pageSize,
          ...(after && { after }),
        })
        yield* page.rows.map(readPayment)
        after = page.next
      } while (after)
    }
  }
}

/** `yyyy-mm` of every month that a span touches. */
function monthsOf(from: number, to: number): string[] {
  const [first, last] = [new Date(from), new Date(to)]
  const count = (last.getUTCFullYear() - first.getUTCFullYear()) * 12 + last.getUTCMonth() - first.getUTCMonth() + 1
  return Array.from({ length: count }, (_, index) =>
    new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + index)).toISOString().slice(0, 7),
  )
}

function directoryOf(id: string): string {
  const at = paymentTime(id)
  if (at === undefined) throw new RangeError(`${id} is no payment's id`)
  return paymentDirectory(new Date(at).toISOString().slice(0, 7), shardOf(id, moneyShards))
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** The reconciler asks the provider so long after checkout: most webhooks that were lost are missed within a quarter of an hour. */
const asksAfterMs = [15 * minuteMs, hourMs, 4 * hourMs, 12 * hourMs]
/** Whoever settled it gives it back within seconds; the reconciler does where that one died. */
const owedBackAfterMs = minuteMs
/** A debit or an approval takes days, and so may keys that are to be put right; the order's own time is over by then. */
const overdueMs = 6 * hourMs

/**
 * When the reconciler looks at a payment next, from its last write on; undefined: never, money is in or it has expired.
 * Whatever the reconciler finds, it writes the payment, which moves this on.
 */
export function paymentDueAt(payment: Payment): number | undefined {
  const { settled, progress, followed, createdAt, updatedAt, expiresAt } = payment
  if (isOwedBack(payment)) return updatedAt + owedBackAfterMs
  if (settled || captures(payment).length > 0 || progress === 'expired') return undefined
  // One that failed is looked after here: its subscription has gone on to the next attempt, and money may come late.
  if (followed && progress !== 'failed') return undefined
  const next = asksAfterMs.map((afterMs) => createdAt + afterMs).find((at) => at > updatedAt && at < expiresAt)
  if (next !== undefined) return next
  const isOverdue = updatedAt > expiresAt || (updatedAt === expiresAt && isInFlight(payment))
  return isOverdue ? updatedAt + overdueMs : expiresAt
}
