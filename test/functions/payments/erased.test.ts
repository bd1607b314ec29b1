import { afterAll, describe, expect, it } from 'vitest'
import type { Payment } from '#domain/payment'
import { afterFact } from '#domain/paymentFact'
import { run as reviewPaymentRun } from '#functions/payments/reviewPayment'
import { reviewPayment } from '#operations/adminPayments'
import { applyDispute } from '#runtime/disputeFact'
import { eraseStored } from '#runtime/erasure'
import { resumeRefund } from '#runtime/refund'
import { applyRefund } from '#runtime/refundFact'
import { savedMethods } from '#runtime/savedMethod'
import { settleOne } from '#runtime/settlePayment'
import { actOnRefund } from '#runtime/webhookRefund'
import { findAccountCredit } from '#table/accountCredit'
import { commit } from '#table/commit'
import { invoicesOfPayment } from '#table/invoices'
import { accountKey, accountPk, walletKey } from '#table/keys'
import { findPayment, putPaymentWrite } from '#table/payments'
import { invoke, testDeps } from '#test/support/deps'
import { card } from './methodSupport.ts'
import {
  call,
  captured,
  paid,
  pending,
  refundAnswer,
  refundCall,
  scriptRefunds,
  stored,
  storedRefunds,
} from './refundSupport.ts'

const deps = await testDeps()
const script = scriptRefunds(deps)
afterAll(() => deps.stop())

const addressOf = ({ accountId, id }: Payment) => ({ accountId, paymentId: id })
const erase = ({ accountId }: Payment) => eraseStored(deps, accountId, { hash: '', ...call })
/** The mark alone: the erasure has begun, and its rows are still there. */
const begin = ({ accountId }: Payment) =>
  deps.table.write([
    {
      kind: 'update',
      key: accountKey(accountId),
      set: { suspended: true, erasingAt: deps.clock.now() },
      add: { ver: 1 },
      when: 'unconditional',
    },
  ])

/** Nobody paid in its time, as far as anybody knew. */
const expire = async (payment: Payment) => {
  const next = afterFact(payment, { kind: 'expired', at: deps.clock.now() }, deps.clock.now())
  await commit(deps.table, [putPaymentWrite({ ...next, ver: payment.ver + 1 }, payment.ver)])
}

const kindsLeft = async ({ accountId }: Payment) => {
  const { items } = await deps.table.query({ pk: accountPk(accountId), limit: 200, consistent: true })
  return [...new Set(items.map(({ entity }) => entity))].sort()
}

describe.each([
  ['that was erased', erase],
  ['whose erasure has begun', begin],
])('money of an account %s', (_, gone) => {
  it.each(['item', 'pack', 'plan'] as const)('that comes in late is held for staff, and refunded: %s', async (kind) => {
    const payment = await pending(deps, kind)
    await expire(payment)
    await gone(payment)
    const seen = { ...captured(payment), method: card(`pm_${payment.id}`, { gatewayCustomerId: 'cus_1' }) }
    for (let told = 0; told < 2; told++) await settleOne(deps, addressOf(payment), seen, call)
    const held = await stored(deps, payment)
    expect(held).toMatchObject({ status: 'review', flags: ['no_account'], capturedMinor: payment.amountMinor })
    expect(held.settled).toMatchObject({ as: 'held' })
    expect(await savedMethods(deps, payment.accountId)).toEqual([])
    expect(await findAccountCredit(deps.table, payment.accountId, 'USD')).toBeUndefined()
    const decide = (as: string) =>
      invoke(reviewPayment, reviewPaymentRun, deps, {
        params: { paymentId: payment.id },
        body: { providerPaymentId: held.providerPaymentId, as },
      })
    for (const one of ['settled', 'kept']) expect((await decide(one)).status).toBe(409)
    expect((await refundCall(deps, held)).status).toBe(202)
    const [refund] = await storedRefunds(deps, held)
    await applyRefund(
      deps,
      addressOf(payment),
      { ...observed(held), refundId: refund?.id ?? '', state: 'processed' },
      call,
    )
    expect(await stored(deps, payment)).toMatchObject({ status: 'refunded' })
  })
})

const observed = (payment: Payment) => ({
  providerPaymentId: payment.charges[0]?.providerPaymentId ?? '',
  amountMinor: payment.amountMinor,
})

describe('what a provider says after the account was erased', () => {
  it.each(['item', 'pack'] as const)('of a refund made there is written down, with its note: %s', async (kind) => {
    const payment = await paid(deps, kind)
    await erase(payment)
    const before = await kindsLeft(payment)
    const refund = {
      ...{ provider: 'stripe' as const, providerRefundId: `re_${payment.id}`, status: 'processed' as const },
      ...{ ...observed(payment), currency: 'USD' },
    }
    for (let told = 0; told < 2; told++)
      expect(await actOnRefund(deps, 'stripe', { refund }, call)).toMatchObject({ kind: 'processed' })
    expect(await stored(deps, payment)).toMatchObject({ status: 'refunded', refundedMinor: payment.amountMinor })
    const documents = await invoicesOfPayment(deps.table, payment.accountId, payment.id)
    expect(documents.map(({ kind: of }) => of).sort()).toEqual(['credit_note', 'invoice'])
    expect(await kindsLeft(payment)).toEqual([...before, 'refund'].sort())
    expect(await deps.table.get(walletKey(payment.accountId))).toBeUndefined()
  })

  it('of a refund by staff that fails is written down, and its note taken back', async () => {
    const payment = await paid(deps, 'pack')
    await refundCall(deps, payment)
    const [refund] = await storedRefunds(deps, payment)
    const word = { ...observed(payment), refundId: refund?.id ?? '' }
    await applyRefund(deps, addressOf(payment), { ...word, state: 'processed' }, call)
    await erase(payment)
    await applyRefund(deps, addressOf(payment), { ...word, state: 'failed' }, call)
    expect(await stored(deps, payment)).toMatchObject({ status: 'completed', flags: ['refund_failed'], notedMinor: 0 })
    expect(await deps.table.get(walletKey(payment.accountId))).toBeUndefined()
  })

  it('of a refund that staff ask for afterwards is followed to its end', async () => {
    const payment = await paid(deps, 'pack')
    await erase(payment)
    expect((await refundCall(deps, payment)).status).toBe(202)
    const [refund] = await storedRefunds(deps, payment)
    if (!refund) throw new Error('nothing was asked for')
    script.find = (request) => refundAnswer(request, { status: 'processed' })
    deps.clock.advance(3_600_000)
    expect(await resumeRefund(deps, refund, call)).toMatchObject({ status: 'processed' })
    expect(await stored(deps, payment)).toMatchObject({ status: 'refunded' })
  })

  it.each(['item', 'pack', 'plan'] as const)('of a dispute is written down, lost and won: %s', async (kind) => {
    const payment = await paid(deps, kind)
    if (kind === 'plan') await cancelAll(payment)
    await erase(payment)
    const dispute = { disputeId: `dp_${payment.id}`, amountMinor: payment.amountMinor, currency: 'USD' }
    const at = deps.clock.now()
    await applyDispute(deps, addressOf(payment), { ...dispute, state: 'lost', at }, call)
    expect(await stored(deps, payment)).toMatchObject({ flags: ['dispute_lost'] })
    await applyDispute(deps, addressOf(payment), { ...dispute, state: 'won', at: at + 1 }, call)
    expect(await stored(deps, payment)).toMatchObject({ status: 'completed' })
    const documents = await invoicesOfPayment(deps.table, payment.accountId, payment.id)
    expect(documents.map(({ kind: of }) => of).sort()).toEqual(['credit_note', 'invoice', 'invoice'])
    expect(await findPayment(deps.table, payment.accountId, payment.id)).toBeDefined()
  })
})

/** The end of a plan is its worker's; here its row is brought there by hand. */
async function cancelAll({ accountId }: Payment): Promise<void> {
  const { items } = await deps.table.query({ pk: accountPk(accountId), limit: 200, consistent: true })
  for (const { pk, sk } of items.filter(({ entity }) => entity === 'subscription'))
    await deps.table.write([{ kind: 'update', key: { pk, sk }, set: { status: 'expired' }, when: 'unconditional' }])
}
