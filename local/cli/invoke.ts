import { readFileSync } from 'node:fs'
import * as z from 'zod/mini'
import { buildAssembly } from '../build.ts'
import { environmentOf } from '../functions/environment.ts'
import { createPool } from '../functions/pool.ts'
import { showSteps } from '../progress.ts'
import { type Announcement, runningStack } from '../running.ts'
import { SetupError } from '../setupError.ts'
import { readModel } from '../template/read.ts'
import { print, runCommand } from './run.ts'

const usage = 'npm run invoke -- <area>/<operation> events/<file>.json'

/** As much of an HTTP sample event as a request is made of. */
const httpEvent = z.object({
  version: z.literal('2.0'),
  rawPath: z.string(),
  rawQueryString: z.optional(z.string()),
  headers: z.optional(z.record(z.string(), z.string())),
  body: z.optional(z.string()),
  isBase64Encoded: z.optional(z.boolean()),
  requestContext: z.object({ http: z.object({ method: z.string() }) }),
})

/** Made by the client for each request; a sample's own would contradict the request. */
const headersNotSent = new Set(['host', 'connection', 'content-length', 'accept-encoding', 'authorization', 'cookie'])

/** Sends an HTTP sample through the gateway, with a login of the running stack; other events go straight to the bundle. */
async function main(): Promise<void> {
  const [name, path, ...more] = process.argv.slice(2)
  const operation = name?.split('/').at(-1)
  if (!operation || !path || more.length > 0) throw new SetupError(usage)
  const stack = runningStack()
  const event = readEvent(path)
  const request = httpEvent.safeParse(event)
  if (request.success) await send(stack, request.data)
  else await run(stack, operation, event)
}

function readEvent(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new SetupError(`${path} cannot be read as JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function send(stack: Announcement, event: z.infer<typeof httpEvent>): Promise<void> {
  const { method } = event.requestContext.http
  const query = event.rawQueryString ? `?${event.rawQueryString}` : ''
  const headers = Object.entries(event.headers ?? {}).filter(([name]) => !headersNotSent.has(name.toLowerCase()))
  const credential = credentialFor(stack, event.rawPath)
  const answer = await fetch(`${stack.apiUrl}${event.rawPath}${query}`, {
    method,
    headers: { ...Object.fromEntries(headers), ...(credential ? { authorization: `Bearer ${credential}` } : {}) },
    ...(event.body === undefined ? {} : { body: Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8') }),
  })
  print(`${answer.status} ${method} ${event.rawPath}`)
  print(await answer.text())
}

function credentialFor(stack: Announcement, path: string): string | undefined {
  if (path.startsWith('/v1/accounts/')) return stack.apiKey
  if (path.startsWith('/v1/admin/')) return stack.adminToken
  return path.startsWith('/v1/me') ? stack.customers[0]?.token : undefined
}

async function run(stack: Announcement, operation: string, event: unknown): Promise<void> {
  const model = await readModel(await buildAssembly(showSteps), { sqsUrl: stack.sqsUrl })
  const found = Object.values(model.functions).find(
    (each) => each.name === operation || each.name.endsWith(`-${operation}`),
  )
  if (!found) throw new SetupError(`There is no function ${operation}; see functions/.`)
  const pool = createPool(found, {
    environment: environmentOf(found, stack),
    onLine: (line) => process.stderr.write(`${line}\n`),
  })
  const outcome = await pool.invoke(event)
  await pool.stop()
  print(JSON.stringify(outcome.kind === 'answer' ? (outcome.result ?? null) : outcome, null, 2))
  if (outcome.kind !== 'answer') process.exitCode = 1
}

runCommand(main)
