import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { Catalogue } from '#domain/catalogue'
import { comfortableTermsBytes, termsBytes } from '#domain/catalogueChecks'
import { type CatalogueChange, diffCatalogues } from '#domain/catalogueDiff'
import { parseCatalogue } from '#domain/catalogueParse'
import { largestCatalogueBytes, type PublishOutcome, publishCatalogue, readCurrentCatalogue } from '#table/catalogue'
import type { Table } from '#table/port'
import { SetupError } from '../setupError.ts'
import { realNow } from '../time.ts'
import { type OpenTable, openTable } from './stackTable.ts'

const usage = 'usage: npm run catalogue -- check|publish|diff FILE [--map old-price=new-price …]'

/** Lines to print and the exit status: 0 done, 1 refused or different, 2 cannot be done as asked. */
export interface CommandResult {
  status: 0 | 1 | 2
  lines: string[]
}

/** `check` needs no stack; `diff` exits with 1 when there are differences; `publish` says what stands in its way. */
export async function catalogueCommand(args: string[], open: () => OpenTable): Promise<CommandResult> {
  const { command, file, mapping } = readArguments(args)
  const parsed = parseCatalogue(await readJson(file))
  if (!parsed.ok) return { status: 1, lines: parsed.errors.map(({ path, message }) => `${path || file}: ${message}`) }
  if (command === 'check') return { status: 0, lines: checkLines(file, parsed.catalogue) }
  const { table, where, close } = open()
  try {
    if (command === 'diff') return await diff(table, parsed.catalogue)
    return publishResult(await publishCatalogue(table, parsed.catalogue, { now: realNow(), mapping }), where)
  } finally {
    close()
  }
}

type Command = 'check' | 'publish' | 'diff'
const isCommand = (word: string | undefined): word is Command =>
  word === 'check' || word === 'publish' || word === 'diff'

function readArguments(args: string[]): { command: Command; file: string; mapping: Record<string, string> } {
  const { positionals, values } = parseStrictly(args)
  const [command, file, ...rest] = positionals
  if (!isCommand(command) || file === undefined || rest.length > 0) throw new SetupError(usage)
  const pairs = (values.map ?? []).map((pair) => {
    const [from, to, more] = pair.split('=')
    if (!from || !to || more !== undefined) throw new SetupError(`--map ${pair} is not of the form old-price=new-price`)
    return [from, to]
  })
  if (pairs.length > 0 && command !== 'publish') throw new SetupError('--map is for publish only')
  return { command, file, mapping: Object.fromEntries(pairs) }
}

function parseStrictly(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options: { map: { type: 'string', multiple: true } } })
  } catch {
    throw new SetupError(usage)
  }
}

async function readJson(file: string): Promise<unknown> {
  const bytes = await readFile(file).catch(() => {
    throw new SetupError(`${file} cannot be read`)
  })
  if (bytes.length > largestCatalogueBytes) {
    throw new SetupError(`${file} has ${bytes.length} bytes, of ${largestCatalogueBytes} at most`)
  }
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw new SetupError(`${file} is not JSON: ${error instanceof Error ? error.message : 'it does not parse'}`)
  }
}

function checkLines(file: string, catalogue: Catalogue): string[] {
  const { plans, features, products } = catalogue
  const prices = plans.flatMap((plan) => plan.prices)
  return [
    `${file} is a catalogue: ${Object.keys(features).length} features, ${plans.length} plans, ${prices.length} prices, ${products.length} products`,
    ...plans.flatMap((plan) => {
      const bytes = termsBytes(catalogue, plan)
      if (bytes <= comfortableTermsBytes) return []
      return [
        `note: the terms of plan ${plan.id} take ${bytes} bytes; above ${comfortableTermsBytes} a check reads more than one unit`,
      ]
    }),
  ]
}

async function diff(table: Table, next: Catalogue): Promise<CommandResult> {
  const current = await readCurrentCatalogue(table)
  if (!current) return { status: 1, lines: ['nothing has been published yet: the whole file is new'] }
  const changes = diffCatalogues(current.catalogue, next)
  if (changes.length === 0) return { status: 0, lines: [`no difference to version ${current.version}`] }
  return { status: 1, lines: changes.map(changeLine) }
}

const changeLine = ({ path, change, from, to }: CatalogueChange): string => {
  if (change === 'added') return `+ ${path}: ${JSON.stringify(to)}`
  if (change === 'removed') return `- ${path}: ${JSON.stringify(from)}`
  return `~ ${path}: ${JSON.stringify(from)} → ${JSON.stringify(to)}`
}

function publishResult(outcome: PublishOutcome, where: string): CommandResult {
  switch (outcome.kind) {
    case 'publish':
      return {
        status: 0,
        lines: [`published version ${outcome.version} to ${where}; functions take it up within a minute`],
      }
    case 'unchanged':
      return { status: 0, lines: [`version ${outcome.version} is the same already; nothing was published`] }
    case 'refused':
      return {
        status: 1,
        lines: [
          ...outcome.errors.map(({ priceId, message }) => `--map: price ${priceId} ${message}`),
          ...outcome.stranded.map(
            ({ priceId, count }) =>
              `price ${priceId} would strand ${count} live subscriptions: keep it, or map it with --map ${priceId}=NEW`,
          ),
        ],
      }
    case 'overtaken':
      return {
        status: 1,
        lines: ['another version was published, or a dropped price found a subscriber, meanwhile: run it again'],
      }
    case 'tooLarge':
      return { status: 1, lines: [`the catalogue has ${outcome.bytes} bytes, of ${largestCatalogueBytes} at most`] }
    case 'tooManyDropped':
      return { status: 1, lines: [`${outcome.count} prices are dropped at once: drop at most 90 in one version`] }
  }
}

async function main(): Promise<void> {
  const { status, lines } = await catalogueCommand(process.argv.slice(2), () => openTable(process.env)).catch(
    (error: unknown): CommandResult => {
      if (error instanceof SetupError) return { status: 2, lines: [error.message] }
      return {
        status: 2,
        lines: [`the table did not answer: ${error instanceof Error ? error.message : String(error)}`],
      }
    },
  )
  const stream = status === 2 ? process.stderr : process.stdout
  stream.write(`${lines.join('\n')}\n`)
  process.exitCode = status
}

if (import.meta.main) await main()
