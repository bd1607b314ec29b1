import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/accounts/eraseAccount'
import { eraseAccount } from '#operations/accountData'
import { auditAccount } from '#runtime/auditAccount'
import { eraseStored, replayErasure } from '#runtime/erasure'
import { commit } from '#table/commit'
import { accountKey, walletKey } from '#table/keys'
import { findOrder } from '#table/orders'
import type { Item, Table, Write } from '#table/port'
import { putRefundWrite } from '#table/refunds'
import { listErasures } from '#table/tombstones'
import { auditRows, callsOf } from '#test/support/calls'
import { type Invocation, invoke, type TestDeps, testDeps } from '#test/support/deps'
import { suspend } from '#test/support/standing'
import { put } from '../payments/historySupport.ts'
import { card, forgetful, save } from '../payments/methodSupport.ts'
import { actingFor, membersOf } from './memberSupport.ts'
import { kindsOf, personal, rowsOf, token, wholeAccount } from './wholeAccount.ts'

const start = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ now: start })
afterAll(() => deps.stop())
const calls = callsOf(deps)
const { company, list, put: putMember } = membersOf(deps)
const erase = (account: string, call: Invocation = {}, on: TestDeps = deps) =>
  invoke(eraseAccount, run, on, { account, ...call })
const call = { hash: '', requestId: 'test', actor: 'test' }
const rowOf = (account: string) => deps.table.get(accountKey(account), { consistent: true })

describe('eraseAccount', () => {
  it('200 what is personal goes, the books stay under the id, and the account’s place is marked', async () => {
    await wholeAccount(deps, 'e-whole')
    const before = await rowsOf(deps, 'e-whole')
    const answer = await erase('e-whole', { headers: { 'x-request-id': 'erase-1' } })
    expect(answer).toMatchObject({ status: 200, body: { status: 'erased', erasedAt: start } })
    const after = await rowsOf(deps, 'e-whole')
    expect(kindsOf(after)).toEqual([
      ...['accountCredit', 'checkoutKey', 'counter', 'creditEntry', 'discountUse', 'entry', 'forgottenMethod', 'gauge'],
      ...['history', 'invoice', 'payment', 'purchase', 'refund', 'subscription'],
      ...['subscriptionHistory', 'tally', 'tombstone'],
    ])
    const text = JSON.stringify(after)
    for (const gone of [...Object.values(personal), token, 'crm', '4242']) expect(text).not.toContain(gone)
    const untouched = ['invoice', 'payment', 'refund', 'purchase', 'accountCredit', 'counter']
    const of = (rows: Item[]) => rows.filter(({ entity }) => untouched.includes(String(entity)))
    expect(of(after)).toEqual(of(before))
    expect(await findOrder(deps.table, 'stripe', 'order_e-whole')).toMatchObject({ accountId: 'e-whole', checkout: {} })
    expect(await auditRows(deps, 'erase-1')).toMatchObject([{ action: 'eraseAccount', entityId: 'e-whole' }])
  })

  it('200 credits are written off in one entry, with what holds kept, and the ledger still adds up', async () => {
    const entries = (await rowsOf(deps, 'e-whole')).filter(({ entity }) => entity === 'entry')
    const last = entries.toSorted((a, b) => Number(b.seq) - Number(a.seq))[0]
    expect(last).toMatchObject({ type: 'adjust', amount: -67, balanceAfter: 0, reason: 'Account erased' })
    expect(await deps.table.get(walletKey('e-whole'), { consistent: true })).toBeUndefined()
  })

  it('200 again is the same, and writes nothing', async () => {
    const before = await rowsOf(deps, 'e-whole')
    deps.clock.advance(60_000)
    expect((await erase('e-whole')).body).toEqual({ status: 'erased', erasedAt: start })
    deps.clock.set(start)
    expect(await rowsOf(deps, 'e-whole')).toEqual(before)
  })

  it('a server reads nothing of it, and every write is 409 conflict', async () => {
    const account = 'e-whole'
    expect(await calls.getAccount({ account })).toMatchObject({ status: 404, code: 'not_found' })
    const gone = { status: 409, code: 'conflict', body: { detail: 'The account was erased.' } }
    expect(await calls.putAccount({ account, body: { email: 'b@example.com' } })).toMatchObject(gone)
    expect(await calls.setPreferences({ account, body: { overage: false } })).toMatchObject(gone)
    expect(await calls.grantCredits({ account, body: { amount: 5, reason: 'x' } })).toMatchObject(gone)
    expect(await calls.deductCredits({ account, body: { amount: 5, reason: 'x' } })).toMatchObject(gone)
    expect(await calls.recordUsage({ account, body: { feature: 'reports' } })).toMatchObject(gone)
    expect(await calls.check({ account, body: { feature: 'reports', consume: true } })).toMatchObject(gone)
    expect(await putMember(account, 'ann', 'owner')).toMatchObject(gone)
    expect(await calls.adjustCredits({ account, body: { amount: 5, reason: 'x' } })).toMatchObject({ status: 404 })
    expect(await calls.grantPlan({ account, body: { priceId: 'team-month', reason: 'x' } })).toMatchObject({
      status: 404,
    })
  })

  it('a login that comes back begins anew on the same id: no allowance until the next window, its ledger goes on', async () => {
    const account = 'e-back'
    await calls.updateAccount({ account, body: { name: 'Ada', timeZone: 'Asia/Kolkata' } })
    await calls.grantCredits({ account, body: { amount: 7, reason: 'x' } })
    await erase(account, { as: 'customer' })
    const credits = () => calls.getCredits({ as: 'customer', account })
    expect((await calls.getAccount({ as: 'customer', account })).body).toMatchObject({
      ...{ name: null, planId: 'free', createdAt: null, timeZone: 'UTC' },
    })
    expect((await credits()).body).toMatchObject({ balance: 0, grants: [] })
    deps.clock.advance(1_000)
    await calls.updateAccount({ account, body: { name: 'Ada again' } })
    expect((await calls.getAccount({ account })).body).toMatchObject({
      ...{ name: 'Ada again', createdAt: '2026-03-10T12:00:01.000Z', suspended: false },
    })
    expect((await credits()).body).toMatchObject({ balance: 0, grants: [] })
    await calls.grantCredits({ account, body: { amount: 3, reason: 'x' } })
    deps.clock.set('2026-04-01T00:00:00.000Z')
    expect((await credits()).body.balance).toBe(23)
    await calls.deductCredits({ account, body: { amount: 21, reason: 'x' } })
    const ledger = await calls.listLedger({ account })
    expect(ledger.body.data.map(({ type, amount, seq }) => [seq, type, amount])).toEqual([
      [6, 'deduct', -21],
      [5, 'grant', 20],
      [4, 'grant', 3],
      [3, 'adjust', -27],
      [2, 'grant', 7],
      [1, 'grant', 20],
    ])
    expect((await auditAccount(deps, account)).differences).toEqual([])
    deps.clock.set(start)
  })

  it('a login that comes back may take a plan: no key of its former books is in the way', async () => {
    const account = 'e-plan'
    const body = { priceId: 'team-month', reason: 'a partner', until: '2026-03-10T13:00:00.000Z' }
    await calls.updateAccount({ account, body: {} })
    await calls.grantPlan({ account, body })
    deps.clock.set('2026-03-10T14:00:00.000Z')
    await cancelAll(account)
    await erase(account)
    await calls.updateAccount({ account, body: {} })
    const later = { ...body, until: '2026-03-10T18:00:00.000Z' }
    expect((await calls.grantPlan({ account, body: later })).status).toBe(200)
    expect((await calls.getCredits({ account })).body.balance).toBe(1000)
    expect((await auditAccount(deps, account)).differences).toEqual([])
    deps.clock.set(start)
  })

  it('409 conflict with a live subscription, and nothing is touched', async () => {
    const account = await company('e-live')
    await calls.grantPlan({ account, body: { priceId: 'team-month', reason: 'x' } })
    const before = await rowsOf(deps, account)
    expect(await erase(account)).toMatchObject({ status: 409, code: 'conflict' })
    expect(await rowsOf(deps, account)).toEqual(before)
  })

  it.each(['pending', 'processing', 'review'] as const)('409 conflict with a payment that is %s', async (status) => {
    const account = await company(`e-${status}`)
    await put(deps, account, { status })
    expect(await erase(account)).toMatchObject({ status: 409, code: 'conflict' })
    expect((await calls.getAccount({ account })).body.suspended).toBe(false)
  })

  it.each(['failed', 'expired', 'refunded'] as const)('200 with a payment that is %s', async (status) => {
    const account = await company(`e-${status}`)
    await put(deps, account, { status })
    expect((await erase(account)).status).toBe(200)
  })

  it.each([
    ['requested', 409],
    ['pending', 409],
    ['processed', 200],
    ['failed', 200],
  ] as const)('with a refund that is %s: %i', async (status, expected) => {
    const account = await company(`e-refund-${status}`)
    const { id: paymentId } = await put(deps, account)
    const at = { createdAt: deps.clock.now(), updatedAt: deps.clock.now(), ver: 1 }
    const sum = { amountMinor: 1, currency: 'USD', reason: 'x', plan: 'keep' as const, providerPaymentId: 'pi' }
    await commit(deps.table, [putRefundWrite({ id: 'rfd_1', paymentId, accountId: account, status, ...sum, ...at }, 0)])
    expect((await erase(account)).status).toBe(expected)
  })

  it('409 and the mark taken back when a payment is begun between look and mark', async () => {
    const account = await company('e-between')
    const late: TestDeps = {
      ...deps,
      table: before(
        deps,
        (writes) => hasMark(writes),
        () => put(deps, account, { status: 'pending' }),
      ),
    }
    expect(await erase(account, {}, late)).toMatchObject({ status: 409, code: 'conflict' })
    expect(await rowOf(account)).not.toHaveProperty('erasingAt')
    expect((await calls.deductCredits({ account, body: { amount: 1, reason: 'x' } })).status).toBe(201)
  })

  // A whole erasure makes three writes: the mark, one page of rows, the tombstone.
  it.each([
    ['before', 0],
    ['before', 1],
    ['before', 2],
    ['after', 0],
    ['after', 1],
    ['after', 2],
  ] as const)(
    'a crash %s the write %i is mended by asking again; from the mark on everything else is refused',
    async (when, survives) => {
      const account = `e-crash-${when}-${survives}`
      await wholeAccount(deps, account)
      let left = survives
      const die = () => Promise.reject(new Error('died'))
      const dying = when === 'before' ? before(deps, () => left-- <= 0, die) : after(deps, () => left-- <= 0, die)
      await expect(eraseStored({ ...deps, table: dying }, account, call)).rejects.toThrow('died')
      const row = await rowOf(account)
      if (row?.erasingAt !== undefined) {
        expect(await calls.setPreferences({ account, body: { overage: false } })).toMatchObject({
          ...{ status: 409, body: { detail: 'The account is being erased.' } },
        })
        expect(await calls.updateAccount({ account, body: { name: 'B' } })).toMatchObject({ code: 'account_suspended' })
      }
      expect((await erase(account)).status).toBe(200)
      const rows = await rowsOf(deps, account)
      expect(JSON.stringify(rows)).not.toContain(personal.name)
      expect(rows.filter(({ reason }) => reason === 'Account erased')).toHaveLength(1)
      expect(kindsOf(rows)).toContain('tombstone')
    },
  )

  it('503 contended when there is no time left; the next call goes on', async () => {
    const account = 'e-slow'
    await wholeAccount(deps, account)
    await expect(eraseStored(deps, account, call, () => [], -1)).rejects.toMatchObject({ code: 'contended' })
    expect((await erase(account)).status).toBe(200)
  })

  it('tells the providers of saved methods, when their rows are gone', async () => {
    const account = 'e-told'
    await wholeAccount(deps, account)
    await save(deps, account, card('AUTH_erased'), 'paystack')
    const left: string[][] = []
    const { told, tokens, stop } = forgetful(deps, async () => {
      left.push(kindsOf(await rowsOf(deps, account)))
    })
    expect((await erase(account)).status).toBe(200)
    expect((await erase(account)).status).toBe(200)
    stop()
    expect(tokens()).toEqual(['AUTH_erased', `${token}-${account}`])
    expect(told).toContainEqual({ token: `${token}-${account}`, gatewayCustomerId: 'cus_1' })
    expect(left.flat()).not.toContain('paymentMethod')
  })

  it('200 when the providers cannot be told', async () => {
    await wholeAccount(deps, 'e-down')
    const { told, stop } = forgetful(deps, () => Promise.reject(new Error('down')))
    expect((await erase('e-down')).status).toBe(200)
    stop()
    expect(told).toHaveLength(1)
    expect(JSON.stringify(deps.logged)).not.toContain(`${token}-e-down`)
  })

  it('race: three at once erase it once', async () => {
    await wholeAccount(deps, 'e-race')
    const answers = await Promise.all([1, 2, 3].map(() => erase('e-race')))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    const written = (await rowsOf(deps, 'e-race')).filter(({ reason }) => reason === 'Account erased')
    expect(written).toHaveLength(1)
  })

  it('an erased login acts for nobody any more; an erased account has no members', async () => {
    await company('e-company', { 'e-ann': 'owner', 'e-bob': 'viewer' })
    await calls.updateAccount({ account: 'e-ann', body: {} })
    expect((await erase('e-ann', { as: 'customer' })).status).toBe(200)
    expect((await list('e-company')).body.data).toMatchObject([{ userId: 'e-bob' }])
    expect((await erase('e-company')).status).toBe(200)
    expect(await calls.getAccount({ account: 'e-bob', ...actingFor('e-company') })).toMatchObject({ status: 404 })
  })

  it('200 for a login that never wrote, and nothing is stored of it', async () => {
    expect(await erase('e-never', { as: 'customer' })).toMatchObject({ status: 200 })
    expect(await rowsOf(deps, 'e-never')).toEqual([])
  })

  it('404 for an account that nobody made and for a stranger’s header; 403 for a member who is no owner, without the scope, and while suspended', async () => {
    await company('e-theirs', { 'e-cid': 'billing' })
    expect(await erase('nobody')).toMatchObject({ status: 404, code: 'not_found' })
    expect(await erase('e-eve', actingFor('e-theirs'))).toMatchObject({ status: 404, code: 'not_found' })
    expect(await erase('e-cid', actingFor('e-theirs'))).toMatchObject({ status: 403, code: 'forbidden' })
    expect(await erase('e-theirs', { scopes: ['accounts:read'] })).toMatchObject({ status: 403, code: 'forbidden' })
    await suspend(deps, 'e-theirs')
    expect(await erase('e-theirs')).toMatchObject({ status: 403, code: 'account_suspended' })
    expect(await rowOf('e-theirs')).toMatchObject({ entity: 'account' })
  })
})

describe('a replay of erasures', () => {
  it('erases again what a restore brought back, once, and leaves whoever came back alone', async () => {
    const account = 'e-restored'
    await wholeAccount(deps, account)
    const copies = await rowsOf(deps, account)
    await erase(account)
    const listed: { accountId: string; erasedAt: number }[] = []
    const real = deps.clock.real()
    for await (const one of listErasures(deps.table, { from: real - 40 * 86_400_000, to: real })) listed.push(one)
    const erasure = listed.find(({ accountId }) => accountId === account)
    if (!erasure) throw new Error('the erasure is not listed')
    expect(await replayErasure(deps, erasure)).toBe('unchanged')
    for (const { pk, sk } of await rowsOf(deps, account))
      await deps.table.write([{ kind: 'delete', key: { pk, sk }, when: 'unconditional' }])
    for (const item of copies) await deps.table.write([{ kind: 'put', item, when: 'unconditional' }])
    expect(await replayErasure(deps, erasure)).toBe('erased')
    expect(await rowOf(account)).toMatchObject({ entity: 'tombstone' })
    await calls.updateAccount({ account, body: { name: 'Ada again' } })
    expect(await replayErasure(deps, erasure)).toBe('unchanged')
    expect((await calls.getAccount({ account })).body.name).toBe('Ada again')
  })
})

/** The clean-up of a granted plan that is over is the due worker's; here its row is brought to its end by hand. */
async function cancelAll(account: string): Promise<void> {
  for (const item of (await rowsOf(deps, account)).filter(({ entity }) => entity === 'subscription'))
    await deps.table.write([
      { kind: 'update', key: { pk: item.pk, sk: item.sk }, set: { status: 'expired' }, when: 'unconditional' },
    ])
}

const hasMark = (writes: Write[]): boolean =>
  writes.some((write) => write.kind === 'put' && write.item.erasingAt !== undefined)

/** The write happened, and whoever made it never knew. */
const after = (on: TestDeps, when: (writes: Write[]) => boolean, act: () => Promise<never>): Table => ({
  ...before(on, () => false, act),
  write: async (writes) => {
    const outcome = await on.table.write(writes)
    return when(writes) ? act() : outcome
  },
})

/** A table on which something happens before the writes that `when` picks. */
const before = (on: TestDeps, when: (writes: Write[]) => boolean, act: () => Promise<unknown>): Table => ({
  get: (key, options) => on.table.get(key, options),
  batchGet: (keys, options) => on.table.batchGet(keys, options),
  query: (request) => on.table.query(request),
  write: async (writes) => {
    if (when(writes)) await act()
    return on.table.write(writes)
  },
})
