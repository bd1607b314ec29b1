import { afterAll, describe, expect, it } from 'vitest'
import { exportedEntities, exportSections, unexportedEntities } from '#domain/accountExport'
import type { Payment } from '#domain/payment'
import { run } from '#functions/accounts/exportAccount'
import { run as reviewRun } from '#functions/payments/reviewPayment'
import { exportAccount } from '#operations/accountData'
import { reviewPayment } from '#operations/adminPayments'
import { exportPart } from '#runtime/accountExport'
import { auditWrite } from '#table/audit'
import { commit } from '#table/commit'
import { accountPk } from '#table/keys'
import { callsOf } from '#test/support/calls'
import { admin, type Invocation, invoke, testDeps } from '#test/support/deps'
import { suspend } from '#test/support/standing'
import { paid } from '../payments/refundSupport.ts'
import { actingFor, membersOf } from './memberSupport.ts'
import { kindsOf, personal, rowsOf, token, wholeAccount } from './wholeAccount.ts'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const ask = (account: string, call: Invocation = {}) => invoke(exportAccount, run, deps, { account, ...call })
/** Staff decide on a payment in review. */
const reviewOf = ({ id, providerPaymentId }: Payment) =>
  invoke(reviewPayment, reviewRun, deps, { params: { paymentId: id }, body: { providerPaymentId, as: 'returned' } })

describe('exportAccount', () => {
  it('200 shows a row of every kind in its place, in the words of the API, and no secret', async () => {
    await wholeAccount(deps, 'x-whole')
    const answer = await ask('x-whole')
    expect(answer).toMatchObject({ status: 200, body: { accountId: 'x-whole', complete: true, nextCursor: null } })
    expect(answer.body).toMatchObject({
      account: [
        {
          ...{ id: 'x-whole', name: personal.name, createdAt: '2026-03-10T12:00:00.000Z' },
          plan: { features: { reports: { warnAt: 0.8 } } },
        },
      ],
      profile: [{ address: { line1: personal.line1 } }],
      members: [{ userId: 'ann', role: 'viewer' }],
      subscriptions: [{ status: 'canceled', paid: 100, periodStart: '2026-03-10T12:00:00.000Z' }],
      subscriptionHistory: [{ kind: 'new', previousPlanId: 'free', amount: 0 }],
      wallet: [{ balance: 67, held: 3, available: 64 }],
      ledger: expect.arrayContaining([expect.objectContaining({ type: 'deduct', amount: -5, reason: 'a job' })]),
      usage: expect.arrayContaining([
        expect.objectContaining({
          feature: 'reports',
          used: 3,
          days: { '2026-03-10': 3 },
          window: 'month#2026-03-01T00:00:00.000Z',
        }),
        expect.objectContaining({ feature: 'seats', used: 4 }),
      ]),
      usageHistory: [{ feature: 'reports', month: '2026-02', total: 1 }],
      payments: [{ amount: 1000, currency: 'USD', status: 'completed' }],
      refunds: [{ amount: 100, status: 'processed' }],
      invoices: [{ buyer: { name: 'A Customer' }, total: 1000 }],
      purchases: [{ productId: 'guide', amount: 1000 }],
      discounts: expect.arrayContaining([expect.objectContaining({ group: 'guides', free: 1 })]),
      paymentMethods: [{ kind: 'card', last4: '4242' }],
      notices: expect.arrayContaining([expect.objectContaining({ kind: 'usage_limit', feature: 'reports' })]),
    })
    expect(answer.body.usageEvents).toHaveLength(3)
    expect(answer.body.accountCredit).toHaveLength(2)
    const text = JSON.stringify(answer.body)
    for (const secret of [token, 'sealedToken', 'fingerprint', '"hash"', 'gsi1pk']) expect(text).not.toContain(secret)
    const empty = exportSections.filter((section) => answer.body[section].length === 0)
    expect(empty).toEqual(['memberships'])
  })

  it('the rows of that account are all the kinds that an account may have', async () => {
    const kinds = kindsOf(await rowsOf(deps, 'x-whole'))
    const known = [...Object.keys(exportedEntities), ...Object.keys(unexportedEntities)]
    // A claim lies with a visitor, a tombstone where an account was.
    expect([...kinds, 'claim', 'tombstone'].sort()).toEqual(known.sort())
  })

  it('a kind of row that nobody has given a place is a defect', async () => {
    await membersOf(deps).company('x-odd')
    const item = { pk: accountPk('x-odd'), sk: 'ODD', entity: 'odd', v: 1 }
    await deps.table.write([{ kind: 'put', item, when: 'unconditional' }])
    expect((await ask('x-odd', { expectDefect: true })).status).toBe(500)
  })

  it('part by part: each row once, none left out, whatever the size of a part', async () => {
    const whole = await exportPart(deps, 'x-whole', undefined)
    for (const mostBytes of [1, 700, 2_000]) {
      const rows: unknown[] = []
      let cursor: string | undefined
      let parts = 0
      do {
        const part = await exportPart(deps, 'x-whole', cursor, { mostBytes, mostMs: 60_000 })
        rows.push(...exportSections.flatMap((name) => part.sections[name]))
        cursor = part.nextCursor ?? undefined
        parts += 1
      } while (cursor !== undefined)
      // The table keeps no order of an object's members.
      const texts = (all: unknown[]) => all.map((row) => [...JSON.stringify(row)].sort().join('')).sort()
      expect(texts(rows)).toEqual(texts(exportSections.flatMap((name) => whole.sections[name])))
      expect(parts).toBeGreaterThan(2)
    }
  })

  it('200 what was done to the account and by whom: staff unnamed, where a request came from to whoever sent it, no secret', async () => {
    const account = 'x-audit'
    const calls = callsOf(deps)
    await calls.putAccount({ account, body: { email: 'a@example.com' } })
    await calls.updateAccount({ as: 'customer', account, body: { name: 'Ada' }, address: '198.51.100.7' })
    await membersOf(deps).put(account, 'bob', 'billing')
    await calls.setPreferences({
      ...actingFor(account),
      account: 'bob',
      body: { overage: false },
      address: '198.51.100.9',
    })
    await suspend(deps, account)
    const payment = await paid(deps, 'item', { account: 'x-audited', paidMinor: 1 })
    await reviewOf(payment)
    const entry = { action: 'odd', entity: 'account', entityId: account, accountId: account, requestId: 'r-odd' }
    const canary = { apiKey: 'fgs_live_canary', nested: { token: 'canary-token', mail: 'canary@example.com' }, kept: 7 }
    const actor = { id: 'sta-ff', role: 'ADMIN', email: 'canary@staff.example' }
    const at = { now: deps.clock.now(), real: deps.clock.real() }
    const from = { address: '203.0.113.99', userAgent: 'canary agent' }
    const odd = { ...entry, actor, ...from, reason: 'asked by canary@example.com', after: canary }
    await commit(deps.table, [auditWrite(odd, at, deps.ids.random())])
    const { audit } = (await ask(account)).body
    expect(audit).toMatchObject([
      { action: 'putAccount', entity: 'account', entityId: account, actor: { id: 'key_test', role: 'server' } },
      { action: 'updateAccount', actor: { id: account, role: 'customer' }, address: '198.51.100.7', userAgent: 'test' },
      { action: 'putMember', after: { userId: 'bob', role: 'billing' } },
      { action: 'setPreferences', actor: { id: 'bob', role: 'customer' } },
      { action: 'suspendUser', actor: { role: 'ADMIN' }, reason: 'test', before: { suspended: false } },
      { action: 'odd', reason: 'asked by …@…', after: { apiKey: '…', nested: { token: '…', mail: '…@…' }, kept: 7 } },
    ])
    expect(audit.map(({ address }) => address)).toEqual([undefined, '198.51.100.7', ...Array(4).fill(undefined)])
    const text = JSON.stringify(audit)
    for (const hidden of ['canary', 'sta-ff', admin, 'AUDITED#', 'ttl']) expect(text).not.toContain(hidden)
    expect((await ask('x-audited')).body.audit).toMatchObject([
      { action: 'putAccount' },
      { action: 'reviewPayment', entity: 'payment', entityId: payment.id },
    ])
  })

  it('audit entries part by part: each once, over the days on which they were written', async () => {
    const account = 'x-many'
    await callsOf(deps).putAccount({ account, body: { email: 'a@example.com' } })
    const dayMs = 86_400_000
    for (let n = 0; n < 130; n++) {
      const entry = { action: `a${n}`, entity: 'account', entityId: account, accountId: account, requestId: `r${n}` }
      const at = { now: deps.clock.now(), real: deps.clock.real() + (n % 3) * dayMs + n }
      await commit(deps.table, [auditWrite({ ...entry, actor: { id: 'x', role: 'server' } }, at, deps.ids.random())])
    }
    const whole = (await exportPart(deps, account, undefined)).sections.audit.map(({ action }) => action)
    expect(new Set(whole).size).toBe(131)
    const parts: unknown[] = []
    let cursor: string | undefined
    do {
      const part = await exportPart(deps, account, cursor, { mostBytes: 6_000, mostMs: 60_000 })
      parts.push(...part.sections.audit.map(({ action }) => action))
      cursor = part.nextCursor ?? undefined
    } while (cursor !== undefined)
    expect(parts).toEqual(whole)
  })

  it('400 for a cursor of another account’s export', async () => {
    const part = await exportPart(deps, 'x-whole', undefined, { mostBytes: 1, mostMs: 60_000 })
    await membersOf(deps).company('x-other')
    const query = { cursor: part.nextCursor ?? '' }
    expect((await ask('x-whole', { query })).status).toBe(200)
    expect(await ask('x-other', { query })).toMatchObject({ status: 400, code: 'validation_failed' })
  })

  it('200 for a login that never wrote, with where it is a member; for a member of the account; for a suspended one', async () => {
    await membersOf(deps).company('x-company', { ann: 'viewer' })
    const own = await ask('ann', { as: 'customer' })
    expect(own.body).toMatchObject({ accountId: 'ann', account: [], wallet: [] })
    expect(own.body.memberships).toContainEqual({ accountId: 'x-company', role: 'viewer' })
    expect((await ask('ann', actingFor('x-company'))).body).toMatchObject({ accountId: 'x-company' })
    await suspend(deps, 'x-company')
    expect((await ask('x-company')).body.account).toMatchObject([{ suspended: true }])
  })

  it('404 for an account that nobody made and for a stranger’s header; 403 without the scope', async () => {
    expect(await ask('nobody')).toMatchObject({ status: 404, code: 'not_found' })
    expect(await ask('eve', actingFor('x-whole'))).toMatchObject({ status: 404, code: 'not_found' })
    expect(await ask('x-whole', { scopes: ['accounts:write'] })).toMatchObject({ status: 403, code: 'forbidden' })
  })
})
