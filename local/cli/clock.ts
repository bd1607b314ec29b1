import * as z from 'zod/mini'
import { call } from '../demo.ts'
import { runningStack } from '../running.ts'
import { SetupError } from '../setupError.ts'
import { print, runCommand } from './run.ts'

const usage = `npm run clock -- now | set 2026-01-31T00:00:00Z | advance P1M | freeze | thaw`

const view = z.object({ now: z.string(), frozen: z.boolean(), status: z.enum(['ready', 'advancing']) })

/** The body for each word; undefined: only look. */
function bodyOf([verb, argument, ...more]: string[]): Record<string, unknown> | undefined {
  const isAlone = argument === undefined
  if (more.length === 0) {
    if (verb === 'now' && isAlone) return undefined
    if (verb === 'set' && !isAlone) return { now: argument }
    if (verb === 'advance' && !isAlone) return { advance: argument }
    if (verb === 'freeze' && isAlone) return { freeze: true }
    if (verb === 'thaw' && isAlone) return { freeze: false }
  }
  throw new SetupError(usage)
}

async function main(): Promise<void> {
  const body = bodyOf(process.argv.slice(2))
  const stack = runningStack()
  const route = body ? 'POST /v1/admin/clock' : 'GET /v1/admin/clock'
  const { now, frozen, status } = view.parse(await call(stack, route, stack.adminToken, body))
  print(`${now}${frozen ? ', standing still' : ''}${status === 'advancing' ? ', still advancing' : ''}`)
}

runCommand(main)
