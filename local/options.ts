import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { SetupError } from './setupError.ts'

export interface StartOptions {
  /** A name under `catalogues/` or the path of a JSON file. */
  catalogue: string
  port: number
  dataDirectory?: string
  /** Without demo accounts. */
  empty: boolean
  /** Epoch milliseconds. */
  startMs?: number
  json: boolean
  help: boolean
}

export const defaultPort = 4010
/** Issuer, the three providers and their checkout take the five ports above the API's. */
const portMax = 65_535 - 5
export const defaultCatalogue = 'resume-ats'

export const usage = `npm start -- [options]
  --catalogue NAME|PATH  catalogue of catalogues/ or a JSON file (default ${defaultCatalogue})
  --port N               port of the API; issuer and providers take the next five; 0 takes any (default ${defaultPort})
  --data DIR             keep the data in this folder (default: in memory)
  --empty                no demo accounts
  --now INSTANT          where the test clock starts, e.g. 2026-01-31T00:00:00Z
  --json                 print the addresses as JSON once ready`

/** Reads the command line of `npm start`. Throws `SetupError` in one line. */
export function parseOptions(argv: string[]): StartOptions {
  const values = parse(argv)
  return {
    catalogue: values.catalogue ?? defaultCatalogue,
    port: portOf(values.port),
    empty: values.empty ?? false,
    json: values.json ?? false,
    help: values.help ?? false,
    ...(values.data === undefined ? {} : { dataDirectory: resolve(values.data) }),
    ...(values.now === undefined ? {} : { startMs: instantOf(values.now) }),
  }
}

function parse(argv: string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    const options = { catalogue: text, port: text, data: text, now: text, empty: flag, json: flag, help: flag }
    return parseArgs({ args: argv, options, strict: true }).values
  } catch (error) {
    const problem = error instanceof Error ? error.message.split(/\.\s/)[0] : String(error)
    throw new SetupError(`${problem}. See npm start -- --help`)
  }
}

function portOf(text: string | undefined): number {
  if (text === undefined) return defaultPort
  if (!/^\d{1,5}$/.test(text) || Number(text) > portMax)
    throw new SetupError(`--port ${text} is not a port: give 0 to ${portMax}.`)
  return Number(text)
}

function instantOf(text: string): number {
  const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN
  if (Number.isNaN(instant)) throw new SetupError(`--now ${text} is not an instant: write it as 2026-01-31T00:00:00Z.`)
  return instant
}
