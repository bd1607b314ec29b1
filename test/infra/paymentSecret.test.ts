import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleFunctions } from '#infra/bundle'

const run = promisify(execFile)
const seen: IncomingHttpHeaders[] = []
const server = createServer((request, response) => {
  seen.push(request.headers)
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
  response.end(
    JSON.stringify({ SecretString: JSON.stringify({ sealKey: 's'.repeat(64), paystack: { secretKey: 'k' } }) }),
  )
})
let outdir = ''
let endpoint = ''

beforeAll(async () => {
  outdir = await mkdtemp(join(tmpdir(), 'faregate-secret-'))
  await bundleFunctions([{ id: 'paymentSecretUser', area: 'payments' }], {
    outdir,
    entryOf: ({ id }) => `test/infra/fixtures/${id}.ts`,
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  endpoint = typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : ''
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rm(outdir, { recursive: true })
})

const index = () => join(outdir, 'functions', 'paymentSecretUser', 'index.mjs')
const answerOf = async (ask: boolean): Promise<unknown> => {
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', invocation], {
    env: {
      BUNDLE: index(),
      ASK: String(ask),
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'id-of-the-role',
      AWS_SECRET_ACCESS_KEY: 'not-a-secret',
      AWS_SESSION_TOKEN: 'token-of-the-role',
      PAYMENT_SECRET_ID: 'faregate-test/payments',
      SECRETS_ENDPOINT: endpoint,
    },
  })
  return JSON.parse(stdout)
}
const invocation = `
  const { handler } = await import(process.env.BUNDLE)
  process.stdout.write(JSON.stringify(await handler(process.env.ASK === 'true')))
`

describe('the bundle of a function that may read the payment secret', () => {
  it('asks nobody until it is needed', async () => {
    expect(await answerOf(false)).toBe('not asked')
    expect(seen).toHaveLength(0)
  })

  it('reads it with the role’s credentials from the environment', async () => {
    expect(await answerOf(true)).toEqual(['paystack'])
    expect(seen).toEqual([
      expect.objectContaining({
        authorization: expect.stringContaining('Credential=id-of-the-role/'),
        'x-amz-security-token': 'token-of-the-role',
        'x-amz-target': 'secretsmanager.GetSecretValue',
      }),
    ])
  })

  it('holds no other chain of credentials', async () => {
    const code = await readFile(index(), 'utf8')
    expect(code.includes('secretsmanager')).toBe(true)
    expect(/AssumeRoleWithWebIdentity|fromSSO|fromInstanceMetadata/.test(code)).toBe(false)
  })
})
