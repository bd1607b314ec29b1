import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { Catalogue } from '#domain/catalogue'
import { parseCatalogue } from '#domain/catalogueParse'
import { publishCatalogue } from '#table/catalogue'
import type { Table } from '#table/port'
import { root } from './build.ts'
import { SetupError } from './setupError.ts'

const folder = join(root, 'catalogues')

/** Reads a catalogue by its name under `catalogues/` or by the path of a JSON file. Throws `SetupError` in one line. */
export function loadCatalogue(nameOrPath: string): Catalogue {
  const named = join(folder, `${basename(nameOrPath)}.json`)
  const path = /[/\\]|\.json$/.test(nameOrPath) ? resolve(nameOrPath) : named
  if (!existsSync(path)) {
    const names = readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => basename(name, '.json'))
    throw new SetupError(
      `There is no catalogue ${nameOrPath}. Give the path of a JSON file or one of: ${names.join(', ')}.`,
    )
  }
  const parsed = parseCatalogue(jsonOf(path))
  if (parsed.ok) return parsed.catalogue
  const [first, ...others] = parsed.errors
  const more = others.length > 0 ? ` (and ${others.length} more)` : ''
  throw new SetupError(
    `The catalogue ${path} is not valid: ${first?.path} ${first?.message}${more}. Mend the file and start again.`,
  )
}

function jsonOf(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const problem = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : String(error)
    throw new SetupError(`The catalogue ${path} is not JSON: ${problem}. Mend the file and start again.`)
  }
}

/** Publishes it; the same catalogue again (a data directory) publishes nothing. `now` in epoch milliseconds. */
export async function publish(table: Table, catalogue: Catalogue, now: number): Promise<void> {
  const outcome = await publishCatalogue(table, catalogue, { now })
  if (outcome.kind === 'publish' || outcome.kind === 'unchanged') return
  throw new SetupError(
    `The catalogue ${catalogue.name} cannot be published: ${JSON.stringify(outcome)}. Start with an empty --data folder.`,
  )
}
