import * as z from 'zod/mini'
import { type Call, Refusal } from '../call.ts'
import { parseObject } from '../json.ts'

/** `{status: false, message, meta, type, code}`. */
export const bad = (message: string, code: string, status = 400): Refusal =>
  new Refusal({
    status,
    body: {
      status: false,
      message,
      meta: { nextStep: 'Check the values that were sent, then try again' },
      type: 'validation_error',
      code,
    },
  })

/** The published description of a 404 has no free `code`, so there is none. */
export const missing = (what: string): Refusal =>
  new Refusal({
    status: 404,
    body: {
      status: false,
      message: `${what} not found`,
      meta: { nextStep: 'Check the identifier that was sent' },
      type: 'validation_error',
    },
  })

export function read<Schema extends z.core.$ZodType>(schema: Schema, call: Call): z.output<Schema> {
  const form = call.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true
  const body = form ? Object.fromEntries(new URLSearchParams(call.raw)) : parseObject(call.raw === '' ? '{}' : call.raw)
  if (body === undefined) throw bad('Invalid JSON body', 'invalid_params')
  const parsed = z.safeParse(schema, body)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw bad(`Invalid ${issue?.path.join('.') ?? 'body'}`, 'invalid_params')
}
