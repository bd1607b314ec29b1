import * as z from 'zod/mini'
import { dayBounds, mostPages, pageSize, tooManyPages } from './day.ts'
import { toProviderUnits } from './exponent.ts'
import { readEach } from './fields.ts'
import type { Gateway, ProviderRefund } from './gateway.ts'
import { refund, refundNote, refundOf } from './paystackParse.ts'
import type { PaystackTransport } from './paystackTransport.ts'
import { checkedId, checkedRefundId, isRefund } from './requests.ts'

export const transactionIdPattern = /^\d{1,20}$/
/** A refund that cannot be found among the last 500 was not made, or told of, moments ago. */
const mostRefundPages = 5

/** Refunds have no key: our refund id travels in the merchant's note. The list knows no transaction, so it is read. */
export function paystackRefunds(transport: PaystackTransport): Pick<Gateway, 'refund' | 'findRefund' | 'refundLists'> {
  /** Newest first. Pages may be shorter than asked for, so only an empty one is the end. */
  async function* pages(
    most: number,
    within: Record<string, string> = {},
    unreadable?: () => void,
  ): AsyncGenerator<ProviderRefund[]> {
    for (let page = 1; page <= most; page++) {
      const query = { perPage: String(pageSize), page: String(page), ...within }
      const found = await transport.ask({
        call: 'read',
        method: 'GET',
        path: '/refund',
        query,
        data: z.array(z.unknown()),
      })
      if (found.length === 0) return
      yield readEach(refund, found, refundOf, unreadable)
    }
  }

  return {
    async refund({ refundId, providerPaymentId, amountMinor, currency }) {
      const body = {
        transaction: checkedId('paystack', transactionIdPattern, providerPaymentId),
        amount: toProviderUnits('paystack', amountMinor, currency),
        currency,
        merchant_note: refundNote(checkedRefundId('paystack', refundId)),
      }
      return refundOf(await transport.ask({ call: 'write', method: 'POST', path: '/refund', body, data: refund }))
    },

    async findRefund(lookup) {
      checkedRefundId('paystack', lookup.refundId)
      const id = checkedId('paystack', transactionIdPattern, lookup.providerPaymentId)
      const isIt = isRefund(lookup)
      for await (const page of pages(mostRefundPages)) {
        const found = page.find((one) => one.providerPaymentId === id && isIt(one))
        if (found) return found
      }
      return undefined
    },

    refundLists: {
      async of(providerPaymentId) {
        const id = checkedId('paystack', transactionIdPattern, providerPaymentId)
        const found: ProviderRefund[] = []
        for await (const page of pages(mostRefundPages))
          found.push(...page.filter((one) => one.providerPaymentId === id))
        return found
      },

      async *on(day, unreadable) {
        const { fromMs, toMs } = dayBounds('paystack', day)
        const within = { from: new Date(fromMs).toISOString(), to: new Date(toMs - 1).toISOString() }
        let read = 0
        for await (const page of pages(mostPages, within, unreadable)) {
          read += 1
          yield* page
        }
        if (read === mostPages) throw tooManyPages('paystack')
      },
    },
  }
}
