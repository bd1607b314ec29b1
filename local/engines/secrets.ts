import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import * as z from 'zod/mini'
import { closeServer, listen } from '../gateway/server.ts'
import { SetupError } from '../setupError.ts'
import type { SecretModel } from '../template/model.ts'
import { newUuid, realNow } from '../time.ts'

export interface SecretsEngine {
  url: string
  stop(): Promise<void>
}

/** AWS takes 64 KB for a secret; a request holds only its name. */
const requestBytesMax = 10_000
/** What AWS adds to a secret's name in its ARN: a hyphen and six characters. */
const arnTail = /-[A-Za-z0-9]{6}$/

const request = z.object({ SecretId: z.string().check(z.minLength(1), z.maxLength(2048)) })

/** Serves secrets (text by name) on a free port of 127.0.0.1 as Secrets Manager does: `GetSecretValue`, and nothing else. */
export async function startSecrets(secrets: readonly { model: SecretModel; text: string }[]): Promise<SecretsEngine> {
  const createdAtSeconds = realNow() / 1000
  const rows = secrets.map((each) => ({ ...each, versionId: newUuid() }))
  const find = (id: string) =>
    rows.find(({ model }) => [model.name, model.arn].includes(id) || model.arn === id.replace(arnTail, ''))

  const answer = async (message: IncomingMessage): Promise<Reply> => {
    if (message.method !== 'POST' || message.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue')
      return refusal('UnknownOperationException', 'Only GetSecretValue is known here.')
    const parsed = request.safeParse(await readJson(message))
    if (!parsed.success) return refusal('InvalidParameterException', 'SecretId is missing.')
    const found = find(parsed.data.SecretId)
    if (!found) return refusal('ResourceNotFoundException', "Secrets Manager can't find the specified secret.")
    const body = {
      ARN: found.model.arn,
      Name: found.model.name,
      VersionId: found.versionId,
      SecretString: found.text,
      VersionStages: ['AWSCURRENT'],
      CreatedDate: createdAtSeconds,
    }
    return { status: 200, body }
  }

  const server = createServer((message, response) => {
    answer(message)
      .catch(() => ({ status: 500, body: { __type: 'InternalServiceError', Message: 'It failed.' } }))
      .then((reply) => send(response, reply))
      .catch(() => response.destroy())
  })
  const url = await listen(server, 0, '--port')
  return { url, stop: () => closeServer(server) }
}

interface Reply {
  status: number
  body: Record<string, unknown>
}

const refusal = (type: string, text: string): Reply => ({ status: 400, body: { __type: type, Message: text } })

function send(response: ServerResponse, { status, body }: Reply): void {
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'content-length': bytes.length })
  response.end(bytes)
}

async function readJson(message: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size <= requestBytesMax) chunks.push(bytes)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return undefined
  }
}

const kept = z.record(z.string(), z.string())

/**
 * What CloudFormation makes up for each secret that the template declares, by name. With a `file` they are made once: what
 * a kept table holds sealed must open after a restart.
 * @throws SetupError for a file that is not such a file.
 */
export function makeSecrets(models: readonly SecretModel[], file: string | undefined): Record<string, string> {
  const before = file !== undefined && existsSync(file) ? readKept(file) : {}
  const made = Object.fromEntries(models.map((model) => [model.name, before[model.name] ?? makeUp(model)]))
  // Readable by its owner alone, as it opens what the table keeps sealed. A secret that another catalogue's stack made stays.
  if (file !== undefined) writeFileSync(file, `${JSON.stringify({ ...before, ...made }, null, 2)}\n`, { mode: 0o600 })
  return made
}

function readKept(file: string): Record<string, string> {
  try {
    return kept.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new SetupError(`${file} is not a file of secrets. Restore it, or start with another --data folder.`)
  }
}

function makeUp({ generated }: SecretModel): string {
  if (!generated) return '{}'
  const random = randomBytes(generated.length).toString('hex').slice(0, generated.length)
  return generated.key === undefined ? random : JSON.stringify({ ...generated.template, [generated.key]: random })
}
