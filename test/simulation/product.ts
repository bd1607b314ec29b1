import { putAccount } from '#operations/accounts'
import { grantPlan } from '#operations/admin'
import * as credits from '#operations/credits'
import type { HttpOperation } from '#operations/definition'
import { check } from '#operations/entitlements'
import { recordUsage } from '#operations/usage'
import { handleHttp } from '#runtime/http'
import type { Run } from '#runtime/run'
import type { Handlers } from './caller.ts'

// A function looks at its environment when it is loaded, as on Lambda; the simulator never calls its live adapters.
process.env.FAREGATE_MODE ??= 'test'
process.env.TABLE_NAME ??= 'simulation'

const serve = <Operation extends HttpOperation>(operation: Operation, { run }: { run: Run<Operation> }): Handlers => ({
  [operation.id]: (event, deps) => handleHttp(operation, run, deps, event),
})

/** The product's own functions, behind the product's own HTTP runtime. */
export const productHandlers: Handlers = {
  ...serve(putAccount, await import('#functions/accounts/putAccount')),
  ...serve(grantPlan, await import('#functions/admin/grantPlan')),
  ...serve(check, await import('#functions/entitlements/check')),
  ...serve(recordUsage, await import('#functions/usage/recordUsage')),
  ...serve(credits.grantCredits, await import('#functions/credits/grantCredits')),
  ...serve(credits.deductCredits, await import('#functions/credits/deductCredits')),
  ...serve(credits.refundCredits, await import('#functions/credits/refundCredits')),
  ...serve(credits.reserveCredits, await import('#functions/credits/reserveCredits')),
  ...serve(credits.commitReservation, await import('#functions/credits/commitReservation')),
  ...serve(credits.releaseReservation, await import('#functions/credits/releaseReservation')),
}
