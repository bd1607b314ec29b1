import { defineConfig } from 'vitest/config'

/**
 * What takes longest, a file each: crowds, whole stacks, every operation under hostile and random input. `npm run
 * test:long` runs them, and CI; `npm test` is for whoever changes something and waits.
 */
const long = [
  'test/functions/admin/advanceClock.test.ts',
  'test/functions/contract.test.ts',
  'test/functions/hostile.test.ts',
  'test/functions/payments/abandoned.test.ts',
  'test/functions/payments/refundRaces.test.ts',
  'test/functions/payments/refunded.test.ts',
  'test/functions/races.test.ts',
  'test/functions/subscriptions/changeSubscription.test.ts',
  'test/functions/subscriptions/chargeOnce.test.ts',
  'test/functions/subscriptions/namedCharge.test.ts',
  'test/functions/subscriptions/overage.test.ts',
  'test/functions/subscriptions/overageDebit.test.ts',
  'test/functions/subscriptions/renewSubscription.test.ts',
  'test/functions/subscriptions/renewedBy.test.ts',
  'test/functions/subscriptions/settleSubscription.test.ts',
  'test/functions/subscriptions/suspended.test.ts',
  'test/gateways/fakes.test.ts',
  'test/gateways/faults.test.ts',
  'test/gateways/invoicePdf.test.ts',
  'test/infra/bundle.test.ts',
  'test/infra/bundleLazy.test.ts',
  'test/infra/payments.test.ts',
  'test/infra/stacks.test.ts',
  'test/local/erasures.test.ts',
  'test/local/sources.test.ts',
  'test/local/start.test.ts',
  'test/simulation/payment.test.ts',
  'test/simulation/year.test.ts',
  'test/table/conformance.test.ts',
  'test/table/paymentDirectory.test.ts',
  'test/table/webhookEvents.test.ts',
]
const isLong = process.env['SUITE'] === 'long'
/** A file that is named is run, whichever suite it belongs to. */
const isNamed = process.argv.some((argument) => argument.endsWith('.test.ts'))

export default defineConfig({
  test: {
    include: isLong ? long : ['test/**/*.test.ts'],
    exclude: ['node_modules/**', ...(isLong || isNamed ? [] : long)],
    // Modules hold no state between tests, so one worker per core keeps them loaded: the suite runs several times faster.
    isolate: false,
    // Both processors: the default leaves one free for a watcher that a run does not have.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
})
