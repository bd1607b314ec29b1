import { expect } from 'vitest'
import { ulidOf } from '#domain/guard'
import { invoiceOf } from '#domain/invoice'
import { type Payment, paymentId } from '#domain/payment'
import type { PaymentWrite } from '#domain/paymentWrite'
import type { Refund } from '#domain/refund'
import { initialZones } from '#domain/time'
import { type PaymentWriteContext, rowsOf } from '#table/paymentWrites'
import type { Item, Table, Write } from '#table/port'
import { paymentOf } from '#test/domain/paymentSupport'

export const at = Date.parse('2026-01-31T10:00:00.000Z')
export const minuteMs = 60_000

let made = 0
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
/** 16 base-32 characters, others at each call. */
export const bits = (): string => {
  made += 1
  return `000000000000${[15, 10, 5, 0].map((shift) => alphabet[(made >> shift) & 31]).join('')}`
}
export const idAt = (prefix: string, time = at): string => `${prefix}_${ulidOf(time, bits())}`

export const context = (over: Partial<PaymentWriteContext> = {}): PaymentWriteContext => ({
  call: { hash: 'hash', requestId: 'req-1', actor: 'test' },
  at: { now: at, real: at },
  random: bits,
  requestId: 'req-1',
  ...over,
})

/** Writes a plan in one transaction; answers the rows that refused it, undefined when it passed. */
export async function write(
  table: Table,
  writes: readonly PaymentWrite[],
  over: Partial<PaymentWriteContext> = {},
): Promise<PaymentWrite['row'][] | undefined> {
  const rows = rowsOf(writes, context(over))
  const outcome = await table.write(rows.flatMap((row) => row.writes))
  if (outcome.committed) return undefined
  const owners = rows.flatMap((row) => row.writes.map(() => row.of.row))
  return owners.filter((_row, index) => outcome.refusals[index] !== undefined)
}

/** A new payment with an id of its own; `createdAt` is its id's instant. */
export const payment = (over: Parameters<typeof paymentOf>[0] = {}, time = at): Payment =>
  paymentOf({ id: paymentId(time, bits()), createdAt: time, expiresAt: time + 86_400_000, ...over })

export const nextOf = (one: Payment, over: Partial<Payment> = {}): Payment => ({ ...one, ...over, ver: one.ver + 1 })

export const refundOf = (of: Payment, over: Partial<Refund> = {}): Refund => ({
  id: idAt('rfd', of.createdAt),
  paymentId: of.id,
  accountId: of.accountId,
  providerPaymentId: 'pay_1',
  amountMinor: 500,
  currency: of.currency,
  reason: 'Asked for',
  plan: 'keep',
  status: 'requested',
  createdAt: of.createdAt,
  updatedAt: of.createdAt,
  ver: 1,
  ...over,
})

export const invoice = (of: Payment, time = at) =>
  invoiceOf(of, {
    id: idAt('inv', time),
    seller: {
      name: 'Seller Ltd',
      email: 'seller@example.com',
      taxId: 'T-1',
      address: { line1: 'Road 1', city: 'Pune', country: 'IN' },
    },
    buyer: { name: 'Buyer' },
    zones: initialZones('UTC'),
    at: time,
  })

/** Alters a stored item behind everybody's back. */
export async function spoil(table: Table, item: Item, over: Partial<Item>): Promise<void> {
  const spoiled: Write = { kind: 'put', item: { ...item, ...over, pk: item.pk, sk: item.sk }, when: 'unconditional' }
  expect(await table.write([spoiled])).toEqual({ committed: true })
}
