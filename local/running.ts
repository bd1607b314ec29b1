import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as z from 'zod/mini'
import { root } from './build.ts'
import { providerNames } from './providers/fake.ts'
import { SetupError } from './setupError.ts'

const file = join(root, '.faregate', 'local.json')

const schema = z.object({
  apiUrl: z.string(),
  authUrl: z.string(),
  apiKey: z.string(),
  adminToken: z.string(),
  customers: z.array(z.object({ accountId: z.string(), token: z.string() })),
  /** Where a customer pays: takes the answer of `POST /checkout`. */
  checkoutUrl: z.string(),
  catalogue: z.string(),
  logs: z.string(),
  tableName: z.string(),
  dynamodbUrl: z.string(),
  sqsUrl: z.string(),
  secretsUrl: z.string(),
  queues: z.record(z.string(), z.string()),
  /** Base addresses of the fakes. */
  providers: z.record(z.enum(providerNames), z.string()),
  /** What each signs its webhooks with; Paystack's is its API key. */
  webhookSecrets: z.record(z.enum(providerNames), z.string()),
})

/** The contents of `.faregate/local.json`: how to reach the stack that runs. */
export type Announcement = z.infer<typeof schema>

/** Writes the file in one step; it holds credentials, of this laptop only. */
export function announce(announcement: Announcement): void {
  mkdirSync(dirname(file), { recursive: true })
  const partial = `${file}.${process.pid}`
  writeFileSync(partial, `${JSON.stringify(announcement, null, 2)}\n`, { mode: 0o600 })
  renameSync(partial, file)
}

/** Removes the file, unless another stack has written it since. */
export function withdraw(announcement: Announcement): void {
  if (readAnnouncement()?.apiUrl === announcement.apiUrl) rmSync(file, { force: true })
}

/** The running stack; throws `SetupError` when there is none. */
export function runningStack(): Announcement {
  const announcement = readAnnouncement()
  if (!announcement) throw new SetupError('No local stack is running. Start one in another terminal: npm start')
  return announcement
}

function readAnnouncement(): Announcement | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}
