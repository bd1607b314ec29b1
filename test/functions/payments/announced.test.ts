import { afterAll, describe, expect, it } from 'vitest'
import { accountPk, chargeKey } from '#table/keys'
import type { Item } from '#table/port'
import { buyingOf } from '#test/support/buying'
import { takeSent } from '#test/support/calls'
import { crowd } from '#test/support/crowd'
import { type TestDeps, testDeps } from '#test/support/deps'
import { type PaymentBench, withFakes } from '#test/support/payments'
import { deliver, told, work } from '#test/support/webhooks'

/** Payments for each provider. */
const rounds = crowd(100, 2)

const providers = [
  { provider: 'razorpay', product: 'resume-ats', priceId: 'pro-month' },
  { provider: 'paystack', product: 'cv-builder', priceId: 'pro-month' },
  { provider: 'stripe', product: 'wellbeing', priceId: 'premium-month' },
] as const

const open: { deps: TestDeps; bench: PaymentBench }[] = []
afterAll(async () => {
  for (const { deps, bench } of open) {
    await bench.stop()
    await deps.stop()
  }
})

const rowsOf = async (deps: TestDeps, account: string, entity: string): Promise<Item[]> =>
  (await deps.table.query({ pk: accountPk(account), limit: 1_000, consistent: true })).items.filter(
    (item) => item.entity === entity,
  )

describe.each(providers)('one payment at $provider', ({ provider, product, priceId }) => {
  it(`announced by verify and by five events at once, ${rounds} times over: one of everything`, {
    timeout: 600_000,
  }, async () => {
    const deps = await testDeps({ product, now: '2026-03-10T12:00:00.000Z' })
    const bench = await withFakes(deps)
    open.push({ deps, bench })
    if (provider === 'razorpay') bench.fakes.razorpay.behave({ settings: { fiveEvents: true } })
    const { begin, pay, verify } = buyingOf(deps, bench)
    for (let round = 0; round < rounds; round++) {
      const account = `told-${provider}-${round}`
      const begun = await begin(account, { priceId })
      const before = told(bench.fakes, provider).length
      const returned = pay(provider, begun.providerOrderId ?? '', { saveMethod: true })
      const events = told(bench.fakes, provider).slice(before)
      const five = Array.from({ length: 5 }, (_, index) => events[index % events.length] ?? '')
      const announced = async () => {
        const receipts = await Promise.all(five.map((event) => deliver(deps, provider, event)))
        expect(receipts.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
        // Each message on its own, all at once, as five workers would have them.
        const messages = takeSent(deps, 'webhook')
        expect(await Promise.all(messages.map((message) => work(deps, [message])))).toEqual(messages.map(() => []))
      }
      const [verified] = await Promise.all([verify(account, { paymentId: begun.paymentId, ...returned }), announced()])
      expect(verified.body).toMatchObject({ status: 'completed', flags: [] })
      const [payment] = await rowsOf(deps, account, 'payment')
      expect(payment?.charges).toHaveLength(1)
      for (const entity of ['payment', 'subscription', 'invoice', 'subscriptionHistory'])
        expect({ entity, rows: (await rowsOf(deps, account, entity)).length }).toEqual({ entity, rows: 1 })
      expect(await deps.table.get(chargeKey(provider, verified.body.providerPaymentId ?? ''))).toMatchObject({
        paymentId: begun.paymentId,
        as: 'granted',
      })
    }
  })
})
