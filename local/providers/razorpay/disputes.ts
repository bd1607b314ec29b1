import * as z from 'zod/mini'
import { ok, type Route } from '../call.ts'
import type { DisputeStatus } from '../fake.ts'
import type { Json } from '../json.ts'
import { bad, found, read } from './errors.ts'
import { disputeEvent } from './events.ts'
import { type Dispute, newest, type Payment, type Razorpay, seconds } from './state.ts'
import { collection, disputeView } from './views.ts'

export function raiseDispute(razorpay: Razorpay, payment: Payment): Dispute {
  const { ids, due } = razorpay.shop
  const dispute: Dispute = {
    id: ids.id('disp_'),
    paymentId: payment.id,
    amount: payment.amount,
    currency: payment.currency,
    amountDeducted: 0,
    status: 'open',
    evidence: {},
    createdAtMs: due.now(),
  }
  razorpay.disputes.set(dispute.id, dispute)
  tell(razorpay, 'created', dispute)
  return dispute
}

/** Raises one, or moves the payment's latest on. */
export function moveDispute(razorpay: Razorpay, paymentId: string, status: DisputeStatus): Json {
  const payment = found(razorpay.payments, paymentId)
  if (status === 'created') return disputeView(raiseDispute(razorpay, payment))
  const dispute = newest(razorpay.disputes.values()).find((one) => one.paymentId === payment.id)
  if (!dispute) throw bad('The payment has no dispute')
  settle(razorpay, dispute, status)
  return disputeView(dispute)
}

function settle(razorpay: Razorpay, dispute: Dispute, status: Exclude<DisputeStatus, 'created'>): void {
  dispute.status = status
  if (status === 'lost') dispute.amountDeducted = dispute.amount
  tell(razorpay, status, dispute)
}

function tell(razorpay: Razorpay, what: DisputeStatus, dispute: Dispute): void {
  const payment = found(razorpay.payments, dispute.paymentId)
  razorpay.shop.emit([disputeEvent(razorpay, `payment.dispute.${what}`, dispute, payment)])
}

const contest = z.strictObject({
  amount: z.optional(z.int().check(z.minimum(1))),
  summary: z.optional(z.string().check(z.maxLength(1000))),
  shipping_proof: z.optional(z.array(z.string())),
  action: z.optional(z.enum(['draft', 'submit'])),
})

export const disputeRoutes = (razorpay: Razorpay): Route[] => [
  {
    route: 'GET /v1/disputes',
    run: ({ query }) => ok(collection(newest(razorpay.disputes.values()), query, disputeView)),
  },
  { route: 'GET /v1/disputes/:id', run: ({ params }) => ok(disputeView(found(razorpay.disputes, params.id))) },
  {
    route: 'POST /v1/disputes/:id/accept',
    run: ({ params }) => {
      const dispute = found(razorpay.disputes, params.id)
      if (dispute.status !== 'open') throw bad('Action not allowed on a dispute that is not open')
      settle(razorpay, dispute, 'lost')
      return ok(disputeView(dispute))
    },
  },
  {
    route: 'PATCH /v1/disputes/:id/contest',
    run: (call) => {
      const dispute = found(razorpay.disputes, call.params.id)
      if (dispute.status !== 'open') throw bad('Action not allowed on a dispute that is not open')
      const { action = 'draft', ...evidence } = read(contest, call)
      for (const [name, value] of Object.entries(evidence)) if (value !== undefined) dispute.evidence[name] = value
      if (action === 'submit') {
        dispute.evidence.submitted_at = seconds(razorpay.shop.due.now())
        settle(razorpay, dispute, 'under_review')
      }
      return ok(disputeView(dispute))
    },
  },
]
