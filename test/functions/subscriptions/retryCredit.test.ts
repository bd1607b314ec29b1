import { afterAll, expect, it } from 'vitest'
import { creditWrites, findAccountCredit } from '#table/accountCredit'
import { commit } from '#table/commit'
import { listPayments } from '#table/payments'
import { buyingOf } from '#test/support/buying'
import { testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'
import { live } from '#test/support/renewals'

const deps = await testDeps({ product: 'wellbeing', now: '2026-01-31T10:00:00.000Z' })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})

it('every attempt of a renewal has the account’s credit on it: a failed one gives it back before the next is priced', async () => {
  const account = 'r-credit'
  const { currency } = await buyingOf(deps, bench).buy(
    account,
    { priceId: 'premium-month', saveMethod: true },
    { saveMethod: true, card: 'declines_later' },
  )
  const entry = {
    id: 'surplus:r-credit',
    cause: 'surplus' as const,
    amountMinor: 1000,
    balanceAfterMinor: 1000,
    paymentId: 'fpay_0',
    createdAt: deps.clock.now(),
  }
  await commit(
    deps.table,
    creditWrites({ next: { accountId: account, currency, balanceMinor: 1000, ver: 1 }, entry }, 'test'),
  )
  const renewals = async () =>
    (await listPayments(deps.table, account, { limit: 50 })).payments.filter(({ type }) => type === 'renewal')
  const credit = async () => (await findAccountCredit(deps.table, account, currency))?.balanceMinor
  await live(deps, '2026-02-28T12:00:00.000Z')
  const [first] = await renewals()
  expect(first).toMatchObject({ status: 'failed', amountMinor: 2200, holds: { creditMinor: 1000 }, released: true })
  expect(await credit()).toBe(1000)
  await live(deps, '2026-03-03T10:00:00.000Z')
  expect((await renewals()).map(({ amountMinor }) => amountMinor)).toEqual([2200, 2200, 2200, 2200])
  // Past the end of every attempt's time: each has given back what it held, and once.
  await live(deps, '2026-03-06T10:00:00.000Z')
  expect(await credit()).toBe(1000)
}, 60_000)
