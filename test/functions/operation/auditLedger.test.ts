import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { run } from '#functions/operation/auditLedger'
import { auditLedger } from '#operations/operation'
import { handleMessages } from '#runtime/worker'
import { accountShards, ledgerIndex, shardOf, walletKey } from '#table/keys'
import { present } from '#table/port'
import { callsOf, recordsOf, takeSent } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ now })
afterAll(() => deps.stop())
beforeEach(() => {
  deps.clock.set(now)
  deps.metrics.length = 0
  deps.logged.length = 0
})
const { deductCredits, grantCredits, listLedger, putAccount } = callsOf(deps)

const audit = (message: object) => handleMessages(auditLedger, run, deps, recordsOf([message]))
const auditShardOf = (account: string) => audit({ shard: shardOf(account, accountShards) })
const lived = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  await grantCredits({ account, body: { amount: 50, reason: 'x', expiresAt: '2026-03-20T00:00:00Z' } })
  await deductCredits({ account, body: { amount: 7, reason: 'y' } })
  return account
}
const wronged = () => deps.logged.filter(({ level }) => level === 'error').map(({ fields }) => fields.account)

describe('auditLedger', () => {
  it('finds nothing in books that are right, and books what has fallen due', async () => {
    const account = await lived('right')
    deps.clock.set('2026-03-20T00:00:00.000Z')
    expect(await auditShardOf(account)).toEqual({ batchItemFailures: [] })
    expect(wronged()).toEqual([])
    expect((await listLedger({ account })).body.data[0]).toMatchObject({ type: 'expire', amount: -43, seq: 4 })
  })

  it('names the account and raises the alarm when the balance is not what the ledger adds up to', async () => {
    const account = await lived('wrong')
    await deps.table.write([{ kind: 'update', key: walletKey(account), add: { bal: 1, ver: 1 }, when: present }])
    await auditShardOf(account)
    expect(new Set(wronged())).toEqual(new Set([account]))
    expect(deps.metrics).toContainEqual({ name: 'Defect', value: 1, dimensions: { area: 'operation' } })
  })

  it('names the account whose chain has a gap', async () => {
    const account = await lived('missing')
    const { items } = await deps.table.query({ index: 'gsi1', pk: ledgerIndex(account), limit: 10 })
    const [, second] = items
    if (!second) throw new Error('there is no second entry')
    await deps.table.write([{ kind: 'delete', key: { pk: second.pk, sk: second.sk }, when: 'unconditional' }])
    await auditShardOf(account)
    expect(wronged()).toContain(account)
  })

  it('walks a shard of more than one page to its end, by its own messages, each account once', async () => {
    const ids = Array.from({ length: 700 }, (_, at) => `walk-${at}`).filter((id) => shardOf(id, accountShards) === 0)
    for (const account of ids) await putAccount({ account, body: { email: 'a@example.com' } })
    expect(ids.length).toBeGreaterThan(50)
    let messages: unknown[] = [{ shard: 0 }]
    let pages = 0
    while (messages.length > 0) {
      pages += messages.length
      for (const message of messages) expect(await audit(Object(message))).toEqual({ batchItemFailures: [] })
      messages = takeSent(deps, 'audit')
    }
    expect(pages).toBeGreaterThan(1)
    expect(pages).toBeLessThan(5)
  })
})
