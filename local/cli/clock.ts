import * as z from 'zod/mini'
import { type Announcement, runningStack } from '../running.ts'
import { SetupError } from '../setupError.ts'
import { pause } from '../time.ts'
import { print, runCommand } from './run.ts'

const usage = `npm run clock -- now | set 2026-01-31T00:00:00Z | advance P1M | freeze | thaw`

const view = z.object({
  now: z.string(),
  frozen: z.boolean(),
  status: z.enum(['ready', 'advancing']),
  from: z.optional(z.string()),
  target: z.optional(z.string()),
  stuck: z.optional(z.number()),
})
type View = z.output<typeof view>

const lookMs = 500
/** A clock that has not moved for so long has lost its worker: being sent where it goes anyway takes it on. */
const stillMs = 90_000
const barWidth = 30

type Stack = Pick<Announcement, 'apiUrl' | 'adminToken'>
type Show = (line: string) => void

/** The body for each word; undefined: only look. */
function bodyOf([verb, argument, ...more]: readonly string[]): Record<string, unknown> | undefined {
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

/**
 * Turns the clock, or looks at it, and waits until it is there; answers the line to print.
 * @param show a line that replaces the one before, while the clock is on its way.
 * @throws SetupError in one line, for words that mean nothing and for what the clock refuses.
 */
export async function turnClock(words: readonly string[], stack: Stack, show: Show): Promise<string> {
  const body = bodyOf(words)
  if (!body) return lineOf(await ask(stack))
  // The request takes the clock on for up to a quarter of a minute itself; it is looked at meanwhile.
  const asked = ask(stack, body)
  const first = await watched(stack, asked, show)
  return lineOf(await arrived(stack, first, show))
}

async function watched(stack: Stack, asked: Promise<View>, show: Show): Promise<View> {
  for (;;) {
    const answer = await Promise.race([asked, pause(lookMs)])
    if (answer) return answer
    const seen = await ask(stack)
    if (seen.status === 'advancing') show(barOf(seen))
  }
}

async function arrived(stack: Stack, first: View, show: Show): Promise<View> {
  let seen = first
  let movedAt = performance.now()
  while (seen.status === 'advancing') {
    show(barOf(seen))
    await pause(lookMs)
    const isStill = performance.now() - movedAt > stillMs && seen.target !== undefined
    const next = isStill ? await watched(stack, ask(stack, { now: seen.target }), show) : await ask(stack)
    if (isStill || next.now !== seen.now) movedAt = performance.now()
    seen = next
  }
  return seen
}

/** `[██████░░░░]  60 %  2027-07-04 → 2027-12-01` */
function barOf({ now, from = now, target = now }: View): string {
  const spanMs = Date.parse(target) - Date.parse(from)
  const share = spanMs > 0 ? (Date.parse(now) - Date.parse(from)) / spanMs : 1
  const full = Math.floor(share * barWidth)
  const percent = `${Math.floor(share * 100)}`.padStart(3)
  return `[${'█'.repeat(full)}${'░'.repeat(barWidth - full)}] ${percent} %  ${now.slice(0, 10)} → ${target.slice(0, 10)}`
}

function lineOf({ now, frozen, stuck }: View): string {
  const told = stuck === undefined ? '' : `; ${stuck} due on the way did not move (npm run logs says what)`
  return `${now}${frozen ? ', standing still' : ''}${told}`
}

/** The clock, after a turn where there is a body. */
async function ask({ apiUrl, adminToken }: Stack, body?: Record<string, unknown>): Promise<View> {
  const answer = await fetch(`${apiUrl}/v1/admin/clock`, {
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (answer.ok) return view.parse(JSON.parse(text))
  const { detail } = z.object({ detail: z.optional(z.string()) }).parse(JSON.parse(text))
  throw new SetupError(detail ?? `The clock answered ${answer.status}.`)
}

const clearLine = '\r\u001b[K'

async function main(): Promise<void> {
  // The bar is for a person who watches; a pipe gets the one line of the end.
  const show: Show = process.stderr.isTTY ? (line) => void process.stderr.write(`${clearLine}${line}`) : () => {}
  const line = await turnClock(process.argv.slice(2), runningStack(), show)
  if (process.stderr.isTTY) process.stderr.write(clearLine)
  print(line)
}

if (import.meta.main) runCommand(main)
