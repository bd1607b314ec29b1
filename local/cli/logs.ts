import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { runningStack } from '../running.ts'
import { SetupError } from '../setupError.ts'
import { pause } from '../time.ts'
import { print, runCommand } from './run.ts'

const usage = "npm run logs -- [--follow] [part of a function's name]"
const followMs = 500
/** Bytes of each log shown at first; the files hold everything. */
const tailBytesMax = 200_000

/** Prints the lines of every function's log since the positions given, each with the function's name before it. */
function printNew(folder: string, part: string, positions: Map<string, number>): void {
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.log') || !name.includes(part)) continue
    const path = join(folder, name)
    const size = statSync(path).size
    const from = positions.get(name) ?? Math.max(0, size - tailBytesMax)
    if (size <= from) continue
    const bytes = Buffer.alloc(size - from)
    const file = openSync(path, 'r')
    readSync(file, bytes, 0, bytes.length, from)
    closeSync(file)
    // The last line may still be on its way.
    const end = bytes.lastIndexOf(10) + 1
    positions.set(name, from + end)
    for (const line of bytes.subarray(0, end).toString('utf8').split('\n'))
      if (line) print(`${basename(name, '.log')}  ${line}`)
  }
}

async function main(): Promise<void> {
  const words = process.argv.slice(2)
  const isFollowing = words.includes('--follow') || words.includes('-f')
  const [part = '', ...more] = words.filter((word) => word !== '--follow' && word !== '-f')
  if (more.length > 0 || part.startsWith('-')) throw new SetupError(usage)
  const { logs } = runningStack()
  const positions = new Map<string, number>()
  printNew(logs, part, positions)
  while (isFollowing) {
    await pause(followMs)
    printNew(logs, part, positions)
  }
}

runCommand(main)
