import { listPaymentMethods } from '#operations/paymentHistory'
import { loadAccount } from '#runtime/account'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { methodView, savedMethods } from '#runtime/savedMethod'

export const run: Run<typeof listPaymentMethods> = async (input, deps) => {
  const { id } = await loadAccount(input, deps)
  const methods = await savedMethods(deps, id)
  return { data: methods.map(methodView), nextCursor: null }
}

export const handler = httpHandler(listPaymentMethods, run, live(catalogue))
