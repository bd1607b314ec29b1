import * as z from 'zod/mini'
import { TemplateError } from './intrinsics.ts'

/** CloudFormation takes numbers and booleans as text too. */
export const wholeNumber = z.pipe(z.union([z.number(), z.string().check(z.regex(/^-?\d+$/))]), z.transform(Number))
export const truth = z.pipe(
  z.union([z.boolean(), z.enum(['true', 'false'])]),
  z.transform((value) => value === true || value === 'true'),
)

/** Parses resolved properties; a mismatch names the resource and the property. */
export function parseProperties<T extends z.ZodMiniType>(schema: T, properties: unknown, place: string): z.infer<T> {
  const parsed = schema.safeParse(properties)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const unknown = issue?.code === 'unrecognized_keys' ? `.${issue.keys.join(', ')}` : ''
  throw new TemplateError(
    place,
    `Properties${issue?.path.map((part) => `.${String(part)}`).join('')}${unknown} is not understood locally`,
  )
}
