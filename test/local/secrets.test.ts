import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetSecretValueCommand, ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { paymentSecret } from '#gateways/paymentSecret'
import { makeSecrets, type SecretsEngine, startSecrets } from '#local/engines/secrets'
import { startPayments } from '#local/payments'
import { SetupError } from '#local/setupError'
import type { SecretModel } from '#local/template/model'

const folder = mkdtempSync(join(tmpdir(), 'faregate-secrets-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const payments: SecretModel = {
  name: 'faregate-test/payments',
  arn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:faregate-test/payments',
  generated: { length: 64, key: 'sealKey', template: { kept: 1 } },
}

describe('the Secrets Manager of a laptop', () => {
  let engine: SecretsEngine
  let client: SecretsManagerClient
  beforeAll(async () => {
    engine = await startSecrets([{ model: payments, text: '{"a":"ü"}' }])
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
    client = new SecretsManagerClient({ endpoint: engine.url, region: 'us-east-1', credentials, maxAttempts: 1 })
  })
  afterAll(async () => {
    client.destroy()
    await engine.stop()
  })

  it.each([
    ['its name', payments.name],
    ['its ARN', payments.arn],
    ['its ARN as AWS completes it', `${payments.arn}-a1B2c3`],
  ])('gives a secret by %s', async (_, SecretId) => {
    expect(await client.send(new GetSecretValueCommand({ SecretId }))).toMatchObject({
      ARN: payments.arn,
      Name: payments.name,
      SecretString: '{"a":"ü"}',
      VersionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      VersionStages: ['AWSCURRENT'],
      CreatedDate: expect.any(Date),
    })
  })

  it.each([
    ['another name', 'faregate-test/other'],
    ['a longer name', `${payments.name}-a1B2c3`],
    ['a part', 'payments'],
  ])('refuses %s as AWS does', async (_, SecretId) => {
    await expect(client.send(new GetSecretValueCommand({ SecretId }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      $metadata: { httpStatusCode: 400 },
    })
  })

  it('refuses every other operation, and a request that names no secret', async () => {
    await expect(client.send(new ListSecretsCommand({}))).rejects.toMatchObject({ name: 'UnknownOperationException' })
    const headers = { 'x-amz-target': 'secretsmanager.GetSecretValue' }
    for (const body of ['', '{', '[]', '{"SecretId":1}', `{"SecretId":"${'x'.repeat(20_000)}"}`]) {
      const answer = await fetch(engine.url, { method: 'POST', headers, body })
      expect({ status: answer.status, body: await answer.json() }).toMatchObject({
        status: 400,
        body: { __type: 'InvalidParameterException' },
      })
    }
  })
})

describe('what the template leaves to be made up', () => {
  it('is the template with so many random characters, other ones each time', () => {
    const [one, other] = [makeSecrets([payments], undefined), makeSecrets([payments], undefined)].map(
      (made) => made[payments.name] ?? '',
    )
    expect(JSON.parse(one ?? '')).toEqual({ kept: 1, sealKey: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(one).not.toBe(other)
  })

  it('is the characters alone without a key, and an empty object where nothing is generated', () => {
    const { generated, ...bare } = payments
    expect(generated).toBeDefined()
    const plain = { ...bare, name: 'plain', generated: { length: 7, template: {} } }
    expect(makeSecrets([plain, bare], undefined)).toEqual({
      plain: expect.stringMatching(/^[0-9a-f]{7}$/),
      [payments.name]: '{}',
    })
  })

  it('survives a restart in a file that only its owner reads, beside what other stacks made', () => {
    const file = join(folder, 'secrets.json')
    const first = makeSecrets([payments], file)
    const other = { ...payments, name: 'other/payments' }
    const second = makeSecrets([other], file)
    expect(makeSecrets([payments, other], file)).toEqual({ ...first, ...second })
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it.each(['', 'null', '{"a":1}', '{'])('a file that holds %j stops the start in one line and stays', (text) => {
    const file = join(folder, 'broken.json')
    writeFileSync(file, text)
    const make = () => makeSecrets([payments], file)
    expect(make).toThrow(SetupError)
    expect(make).toThrow(/broken\.json is not a file of secrets\. .* --data folder\.$/)
    expect(readFileSync(file, 'utf8')).toBe(text)
  })
})

describe('the payment secret of a laptop', () => {
  beforeAll(() => {
    // As in every function's environment.
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) vi.stubEnv(name, 'local')
    vi.stubEnv('AWS_REGION', 'us-east-1')
  })
  afterAll(() => vi.unstubAllEnvs())

  it('is one that the deployed code takes: all three providers, and a seal that outlives a restart', async () => {
    const dataDirectory = mkdtempSync(join(folder, 'data-'))
    const sealed = await withPayments(dataDirectory, async ({ turnedOn, seal, gateway }) => {
      expect(turnedOn).toEqual(['razorpay', 'paystack', 'stripe'])
      const order = { paymentId: 'fpay_01JZ0000000000000000000000', amountMinor: 50_000, currency: 'INR' }
      const more = { description: 'Pro', account: { id: 'a', email: 'a@example.com' }, saveMethod: false }
      expect(await gateway('razorpay').createOrder({ ...order, ...more })).toMatchObject({
        providerOrderId: expect.stringMatching(/^order_/),
      })
      return seal.seal('token', 'about')
    })
    expect(await withPayments(dataDirectory, async ({ seal }) => seal.open(sealed, 'about'))).toBe('token')
    expect(await withPayments(undefined, async ({ seal }) => seal.open(sealed, 'about'))).toBeUndefined()
  })
})

type Opened = Awaited<ReturnType<ReturnType<typeof paymentSecret>>>

async function withPayments<Result>(
  dataDirectory: string | undefined,
  use: (opened: Opened) => Promise<Result>,
): Promise<Result> {
  const stops: (() => Promise<void>)[] = []
  try {
    const nowMs = Date.parse('2026-03-10T09:00:00Z')
    const clock = { now: () => nowMs, read: () => Promise.resolve(nowMs) }
    const onStop = (stop: () => Promise<void>) => void stops.push(stop)
    const started = await startPayments({
      port: 0,
      clock,
      secrets: [declared],
      dataDirectory,
      apiUrl: () => undefined,
      onStop,
    })
    const env = { PAYMENT_SECRET_ID: payments.name, SECRETS_ENDPOINT: started.secrets.url }
    return await use(await paymentSecret({ env, now: () => nowMs, rng: () => 0, wait: () => Promise.resolve() })())
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}

/** As the data stack declares it: the real shape takes no member that it does not know. */
const declared: SecretModel = { ...payments, generated: { length: 64, key: 'sealKey', template: {} } }
