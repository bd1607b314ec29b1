import { paymentSecret } from '#gateways/paymentSecret'
import type { Extension } from './live.ts'

/** For functions that ask payment providers or seal tokens; their definition says `grants.paymentSecret`. */
export const payments: Extension = ({ clock, log, wait, rng, env }) => ({
  payments: paymentSecret({
    env,
    wait,
    rng,
    now: () => clock.real(),
    onFailure: (error) =>
      log.warn('the payment secret was not read anew; the one in memory goes on serving', { error }),
  }),
})
