import type * as z from 'zod/mini'
import { Problem } from './problem.ts'

/** More than this many complaints help nobody. */
const mostErrors = 20

/** Parses what came from outside. @throws Problem `validation_failed` with a path for each fault. */
export function parseInput<S extends z.ZodMiniType>(schema: S, value: unknown, where: string): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const errors = result.error.issues.slice(0, mostErrors).flatMap((issue) => faultsOf(issue, where))
  throw new Problem(
    'validation_failed',
    errors[0] ? `${errors[0].path || 'The body'}: ${errors[0].message}` : 'The request is not valid.',
    { errors },
  )
}

/** Input names are echoed shortened: a path may be as long as the body. */
function faultsOf(issue: z.core.$ZodIssue, where: string): { path: string; message: string }[] {
  const path = [...(where ? [where] : []), ...issue.path.map(String)].join('.').slice(0, 200)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, 5)
      .map((key) => ({ path: [path, key.slice(0, 60)].filter(Boolean).join('.'), message: 'is not a known field' }))
  }
  return [{ path, message: issue.message.slice(0, 300) }]
}

/** Parses what we made ourselves: an answer, a stored item. A fault is our defect, never the caller's. */
export function parseOwn<S extends z.ZodMiniType>(schema: S, value: unknown, what: string): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const faults = result.error.issues.slice(0, 5).map((issue) => `${issue.path.map(String).join('.')}: ${issue.message}`)
  throw new Error(`${what} does not have its own shape: ${faults.join('; ')}`)
}
