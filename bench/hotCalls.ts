import { cloudEvent } from './capacity.ts'
import type { Call } from './event.ts'
import { keyOf } from './names.ts'

/** A call that products make all the time. */
export interface HotCall {
  name: string
  /** The operation. */
  id: string
  /** The calls to DynamoDB without which it cannot be done, in order: what its time is compared with. */
  unavoidable: string[]
  /** The `n`-th call on an account; `reservationId` is of the reservation made last. */
  call(n: number, reservationId: string): Omit<Call, 'accountId'>
  /** Its row in the capacity table, when that has another name. */
  capacityName?: string
  /** Events that one call takes; default 1. */
  events?: number
  /** Measured with every so many samples; the others with each. */
  every?: number
}

const reason = 'Report 4711'
const batchSize = 100

/** In this order, so that each commit finds the reservation just made. */
export const hotCalls: HotCall[] = [
  {
    name: 'deduct',
    id: 'deductCredits',
    unavoidable: ['GetItem', 'TransactWriteItems'],
    call: (n) => ({ body: { amount: 7, reason }, key: keyOf(n) }),
  },
  {
    name: 'reserve',
    id: 'reserveCredits',
    unavoidable: ['BatchGetItem', 'PutItem'],
    call: (n) => ({ body: { amount: 11, reason }, key: keyOf(n) }),
  },
  {
    name: 'commit',
    id: 'commitReservation',
    unavoidable: ['BatchGetItem', 'TransactWriteItems'],
    call: (_n, reservationId) => ({ params: { reservationId }, body: { amount: 9 } }),
  },
  {
    name: 'check',
    capacityName: 'check, metered',
    id: 'check',
    unavoidable: ['GetItem', 'BatchGetItem'],
    call: () => ({ body: { feature: 'calls' } }),
  },
  {
    name: 'check with consume',
    id: 'check',
    unavoidable: ['GetItem', 'BatchGetItem', 'TransactWriteItems'],
    call: (n) => ({ body: { feature: 'calls', consume: true }, key: `c${keyOf(n)}` }),
  },
  {
    name: 'check with consume and credits',
    id: 'check',
    unavoidable: ['GetItem', 'BatchGetItem', 'TransactWriteItems'],
    call: (n) => ({ body: { feature: 'images', consume: true }, key: `i${keyOf(n)}` }),
  },
  {
    name: 'usage',
    id: 'recordUsage',
    unavoidable: ['GetItem', 'BatchGetItem', 'TransactWriteItems'],
    call: (n) => ({ body: { feature: 'calls', quantity: 2 }, key: keyOf(n) }),
  },
  {
    name: 'usage, batch of 100',
    capacityName: 'usage, batch of 100, per event',
    events: batchSize,
    id: 'recordUsage',
    // The account and its counter once; 100 events and their counter are two transactions of at most 100 writes.
    unavoidable: ['GetItem', 'BatchGetItem', 'TransactWriteItems', 'TransactWriteItems'],
    call: (n) => ({
      body: Array.from({ length: batchSize }, (_, at) => cloudEvent(n * batchSize + at)),
      contentType: 'application/cloudevents-batch+json',
    }),
    every: 10,
  },
]
