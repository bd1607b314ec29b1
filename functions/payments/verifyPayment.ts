import type { Payment } from '#domain/payment'
import { verifyPayment } from '#operations/payments'
import type { Deps } from '#runtime/deps'
import { callOf } from '#runtime/guarded'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { payments } from '#runtime/livePayments'
import { settings } from '#runtime/liveSettings'
import { refundSetup } from '#runtime/methodSetup'
import { viewOf } from '#runtime/paymentViews'
import { asked } from '#runtime/provider'
import { paymentOf, returnedBy } from '#runtime/returned'
import type { Run } from '#runtime/run'
import { settlePayment } from '#runtime/settlePayment'

export const run: Run<typeof verifyPayment> = async (input, deps) => {
  const { accountId, body } = input
  const payment = await paymentOf(deps, accountId, body)
  const { provider, providerOrderId } = payment
  if (!provider) return answer(deps, payment)
  const returned = returnedBy(provider, body)
  const gateway = (await deps.payments()).gateway(provider)
  // The order id is ours, never the browser's: a signature over another order proves nothing of this one.
  const proven = gateway.verifyReturn(returned, { providerOrderId: providerOrderId ?? '' })
  const isDone = payment.settled?.as === 'granted' && (proven.providerPaymentId ?? '') in settledIds(payment)
  if (isDone) return answer(deps, payment)
  const settled = await asked(
    settlePayment(deps, { accountId, paymentId: payment.id }, callOf(input), {
      ...(proven.providerPaymentId !== undefined && { providerPaymentId: proven.providerPaymentId }),
    }),
  )
  await refundSetup(deps, settled, callOf(input))
  return answer(deps, settled)
}

const settledIds = ({ charges }: Payment): Record<string, true> =>
  Object.fromEntries(charges.filter(({ as }) => as).map(({ providerPaymentId }) => [providerPaymentId, true]))

/** Not yet paid is `processing` to whoever has just paid: the provider will tell. */
const answer = async (deps: Pick<Deps, 'table'>, payment: Payment) => {
  const view = await viewOf(deps, payment)
  return { ...view, status: view.status === 'pending' ? ('processing' as const) : view.status }
}

export const handler = httpHandler(verifyPayment, run, live(catalogue, settings, payments))
