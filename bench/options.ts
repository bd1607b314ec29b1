import { parseArgs } from 'node:util'

export const parts = ['capacity', 'latency', 'http', 'cold', 'growth', 'webhooks', 'cost'] as const
export type Part = (typeof parts)[number]

export interface Options {
  only: Part[]
  quick: boolean
  strict: boolean
}

export const usage = `npm run bench -- [--only ${parts.join(',')}] [--quick] [--strict]
  --only    the parts to run, separated by commas; default all
  --quick   fewer samples; results.json is left as it is
  --strict  exit code 1 when a bound is missed`

/** @throws Error with one line for the reader, when the arguments make no sense. */
export function parseOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: { only: { type: 'string' }, quick: { type: 'boolean' }, strict: { type: 'boolean' } },
  })
  const asked = values.only?.split(',').map((name) => name.trim())
  const unknown = asked?.find((name) => !parts.some((part) => part === name))
  if (unknown !== undefined) throw new Error(`There is no part "${unknown}". ${usage}`)
  return {
    // Always in this order: the cost is modelled on what the others measured.
    only: parts.filter((part) => !asked || asked.includes(part)),
    quick: values.quick ?? false,
    strict: values.strict ?? false,
  }
}
