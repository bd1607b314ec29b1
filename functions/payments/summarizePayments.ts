import { shortRangeOf, summaryOf } from '#domain/paymentFilter'
import { summarizePayments } from '#operations/paymentHistory'
import { loadAccount } from '#runtime/account'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { allPayments } from '#runtime/paymentPage'
import type { Run } from '#runtime/run'

export const run: Run<typeof summarizePayments> = async (input, deps) => {
  const range = shortRangeOf(input.query)
  const { id } = await loadAccount(input, deps)
  return summaryOf(await allPayments(deps, id, range))
}

export const handler = httpHandler(summarizePayments, run, live(catalogue))
