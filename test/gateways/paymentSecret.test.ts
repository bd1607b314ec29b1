import { execFileSync } from 'node:child_process'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { paymentSecret } from '#gateways/paymentSecret'
import { type Loopback, loopback, tools } from './support.ts'

const secretId = 'faregate-test/payments'
const sealKey = 'canary-seal-key-0123456789-0123456789'
const stripe = { secretKey: 'sk_test_canary_stripe', webhookSecrets: ['whsec_canary'] }
const full = {
  sealKey,
  paystack: { secretKey: 'sk_test_canary_paystack' },
  razorpay: { keyId: 'rzp_test_KEYID0000001', keySecret: 'canary-razorpay', webhookSecrets: ['canary-webhook'] },
  stripe,
}

/** What Secrets Manager answers next: a secret's members, or a status and a body as they go over the wire. */
let next: { status: number; body: Record<string, unknown> | string }
const holds = (SecretString: unknown) => {
  next = {
    status: 200,
    body: {
      Name: secretId,
      SecretString: typeof SecretString === 'string' ? SecretString : JSON.stringify(SecretString),
    },
  }
}
const fails = (status: number, body: Record<string, unknown> | string) => {
  next = { status, body }
}

let server: Loopback
let nowMs = 0
let failures: unknown[] = []

beforeAll(async () => {
  server = await loopback((_request, response) => {
    response.writeHead(next.status, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(typeof next.body === 'string' ? next.body : JSON.stringify(next.body))
  })
  vi.stubEnv('AWS_REGION', 'eu-west-1')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'id')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'canary-of-the-role')
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await server.close()
})
beforeEach(() => {
  nowMs = 1_000_000
  failures = []
})
afterEach(() => {
  server.seen.length = 0
})

const opened = (env: Record<string, string> = {}) =>
  paymentSecret({
    ...tools(),
    env: { PAYMENT_SECRET_ID: secretId, SECRETS_ENDPOINT: server.url, ...env },
    now: () => nowMs,
    onFailure: (error) => failures.push(error),
  })

/** The message of the error that a call ends with. */
const refusal = (call: () => Promise<unknown>): Promise<string> =>
  call().then(
    () => {
      throw new Error('it was not refused')
    },
    (error: unknown) => String(error),
  )

const minutes = (count: number) => count * 60_000

describe('the payment secret', () => {
  it('is asked for by its name, by one signed call', async () => {
    holds(full)
    await opened()()
    expect(server.seen).toHaveLength(1)
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      headers: {
        'x-amz-target': 'secretsmanager.GetSecretValue',
        'content-type': 'application/x-amz-json-1.1',
        authorization: expect.stringContaining('/eu-west-1/secretsmanager/aws4_request'),
      },
    })
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({ SecretId: secretId })
  })

  it('turns on the providers whose keys it holds, and no other', async () => {
    holds({ sealKey, stripe, paystack: full.paystack })
    const { turnedOn, gateway } = await opened()()
    expect(turnedOn).toEqual(['paystack', 'stripe'])
    expect(gateway('stripe').provider).toBe('stripe')
    expect(() => gateway('razorpay')).toThrow(expect.objectContaining({ kind: 'misconfigured', code: 'not_turned_on' }))
  })

  it('as the stack makes it turns no provider on, and seals', async () => {
    holds({ sealKey: 'Ab3'.repeat(21) })
    const { turnedOn, seal } = await opened()()
    expect(turnedOn).toEqual([])
    expect(seal.open(seal.seal('token', 'x'), 'x')).toBe('token')
  })

  it('opens what was sealed under the key before', async () => {
    const before = 'canary-key-before-0123456789-0123456789'
    holds({ sealKey: before })
    const sealed = (await opened()()).seal.seal('token', 'x')
    holds({ sealKey, previousSealKey: before })
    const { seal } = await opened()()
    expect(seal.open(sealed, 'x')).toBe('token')
    holds({ sealKey })
    expect((await opened()()).seal.open(sealed, 'x')).toBeUndefined()
  })
})

describe('what is in memory', () => {
  it('serves for five minutes, to the millisecond', async () => {
    holds(full)
    const payments = opened()
    const first = await payments()
    nowMs += minutes(5) - 1
    expect(await payments()).toBe(first)
    expect(server.seen).toHaveLength(1)
    nowMs += 1
    await payments()
    expect(server.seen).toHaveLength(2)
  })

  it('is replaced when the secret has changed, and stays as it is when it has not', async () => {
    holds({ sealKey, stripe })
    const payments = opened()
    const first = await payments()
    nowMs += minutes(5)
    expect(await payments()).toBe(first)
    holds(full)
    nowMs += minutes(5)
    const second = await payments()
    expect(second.turnedOn).toEqual(['razorpay', 'paystack', 'stripe'])
    expect(first.turnedOn).toEqual(['stripe'])
  })

  it('comes from one read, however many call at once', async () => {
    holds(full)
    const payments = opened()
    const all = await Promise.all(Array.from({ length: 20 }, () => payments()))
    expect(new Set(all).size).toBe(1)
    expect(server.seen).toHaveLength(1)
  })

  it.each([
    ['is refused', () => fails(400, { __type: 'AccessDeniedException', message: 'no' }), 'AccessDeniedException'],
    ['finds a broken secret', () => holds('{"sealKey": "canary-'), 'not JSON'],
    ['finds a secret without its sealing key', () => holds({ stripe }), 'sealKey'],
  ])('goes on serving when a later read %s, which is told and tried again', async (_, breakIt, told) => {
    holds(full)
    const payments = opened()
    const first = await payments()
    breakIt()
    nowMs += minutes(5)
    expect(await payments()).toBe(first)
    expect(failures.map(String)).toEqual([expect.stringContaining(told)])
    expect(await payments()).toBe(first)
    expect(server.seen).toHaveLength(2)
    holds({ sealKey, stripe })
    nowMs += 30_000
    expect((await payments()).turnedOn).toEqual(['stripe'])
    expect(failures).toHaveLength(1)
  })

  it('is nothing yet: a first read that fails is an error, and the next call reads again', async () => {
    fails(400, { __type: 'ResourceNotFoundException', message: 'canary' })
    const payments = opened()
    const message = await refusal(payments)
    expect(message).toBe(
      'Error: the payment secret "faregate-test/payments" could not be read: ResourceNotFoundException',
    )
    holds(full)
    expect((await payments()).turnedOn).toHaveLength(3)
    expect(failures).toEqual([])
  })
})

describe('a secret that is not valid', () => {
  const cases: [string, unknown, string][] = [
    ['no JSON', `{"sealKey": "${sealKey}",`, 'it is not JSON'],
    ['bare text', 'canary-text-0123456789', 'it is not JSON'],
    ['a list', '["canary"]', 'the secret (invalid_type)'],
    ['no sealing key', { stripe }, 'sealKey (invalid_type)'],
    ['a sealing key of 31 characters', { sealKey: 'canary-'.padEnd(31, 'x') }, 'sealKey (too_small)'],
    ['a weak key before', { sealKey, previousSealKey: 'canary' }, 'previousSealKey (too_small)'],
    ['a misspelt provider', { sealKey, stipe: stripe }, 'the secret (stipe is not known)'],
    [
      'a misspelt member',
      { sealKey, stripe: { ...stripe, webhookSecret: 'canary' } },
      'stripe (webhookSecret is not known)',
    ],
    ['a value for a name', { sealKey, sk_live_canary0123456789: '' }, 'the secret (a member is not known)'],
    [
      'a key of the wrong form',
      { sealKey, razorpay: { ...full.razorpay, keyId: 'canary' } },
      'razorpay.keyId (invalid_format)',
    ],
    ['an empty key', { sealKey, paystack: { secretKey: '' } }, 'paystack.secretKey (too_small)'],
    [
      'plain HTTP to another machine',
      { sealKey, stripe: { ...stripe, baseUrl: 'http://canary.example' } },
      'stripe.baseUrl (invalid_format)',
    ],
  ]

  it.each(cases)('with %s is named by its fault and shows no value', async (_, secret, fault) => {
    holds(secret)
    const message = await refusal(opened())
    expect(message).toContain(`the payment secret is not valid: ${fault}`)
    expect(message).not.toMatch(/canary|sk_/)
  })

  it('of bytes is refused', async () => {
    fails(200, { Name: secretId, SecretBinary: Buffer.from('canary').toString('base64') })
    expect(await refusal(opened())).toContain('it holds bytes, not text')
  })

  it('in an answer that is no JSON shows nothing of it', async () => {
    fails(200, `<html>${sealKey}`)
    const message = await refusal(opened())
    expect(message).toContain('could not be read')
    expect(message).not.toContain('canary')
  })

  it('without a name in the environment asks nobody', async () => {
    expect(await refusal(opened({ PAYMENT_SECRET_ID: '' }))).toContain('PAYMENT_SECRET_ID is not set')
    expect(server.seen).toEqual([])
  })
})

/** What a fresh process loads: most functions never ask, and a cold start is paid by a customer who waits. */
const script = `
import { registerHooks } from 'node:module'
const loaded = []
registerHooks({ resolve(specifier, context, next) { loaded.push(specifier); return next(specifier, context) } })
const { paymentSecret } = await import('#gateways/paymentSecret')
const env = { PAYMENT_SECRET_ID: 'x', SECRETS_ENDPOINT: 'http://127.0.0.1:9' }
const payments = paymentSecret({ env, now: () => 0, wait: async () => {}, rng: () => 0 })
const before = loaded.filter((name) => name.startsWith('@aws-sdk/client-'))
await payments().catch(() => {})
const after = loaded.filter((name) => name.startsWith('@aws-sdk/client-'))
process.stdout.write(JSON.stringify({ before, after: [...new Set(after)] }))
`

describe('the Secrets Manager client', () => {
  it('is loaded by the first call that asks', () => {
    const out = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '--eval', script], {
      cwd: new URL('../..', import.meta.url),
      encoding: 'utf8',
    })
    expect(JSON.parse(out)).toEqual({ before: [], after: ['@aws-sdk/client-secrets-manager'] })
  })
})
