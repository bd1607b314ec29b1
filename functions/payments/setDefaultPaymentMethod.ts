import { assertNotErasing } from '#domain/erasure'
import { setDefaultPaymentMethod } from '#operations/paymentHistory'
import { loadAccount } from '#runtime/account'
import { auditOf } from '#runtime/audit'
import { callOf } from '#runtime/guarded'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { renewWithWrites } from '#runtime/renewalMethod'
import type { Run } from '#runtime/run'
import { chooseDefault, methodView } from '#runtime/savedMethod'
import type { PaymentMethod } from '#table/methods'

export const run: Run<typeof setDefaultPaymentMethod> = async (input, deps) => {
  assertNotErasing(await loadAccount(input, deps, { consistent: true }))
  const { accountId, params } = input
  const { paymentMethodId: entityId } = params
  const audit = () => [auditOf(input, deps, { action: setDefaultPaymentMethod.id, entity: 'paymentMethod', entityId })]
  const follows = (method: PaymentMethod) => renewWithWrites(deps, { accountId, call: callOf(input) }, method)
  return methodView(await chooseDefault(deps, accountId, entityId, { audit, follows }))
}

export const handler = httpHandler(setDefaultPaymentMethod, run, live(catalogue))
