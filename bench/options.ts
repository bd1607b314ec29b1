import { parseArgs } from 'node:util'

export const parts = ['capacity', 'latency', 'http', 'cold', 'growth', 'webhooks', 'renewals', 'cost'] as const
export type Part = (typeof parts)[number]

export interface Options {
  only: Part[]
  quick: boolean
  strict: boolean
  /** The most subscriptions that are due at once, in powers of ten from 1,000. */
  renewals: number
  /** How many of them are renewed at most: the sweep takes all. */
  sample: number
}

export const usage = `npm run bench -- [--only ${parts.join(',')}] [--quick] [--strict] [--renewals 100000] [--sample 100000]
  --only    the parts to run, separated by commas; default all
  --quick   fewer samples; results.json is left as it is
  --strict  exit code 1 when a bound is missed
  --renewals  how many are due at once, 1000 to 100000; default 100000
  --sample  how many of them are renewed at most, 1000 to 100000; default 10000`

/** @throws Error with one line for the reader, when the arguments make no sense. */
export function parseOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean' },
      strict: { type: 'boolean' },
      renewals: { type: 'string' },
      sample: { type: 'string' },
    },
  })
  const asked = values.only?.split(',').map((name) => name.trim())
  const unknown = asked?.find((name) => !parts.some((part) => part === name))
  if (unknown !== undefined) throw new Error(`There is no part "${unknown}". ${usage}`)
  return {
    // Always in this order: the cost is modelled on what the others measured.
    only: parts.filter((part) => !asked || asked.includes(part)),
    quick: values.quick ?? false,
    strict: values.strict ?? false,
    renewals: parseCount('--renewals', values.renewals ?? '100000'),
    sample: parseCount('--sample', values.sample ?? '10000'),
  }
}

function parseCount(name: string, text: string): number {
  const count = Number(text)
  if (!/^\d{4,6}$/.test(text) || count < 1_000 || count > 100_000)
    throw new Error(`${name} is 1000 to 100000, not "${text}". ${usage}`)
  return count
}
