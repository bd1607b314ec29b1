import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ulidOf } from '#domain/guard'
import { type Payment, paymentId } from '#domain/payment'
import { commit } from '#table/commit'
import { dynamoTable } from '#table/dynamo'
import { type DirectoryPosition, listDirectory } from '#table/paymentDirectory'
import { putPaymentWrite } from '#table/payments'
import { startEngine } from '#test/support/engine'
import { paymentOf } from '../domain/paymentSupport.ts'

const engine = await startEngine()
const table = dynamoTable({ client: engine.client, tableName: await engine.createTable() })
afterAll(() => engine.stop())

/** So many that a page may not look at all of them. */
const many = 900
const may = Date.parse('2026-05-01T00:00:00Z')
const old = Date.parse('2024-11-30T23:59:59.999Z')
const made: Payment[] = []

const randomOf = (n: number) => ulidOf(n, '0'.repeat(16)).slice(0, 10) + String(n % 1000).padStart(6, '0')

beforeAll(async () => {
  const times = [old, ...Array.from({ length: many }, (_, n) => may + n * 60_000)]
  for (const [n, at] of times.entries())
    made.push(paymentOf({ id: paymentId(at, randomOf(n)), accountId: `acc_${n % 7}`, createdAt: at }))
  for (let start = 0; start < made.length; start += 100)
    await commit(
      table,
      made.slice(start, start + 100).map((payment) => putPaymentWrite(payment, 0)),
    )
})

const newest = () => made.map(({ id }) => id).toReversed()

async function pages(last: string, limit: number, keep: (payment: Payment) => boolean = () => true) {
  const all: string[][] = []
  let position: DirectoryPosition | undefined = { month: '2026-06' }
  while (position) {
    const page = await listDirectory(table, position, last, { limit, keep })
    all.push(page.payments.map(({ id }) => id))
    position = page.next
  }
  return all
}

describe('listDirectory', () => {
  it('tells each payment once, newest first, over its shards and months', async () => {
    const found = await pages('2024-01', 100)
    expect(found.flat()).toEqual(newest())
    expect(Math.max(...found.map((page) => page.length))).toBe(100)
  })

  it('stops at the last month that is asked for', async () => {
    expect((await pages('2024-12', 100)).flat()).toEqual(newest().slice(0, many))
    expect(await pages('2026-07', 100)).toEqual([[]])
  })

  it('a page is bounded by what it reads: what fits little comes on a later page', async () => {
    const rare = made[1]?.id
    const found = await pages('2026-05', 10, ({ id }) => id === rare)
    expect(found[0]).toEqual([])
    expect(found.flat()).toEqual([rare])
  })

  it('passes over a few empty months a page, and goes on from there', async () => {
    const found = await pages('2024-01', 100, ({ createdAt }) => createdAt === old)
    expect(found.flat()).toEqual([made[0]?.id])
    expect(found.length).toBeGreaterThan(3)
  })
})
