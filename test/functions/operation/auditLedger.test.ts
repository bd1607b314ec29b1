import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/operation/auditLedger'
import { auditLedger } from '#operations/operation'
import { handleMessages } from '#runtime/worker'
import { walletKey } from '#table/keys'
import { type Item, present } from '#table/port'
import { callsOf, recordsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ now })
afterAll(() => deps.stop())
const { deductCredits, grantCredits, listLedger, putAccount } = callsOf(deps)

const audit = (...accountIds: string[]) => handleMessages(auditLedger, run, deps, recordsOf([{ accountIds }]))
const failed = { batchItemFailures: [{ itemIdentifier: 'message-0' }] }
const lived = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  await grantCredits({ account, body: { amount: 50, reason: 'x', expiresAt: '2026-03-20T00:00:00Z' } })
  await deductCredits({ account, body: { amount: 7, reason: 'y' } })
  return account
}
const walletOf = async (account: string): Promise<Item> => {
  const item = await deps.table.get(walletKey(account), { consistent: true })
  if (!item) throw new Error('no wallet')
  return item
}

describe('auditLedger', () => {
  it('finds nothing in books that are right, and books what has fallen due', async () => {
    const account = await lived('right')
    deps.clock.set('2026-03-20T00:00:00.000Z')
    const r = await audit(account, 'nobody'); console.log(deps.logged.filter((l) => l.level === 'error').map((l) => String(l.fields.error))); expect(r).toEqual({ batchItemFailures: [] })
    expect((await listLedger({ account })).body.data[0]).toMatchObject({ type: 'expire', amount: -43, seq: 4 })
    deps.clock.set(now)
  })

  it('fails the message and names the account when the balance is not what the ledger adds up to', async () => {
    const account = await lived('wrong')
    await deps.table.write([{ kind: 'update', key: walletKey(account), add: { bal: 1, ver: 1 }, when: present }])
    expect(await audit(account)).toEqual(failed)
    expect(deps.metrics).toContainEqual({ name: 'Defect', value: 1, dimensions: { area: 'operation' } })
  })

  it('fails the message when an entry is missing from the chain', async () => {
    const account = await lived('missing')
    const { items } = await deps.table.query({
      index: 'gsi1',
      pk: `${account}#LEDGER`,
      limit: 10,
    })
    const [, second] = items
    if (!second) throw new Error('no second entry')
    await deps.table.write([{ kind: 'delete', key: { pk: second.pk, sk: second.sk }, when: 'unconditional' }])
    expect(await audit(account)).toEqual(failed)
  })

  it('looks at every account of a message before it fails', async () => {
    const wrong = await lived('wrong-first')
    const right = await lived('right-last')
    const { bal } = await walletOf(wrong)
    await deps.table.write([
      { kind: 'update', key: walletKey(wrong), set: { bal: Number(bal) - 1 }, add: { ver: 1 }, when: present },
    ])
    deps.clock.set('2026-03-20T00:00:00.000Z')
    expect(await audit(wrong, right)).toEqual(failed)
    expect((await listLedger({ account: right })).body.data[0]).toMatchObject({ type: 'expire', seq: 4 })
    deps.clock.set(now)
  })
})
