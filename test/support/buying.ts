import type { PaymentProvider } from '#domain/moneyCharge'
import type { Payment } from '#domain/payment'
import { run as createCheckoutRun } from '#functions/payments/createCheckout'
import { run as reconcilePaymentRun } from '#functions/payments/reconcilePayment'
import { run as verifyPaymentRun } from '#functions/payments/verifyPayment'
import { createCheckout, reconcilePayment, verifyPayment } from '#operations/payments'
import { handleMessages } from '#runtime/worker'
import { findPayment } from '#table/payments'
import { callsOf, recordsOf } from './calls.ts'
import { invoke, type TestDeps } from './deps.ts'
import type { PaymentBench } from './payments.ts'

type PayOptions = Partial<Parameters<PaymentBench['fakes']['stripe']['pay']>[0]>

/** A customer who buys, as far as a test wants it. */
export function buyingOf(deps: TestDeps, { fakes }: PaymentBench) {
  const begin = async (account: string, body: Record<string, unknown>, key?: string) => {
    if (!account.startsWith('anon_'))
      await callsOf(deps).putAccount({ account, body: { email: `${account}@example.com`, name: 'A Customer' } })
    const call = { account, body, ...(key !== undefined && { key }) }
    return (await invoke(createCheckout, createCheckoutRun, deps, call)).body
  }
  const pay = (provider: PaymentProvider, orderId: string, options: PayOptions = {}) =>
    fakes[provider].pay({ orderId, outcome: 'success', ...options })
  const stored = async (account: string, paymentId: string): Promise<Payment> => {
    const payment = await findPayment(deps.table, account, paymentId, { consistent: true })
    if (!payment) throw new Error(`no payment ${paymentId}`)
    return payment
  }
  return {
    begin,
    pay,
    stored,
    verify: (account: string, body: Record<string, unknown>) =>
      invoke(verifyPayment, verifyPaymentRun, deps, { account, body }),
    /** Begins, pays and verifies; answers the settled payment. */
    buy: async (account: string, body: Record<string, unknown>, options: PayOptions = {}): Promise<Payment> => {
      const begun = await begin(account, body)
      if (begun.provider) {
        const returned = pay(begun.provider, begun.providerOrderId ?? '', options)
        await invoke(verifyPayment, verifyPaymentRun, deps, {
          account,
          body: { paymentId: begun.paymentId, ...returned },
        })
      }
      return stored(account, begun.paymentId)
    },
    /** One message of the reconciler; a failure is answered, not thrown. */
    reconcile: async (accountId: string, paymentId: string): Promise<boolean> => {
      const message = { accountId, paymentId, requestId: 'test' }
      const answer = await handleMessages(reconcilePayment, reconcilePaymentRun, deps, recordsOf([message]))
      return answer.batchItemFailures.length === 0
    },
  }
}
