import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { clockAt } from '#domain/testClock'
import { Problem } from '#errors/problem'
import { type ErasureDeps, replayErasure } from '#runtime/erasure'
import { findClock } from '#table/clock'
import type { Table } from '#table/port'
import { type Erasure, listErasures, readErasureLine } from '#table/tombstones'
import { SetupError } from '../setupError.ts'
import { realNow } from '../time.ts'
import { print, runCommand } from './run.ts'
import { openTable } from './stackTable.ts'

const usage = `npm run erasures -- list [DAYS]     erased accounts of the last DAYS days (default 400), one JSON line each
npm run erasures -- replay [FILE]   erases those of FILE again (default: those that the table itself lists)`

const mostDays = 4_000
const dayMs = 86_400_000

/** What a table that was restored from a backup has to be told; twice is once. */
async function main(): Promise<void> {
  const [verb, argument, ...more] = process.argv.slice(2)
  if ((verb !== 'list' && verb !== 'replay') || more.length > 0) throw new SetupError(usage)
  const { table, where, close } = openTable(process.env)
  try {
    if (verb === 'list') return await list(table, argument)
    const outcome = await replay(table, await erasuresFor(table, argument))
    print(`${outcome.erased} erased, ${outcome.unchanged} as they should be, ${outcome.refused} refused, in ${where}.`)
    if (outcome.refused > 0) process.exitCode = 1
  } finally {
    close()
  }
}

async function list(table: Table, days = '400'): Promise<void> {
  if (!/^\d{1,4}$/.test(days) || Number(days) > mostDays) throw new SetupError(usage)
  for await (const erasure of listErasures(table, span(Number(days)))) print(JSON.stringify(erasure))
}

const span = (days: number) => ({ from: realNow() - days * dayMs, to: realNow() })

async function erasuresFor(table: Table, file: string | undefined): Promise<Erasure[]> {
  if (file === undefined) return listed(table)
  const text = await readFile(file, 'utf8').catch(() => {
    throw new SetupError(`${file} cannot be read`)
  })
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, at) => {
      const erasure = readErasureLine(line)
      if (!erasure) throw new SetupError(`${file}: line ${at + 1} is not one of "npm run erasures -- list"`)
      return erasure
    })
}

async function listed(table: Table): Promise<Erasure[]> {
  const found: Erasure[] = []
  for await (const erasure of listErasures(table, span(400))) found.push(erasure)
  return found
}

async function replay(table: Table, erasures: readonly Erasure[]) {
  const state = await findClock(table)
  const clock = { real: realNow, now: () => clockAt(state, realNow()) }
  const rng = () => randomBytes(4).readUInt32BE(0) / 2 ** 32
  const deps: ErasureDeps = { table, clock, rng, wait: (milliseconds) => wait(milliseconds) }
  const outcome = { erased: 0, unchanged: 0, refused: 0 }
  for (const erasure of erasures) {
    try {
      outcome[await replayErasure(deps, erasure)] += 1
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      outcome.refused += 1
      print(`${erasure.accountId}: ${error.message}`)
    }
  }
  return outcome
}

runCommand(main)
