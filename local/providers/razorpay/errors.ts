import * as z from 'zod/mini'
import { type Answer, type Call, Refusal } from '../call.ts'
import type { Json, JsonObject } from '../json.ts'
import { parseObject } from '../json.ts'
import type { PaymentError } from './state.ts'

/** 400 for nearly everything, a missing id included. */
export function bad(description: string, more: JsonObject = {}, status = 400): Refusal {
  const error: JsonObject = {
    code: 'BAD_REQUEST_ERROR',
    description,
    source: 'business',
    step: 'payment_initiation',
    reason: 'input_validation_failed',
    metadata: {},
    ...more,
  }
  return new Refusal({ status, body: { error } })
}

const unknownId = (): Refusal => bad('The id provided does not exist')

export const failureAnswer = (status: number, code: string, description: string): Answer => ({
  status,
  body: { error: { code, description, source: 'NA', step: 'NA', reason: 'NA', metadata: {} } },
})

/** The row of that id; throws the provider's 400 otherwise. */
export function found<Row>(rows: ReadonlyMap<string, Row>, id: string | undefined): Row {
  const row = rows.get(id ?? '')
  if (row === undefined) throw unknownId()
  return row
}

/** The body by its schema. A field too many and a field that does not fit are Razorpay's two kinds of 400. */
export function read<Schema extends z.core.$ZodType>(schema: Schema, call: Call): z.output<Schema> {
  const body: Json | undefined = call.raw === '' ? {} : parseObject(call.raw)
  if (body === undefined) throw bad('The request body is not valid JSON')
  const parsed = z.safeParse(schema, body)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  if (issue?.code === 'unrecognized_keys') {
    throw bad(`${issue.keys.join(', ')} is/are not required and should not be sent`)
  }
  const field = issue?.path.join('.') ?? ''
  throw bad(`The ${field} field is invalid`, { field })
}

/** Why a bank refuses, in Razorpay's words; `reason` is what a machine reads. */
export const declines: Readonly<Record<'declined' | 'insufficient_funds', PaymentError>> = {
  declined: {
    code: 'BAD_REQUEST_ERROR',
    description: 'Your payment was declined by the bank. Try another card.',
    source: 'issuer_bank',
    step: 'payment_authorization',
    reason: 'payment_declined',
  },
  insufficient_funds: {
    code: 'BAD_REQUEST_ERROR',
    description: 'The account does not have enough balance for this payment.',
    source: 'issuer_bank',
    step: 'payment_authorization',
    reason: 'insufficient_funds',
  },
}

export const authenticationNeeded: PaymentError = {
  code: 'BAD_REQUEST_ERROR',
  description: 'The customer has to approve this payment.',
  source: 'customer',
  step: 'payment_authentication',
  reason: 'payment_authentication_required',
}

export const timedOut: PaymentError = {
  code: 'BAD_REQUEST_ERROR',
  description: 'The payment was not completed in time.',
  source: 'bank',
  step: 'payment_authorization',
  reason: 'payment_timed_out',
}

export const noticeFailed: PaymentError = {
  code: 'BAD_REQUEST_ERROR',
  description: 'The notice before the debit was not sent.',
  source: 'business',
  step: 'payment_initiation',
  reason: 'pre_debit_notification_not_sent',
}
