import { createHmac, createPublicKey } from 'node:crypto'
import { createServer, request } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createJwtAuthorizer } from '#local/gateway/jwtAuthorizer'
import { localAudience } from '#local/issuer'
import { type Fixture, startFixture } from './support.ts'

let fixture: Fixture
beforeAll(async () => {
  fixture = await startFixture()
})
afterAll(() => fixture.stop())

const ask = async (path: string, init: RequestInit = {}) => {
  const answer = await fetch(fixture.stack.apiUrl + path, init)
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, text }
}
const json = async (path: string, init?: RequestInit) => JSON.parse((await ask(path, init)).text)

describe('the event of payload format 2.0', () => {
  it('carries path, query, cookies, headers and body', async () => {
    const event = await json('/things/a%20b%2Fc?x=1&x=2&y=%2B', {
      method: 'POST',
      headers: { cookie: 'a=1; b=2', 'X-Upper': 'Kept', 'content-type': 'application/json; charset=utf-8' },
      body: '{"ä":1}',
    })
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'POST /things/{id}',
      rawPath: '/things/a%20b%2Fc',
      rawQueryString: 'x=1&x=2&y=%2B',
      cookies: ['a=1', 'b=2'],
      headers: { 'x-upper': 'Kept' },
      queryStringParameters: { x: '1,2', y: '+' },
      pathParameters: { id: 'a b/c' },
      body: '{"ä":1}',
      isBase64Encoded: false,
      requestContext: {
        http: { method: 'POST', sourceIp: '127.0.0.1' },
        stage: '$default',
        timeEpoch: expect.any(Number),
      },
    })
    expect(event.headers).not.toHaveProperty('cookie')
  })

  it.each([
    ['application/octet-stream', Buffer.from([0, 255]), 'AP8=', true],
    ['application/x-www-form-urlencoded', Buffer.from('a=1'), 'YT0x', true],
    ['application/cloudevents+json', Buffer.from('{}'), '{}', false],
    ['application/json', Buffer.from([0x22, 0xff]), 'Iv8=', true],
  ])('%s %# crosses without loss', async (type, body, expected, isBase64Encoded) => {
    const event = await json('/things/1', { method: 'POST', headers: { 'content-type': type }, body })
    expect(event).toMatchObject({ body: expected, isBase64Encoded })
  })

  it('joins repeated headers by a comma', async () => {
    const event = await new Promise<{ headers: Record<string, string> }>((resolve, reject) => {
      const call = request(
        `${fixture.stack.apiUrl}/things/1`,
        { headers: { 'x-many': ['1', '2'] } },
        (answer) => void textOf(answer).then((text) => resolve(JSON.parse(text)), reject),
      )
      call.on('error', reject).end()
    })
    expect(event.headers['x-many']).toBe('1,2')
  })
})

describe('routes', () => {
  it.each([
    ['GET', '/things/first', 201, ''],
    ['GET', '/things/second', 200, 'GET /things/{id}'],
    ['DELETE', '/files/a/b/c', 200, 'ANY /files/{proxy+}'],
  ])('%s %s takes the most specific', async (method, path, status, routeKey) => {
    const answer = await ask(path, { method })
    expect(answer.status).toBe(status)
    if (routeKey) expect(JSON.parse(answer.text).routeKey).toBe(routeKey)
  })
})

describe('a structured result', () => {
  it('sets status, headers and cookies', async () => {
    const answer = await ask('/things/first')
    expect(answer.headers.get('x-made-by')).toBe('fixture-Show')
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(JSON.parse(answer.text)).toEqual({ env: 'deep-blue', memory: '256', left: true })
  })

  it('decodes a binary body', async () => {
    const answer = await fetch(`${fixture.stack.apiUrl}/binary`, {
      method: 'POST',
      body: Buffer.from([1, 2, 255]),
      headers: { 'content-type': 'image/png' },
    })
    expect([...new Uint8Array(await answer.arrayBuffer())]).toEqual([1, 2, 255])
  })
})

describe('what the gateway answers by itself', () => {
  const cases: [string, string, RequestInit, number, string][] = [
    ['an unknown path', '/nope', {}, 404, 'Not Found'],
    ['an unknown method', '/things/1', { method: 'DELETE' }, 404, 'Not Found'],
    ['an empty parameter', '/things/', {}, 404, 'Not Found'],
    ['a path that does not decode', '/things/%zz', {}, 400, 'Bad Request'],
    [
      'a body above 10 MB',
      '/things/1',
      { method: 'POST', body: Buffer.alloc(10 * 1024 * 1024 + 1) },
      413,
      'Request Entity Too Large',
    ],
    [
      'headers above 10 KB',
      '/things/1',
      { headers: { 'x-long': 'a'.repeat(11_000) } },
      431,
      'Request Header Fields Too Large',
    ],
    ['a function that throws', '/broken?how=throw', {}, 500, 'Internal Server Error'],
    ['a function that exits', '/broken?how=exit', {}, 500, 'Internal Server Error'],
    ['a function that runs out of time', '/broken?how=hang', {}, 500, 'Internal Server Error'],
    ['a function that never yields', '/broken?how=spin', {}, 500, 'Internal Server Error'],
    ['a malformed result', '/broken?how=malformed', {}, 500, 'Internal Server Error'],
    ['an integration above its limit', '/slow?how=hang', {}, 504, 'Endpoint request timed out'],
  ]
  it.each(cases)('%s', async (_, path, init, status, message) => {
    const answer = await ask(path, init)
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.text)).toEqual({ message })
  })

  it('a function that crashed serves the next request', async () => {
    await ask('/broken?how=exit')
    expect(await ask('/broken')).toMatchObject({ status: 200, text: 'fine' })
  })

  it('429 beyond the burst of the route’s throttle', async () => {
    const answers = [await ask('/throttled'), await ask('/throttled'), await ask('/throttled')]
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 429])
    expect(JSON.parse(answers[2]?.text ?? '')).toEqual({ message: 'Too Many Requests' })
  })
})

describe('CORS', () => {
  const preflight = (origin: string) =>
    ask('/me', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } })

  it('answers a preflight of an allowed origin without a route or a token', async () => {
    const { status, headers } = await preflight('https://app.example')
    expect(status).toBe(204)
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(headers.get('access-control-allow-methods')).toBe('GET,POST')
    expect(headers.get('access-control-max-age')).toBe('600')
  })

  it('gives another origin nothing', async () => {
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull()
    const own = await ask('/things/1', { headers: { origin: 'https://app.example' } })
    expect(own.headers.get('access-control-allow-origin')).toBe('https://app.example')
  })
})

describe('the JWT authorizer', () => {
  const seconds = () => Math.floor(Date.parse(new Date().toISOString()) / 1000)
  const claims = () => ({ iss: fixture.stack.authUrl, aud: localAudience, sub: 'ann', exp: seconds() + 60 })
  const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const issuerKey = async () => {
    const jwks = (await (await fetch(`${fixture.stack.authUrl}/.well-known/jwks.json`)).json()) as {
      keys: [{ kid: string; n: string; e: string; kty: string }]
    }
    return jwks.keys[0]
  }
  const withHs256 = async () => {
    const jwk = await issuerKey()
    const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
    const signed = `${base64({ alg: 'HS256', kid: jwk.kid })}.${base64(claims())}`
    return `${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}`
  }
  const withOwnKey = async (kid?: string) => {
    const { privateKey } = await generateKeyPair('RS256')
    return new SignJWT(claims())
      .setProtectedHeader({ alg: 'RS256', kid: kid ?? (await issuerKey()).kid })
      .sign(privateKey)
  }
  const tampered = async (change: Record<string, unknown>) => {
    const [head = '', body = '', signature = ''] = (await fixture.stack.token({ sub: 'ann' })).split('.')
    return `${head}.${base64({ ...JSON.parse(Buffer.from(body, 'base64url').toString()), ...change })}.${signature}`
  }

  const refused: [string, () => Promise<string | undefined>][] = [
    ['no token', async () => undefined],
    ['no JWT', async () => 'nonsense'],
    ['alg none', async () => `${base64({ alg: 'none' })}.${base64(claims())}.`],
    ['HS256 with the public key', withHs256],
    ['an expired token', () => fixture.stack.token({ sub: 'ann', expiresIn: -1 })],
    ['an unknown key id', () => withOwnKey('unknown')],
    ['another key under a known id', () => withOwnKey()],
    ['a changed subject', () => tampered({ sub: 'bob' })],
    ['a changed audience', () => tampered({ aud: 'other' })],
    ['a changed issuer', () => tampered({ iss: 'https://evil.example' })],
  ]
  it.each(refused)('401 for %s', async (_, token) => {
    const value = await token()
    const answer = await ask('/me', value === undefined ? {} : { headers: { authorization: `Bearer ${value}` } })
    expect(answer.status).toBe(401)
    expect(JSON.parse(answer.text)).toEqual({ message: 'Unauthorized' })
  })

  it('lets a token of the issuer in, with or without the word Bearer, and hands its claims on as text', async () => {
    const token = await fixture.stack.token({ sub: 'ann', email: 'ann@example.com' })
    const event = await json('/me', { headers: { authorization: token } })
    expect(event.requestContext.authorizer.jwt.claims).toMatchObject({
      sub: 'ann',
      email: 'ann@example.com',
      exp: expect.stringMatching(/^\d+$/),
    })
    expect((await ask('/me', { headers: { authorization: `bearer ${token}` } })).status).toBe(200)
  })

  it('403 for a token without the route’s scope', async () => {
    const token = await fixture.stack.token({ sub: 'ann' })
    const answer = await ask('/scoped', { headers: { authorization: `Bearer ${token}` } })
    expect([answer.status, answer.text]).toEqual([403, '{"message":"Forbidden"}'])
  })

  it.each([
    ['no exp', {}],
    ['another audience', { aud: 'other', exp: 4_000_000_000 }],
    ['not yet valid', { aud: 'faregate-local', exp: 4_000_000_000, nbf: 3_900_000_000 }],
    ['issued in the future', { aud: 'faregate-local', exp: 4_000_000_000, iat: 3_900_000_000 }],
    ['no audience', { exp: 4_000_000_000 }],
  ])('401 for a properly signed token with %s', async (_, body) => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256' }] }
    const server = createServer((message, response) =>
      response.end(
        JSON.stringify(message.url?.includes('jwks') ? jwks : { jwks_uri: `http://${message.headers.host}/jwks` }),
      ),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (!address || typeof address === 'string') throw new Error('no port')
    const issuer = `http://127.0.0.1:${address.port}`
    const verdict = async (payload: Record<string, unknown>) => {
      const token = await new SignJWT({ iss: issuer, sub: 'ann', ...payload })
        .setProtectedHeader({ alg: 'RS256', kid: 'k' })
        .sign(privateKey)
      const model = {
        kind: 'jwt' as const,
        id: 'a',
        issuer,
        audiences: ['faregate-local'],
        identitySource: '$request.header.Authorization',
        scopes: [],
      }
      const call = {
        method: 'GET',
        path: '/',
        query: '',
        headers: { authorization: token },
        cookies: [],
        body: Buffer.alloc(0),
        sourceIp: '',
        requestId: '',
        timeEpochMs: seconds() * 1000,
      }
      return createJwtAuthorizer()(model, call, { key: 'GET /', functionName: 'f', timeoutMs: 1 }, {})
    }
    expect(await verdict(body)).toMatchObject({ refused: { status: 401 } })
    expect(await verdict({ aud: 'faregate-local', exp: 4_000_000_000 })).toHaveProperty('context')
    await new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
  })
})

describe('the Lambda authorizer', () => {
  it.each([
    ['missing identity source', undefined, 401, 'Unauthorized'],
    ['refused key', 'bad', 403, 'Forbidden'],
    ['authorizer that fails', 'crash', 500, 'Internal Server Error'],
  ])('%s', async (_, key, status, message) => {
    const answer = await ask('/keyed', key === undefined ? {} : { headers: { authorization: key } })
    expect([answer.status, JSON.parse(answer.text)]).toEqual([status, { message }])
  })

  it('hands the context on and keeps the verdict for its time to live', async () => {
    const first = await json('/keyed', { headers: { authorization: 'good' } })
    const second = await json('/keyed', { headers: { authorization: 'good' } })
    expect(first.requestContext.authorizer.lambda).toMatchObject({ keyId: 'key_1', type: 'REQUEST' })
    expect(second.requestContext.authorizer.lambda).toEqual(first.requestContext.authorizer.lambda)
  })
})

describe('the issuer', () => {
  const post = (body: string) => fetch(`${fixture.stack.authUrl}/token`, { method: 'POST', body })
  it.each([
    '{}',
    'x',
    '{"sub":""}',
    '{"sub":"a b"}',
    '{"sub":"a","expiresIn":1e9}',
    '{"sub":"a","expiresIn":0.5}',
    '{"sub":"a","role":"ADMIN"}',
  ])('400 for %s', async (body) => {
    expect((await post(body)).status).toBe(400)
  })
  it('answers a token that opens the API', async () => {
    const { token } = (await (await post('{"sub":"ann"}')).json()) as { token: string }
    expect((await ask('/me', { headers: { authorization: `Bearer ${token}` } })).status).toBe(200)
  })
})

async function textOf(answer: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of answer) text += String(chunk)
  return text
}
