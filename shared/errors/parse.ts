import type * as z from 'zod/mini'
import { faultsOf, pathText } from './fault.ts'
import { Problem } from './problem.ts'

/** More than this many complaints help nobody. */
const mostErrors = 20
/** Input is echoed shortened: a path or a name may be as long as the body. */
const longestPath = 200
const longestMessage = 300

/** Parses what came from outside. @throws Problem `validation_failed` with a path for each fault. */
export function parseInput<S extends z.ZodMiniType>(schema: S, value: unknown): z.output<S> {
  // The input tells a wrong value from a missing one.
  const result = schema.safeParse(value, { reportInput: true })
  if (result.success) return result.data
  const errors = result.error.issues
    .flatMap((issue) => faultsOf(issue))
    .slice(0, mostErrors)
    .map(({ path, message }) => ({ path: path.slice(0, longestPath), message: message.slice(0, longestMessage) }))
  const [first] = errors
  throw new Problem(
    'validation_failed',
    first ? `${first.path || 'The body'}: ${first.message}` : 'The request is not valid.',
    { errors },
  )
}

/** Parses what we made ourselves: an answer, a stored item. A fault is our defect, never the caller's. */
export function parseOwn<S extends z.ZodMiniType>(schema: S, value: unknown, what: string): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const faults = result.error.issues.slice(0, 5).map((issue) => `${pathText(issue.path)}: ${issue.message}`)
  throw new Error(`${what} does not have its own shape: ${faults.join('; ')}`)
}
