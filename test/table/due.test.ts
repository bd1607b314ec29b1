import { afterAll, describe, expect, it } from 'vitest'
import { commit } from '#table/commit'
import { dueMessages, duePages } from '#table/due'
import { duePk, duePosition } from '#table/keys'
import { testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())

const at = Date.parse('2026-03-10T12:00:00.000Z')
/** A row of the due index in a shard. */
async function due(shard: number, name: string, instant: number): Promise<void> {
  const key = { pk: `ACCOUNT#${name}`, sk: 'SUB#sub_1' }
  const item = { ...key, gsi2pk: duePk(shard), gsi2sk: duePosition(instant, key) }
  await commit(deps.table, [{ kind: 'put', item, when: 'unconditional' }])
}

describe('duePages', () => {
  it('reads every shard up to an instant, and says where a shard was cut', async () => {
    for (let n = 0; n < 5; n++) await due(0, `first-${n}`, at - n)
    for (let n = 0; n < 3; n++) await due(15, `last-${n}`, at)
    await due(15, 'later', at + 1)
    const read = async (limits?: { pageSize: number; mostPages: number }) => {
      let [rows, cut] = [0, 0]
      for await (const { items, isCut } of duePages(deps.table, at, limits)) {
        rows += items.length
        if (isCut) cut += 1
      }
      return { rows, cut }
    }
    expect(await read()).toEqual({ rows: 8, cut: 0 })
    expect(await read({ pageSize: 2, mostPages: 3 })).toEqual({ rows: 8, cut: 0 })
    expect(await read({ pageSize: 2, mostPages: 2 })).toEqual({ rows: 7, cut: 1 })
  })
})

describe('dueMessages', () => {
  it('sends each row to the queue of its kind, by its key alone', () => {
    const keys = [
      { pk: 'EVT#stripe#evt_1', sk: 'EVENT' },
      { pk: 'ACCOUNT#a', sk: 'PAY#fpay_1' },
      { pk: 'ACCOUNT#a', sk: 'SUB#sub_1' },
      { pk: 'ACCOUNT#a', sk: 'WALLET' },
    ]
    expect(dueMessages(keys, 'r')).toEqual([
      { queue: 'webhook', messages: [{ provider: 'stripe', eventKey: 'evt_1', requestId: 'r' }] },
      { queue: 'payment', messages: [{ accountId: 'a', paymentId: 'fpay_1', requestId: 'r' }] },
      { queue: 'renewal', messages: [{ accountId: 'a', subscriptionId: 'sub_1', requestId: 'r' }] },
      { queue: 'due', messages: [{ pk: 'ACCOUNT#a', sk: 'WALLET' }] },
    ])
  })
})
