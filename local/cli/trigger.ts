import { parseArgs } from 'node:util'
import * as z from 'zod/mini'
import { type ProviderName, providerNames } from '../providers/fake.ts'
import { isObject, type JsonObject, parseObject } from '../providers/json.ts'
import { runningStack } from '../running.ts'
import { SetupError } from '../setupError.ts'
import { pause } from '../time.ts'
import { print, runCommand } from './run.ts'

const usage = `npm run trigger -- ${providerNames.join('|')} <event> [--of ID] [--fields '{"amount": 100}'] [--copies N] [--old-secret], or --list instead of the event`

/** Longer than a provider waits for an answer: Paystack, 30 s. */
const patienceMs = 35_000
const lookMs = 50
/** The fakes' own limit. */
const copiesMax = 20

/**
 * Has a provider's fake compose, sign and send one event, and answers a line for each copy: the status and body that the
 * API answered. With `--list` the events that the fake knows.
 * @throws SetupError in one line, for arguments that make no event.
 */
export async function trigger(args: string[], providers: Record<ProviderName, string>): Promise<string[]> {
  const { url, name, event, list, body } = readArguments(args, providers)
  const known = z.object({ events: z.array(z.string()) }).parse(await ask(`${url}/_fake`)).events
  if (list) return known
  if (!known.includes(event))
    throw new SetupError(`${name} has no event ${event}: npm run trigger -- ${name} --list shows those it has.`)
  const { eventId } = z.object({ eventId: z.string() }).parse(await ask(`${url}/_fake/send`, body))
  const found = await deliveriesOf(url, eventId)
  return found.map(lineOf)
}

function readArguments(args: string[], providers: Record<ProviderName, string>) {
  const { positionals, values } = parse(args)
  const [name, event = '', ...more] = positionals
  const provider = providerNames.find((each) => each === name)
  if (name !== undefined && !provider)
    throw new SetupError(`There is no provider ${name}: ${providerNames.join(', ')}.`)
  const list = values.list ?? false
  if (!provider || more.length > 0 || (event === '') !== list) throw new SetupError(usage)
  const { alter, fields } = fieldsOf(values.fields)
  const how = {
    copies: copiesOf(values.copies),
    oldSecret: values['old-secret'] ?? false,
    ...(alter ? { alter } : {}),
  }
  const of = values.of === undefined ? {} : { of: values.of }
  return { url: providers[provider], name: provider, event, list, body: { event, ...of, fields, how } }
}

function parse(args: string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const options = { of: text, fields: text, copies: text, 'old-secret': flag, list: flag }
  try {
    return parseArgs({ args, options, allowPositionals: true })
  } catch {
    throw new SetupError(usage)
  }
}

function copiesOf(text = '1'): number {
  const copies = /^\d{1,2}$/.test(text) ? Number(text) : 0
  if (copies < 1 || copies > copiesMax) throw new SetupError(`--copies ${text} is not a number from 1 to ${copiesMax}.`)
  return copies
}

/** What the fake writes into the place where the provider has it; other fields lie over the body as they are. */
const alteration = new Set(['amount', 'currency', 'orderId'])

function fieldsOf(text = '{}'): { alter?: JsonObject; fields: JsonObject } {
  const given = parseObject(text)
  if (!given) throw new SetupError(`--fields ${text} is not a JSON object, such as '{"amount": 100}'.`)
  const entries = Object.entries(given)
  const alter = Object.fromEntries(entries.filter(([name]) => alteration.has(name)))
  const fields = Object.fromEntries(entries.filter(([name]) => !alteration.has(name)))
  return Object.keys(alter).length === 0 ? { fields } : { alter, fields }
}

const deliveries = z.array(
  z.object({
    state: z.enum(['waiting', 'delivered', 'gave_up', 'lost']),
    attempts: z.array(z.object({ status: z.nullable(z.number()), answer: z.string() })),
  }),
)
type Delivery = z.output<typeof deliveries>[number]

/** Waits for the first attempt of each copy; what the clock will try again is not waited for. */
async function deliveriesOf(url: string, eventId: string): Promise<Delivery[]> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const found = deliveries.parse(await ask(`${url}/_fake/events?eventId=${encodeURIComponent(eventId)}`))
    const isOpen = found.some(({ state, attempts }) => state === 'waiting' && attempts.length === 0)
    if (!isOpen || performance.now() > deadline) return found
    await pause(lookMs)
  }
}

function lineOf({ state, attempts: [first] }: Delivery): string {
  if (!first) return state === 'lost' ? 'not sent: the webhooks of the fake are off' : 'no answer yet'
  if (first.status === null) return 'no answer; the fake tries again by its clock'
  return `${first.status} ${first.answer.replaceAll(/\s+/g, ' ')}`.trim()
}

/** One call of the fake's own side; a refusal is one line. */
async function ask(address: string, body?: JsonObject): Promise<unknown> {
  const answer = await fetch(address, body && { method: 'POST', body: JSON.stringify(body) }).catch(() => {
    throw new SetupError(`No fake answers at ${new URL(address).origin}. Is npm start still running?`)
  })
  const text = await answer.text()
  if (answer.ok) return JSON.parse(text)
  const refusal = parseObject(text)
  throw new SetupError(isObject(refusal) && typeof refusal.error === 'string' ? oneLine(refusal.error) : oneLine(text))
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

async function main(): Promise<void> {
  for (const line of await trigger(process.argv.slice(2), runningStack().providers)) print(line)
}

if (import.meta.main) runCommand(main)
