import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import * as z from 'zod/mini'
import { closeServer, listen } from './gateway/server.ts'
import { newUuid, realNow } from './time.ts'

/** The audience of every local token; the stack's JWT authorizer gets it as its parameter. */
export const localAudience = 'faregate-local'

const tokenBytesMax = 10_000
/** A hundred days on either side: enough for long test runs, and for tokens that have expired. */
const lifetimeSecondsMax = 100 * 24 * 3600

const tokenRequest = z.strictObject({
  sub: z.string().check(z.regex(/^[A-Za-z0-9._:|@-]{1,128}$/)),
  email: z.optional(z.string().check(z.minLength(3), z.maxLength(254))),
  expiresIn: z.optional(z.int().check(z.minimum(-lifetimeSecondsMax), z.maximum(lifetimeSecondsMax))),
})

export interface Issuer {
  url: string
  token(claims: z.infer<typeof tokenRequest>): Promise<string>
  stop(): Promise<void>
}

/**
 * A real OpenID Connect issuer for one laptop: RS256 with a key made now, discovery, JWKS, and `POST /token {sub, email?,
 * expiresIn?}` (seconds, default a day, negative for a token that has expired) → `{token}`. It believes whoever asks: local only.
 */
export async function startIssuer(port: number): Promise<Issuer> {
  const kid = newUuid()
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }] }
  let url = ''

  const token: Issuer['token'] = ({ sub, email, expiresIn = 24 * 3600 }) => {
    const now = Math.floor(realNow() / 1000)
    return new SignJWT({ ...(email === undefined ? {} : { email }), token_use: 'access' })
      .setProtectedHeader({ alg: 'RS256', kid })
      .setIssuer(url)
      .setAudience(localAudience)
      .setSubject(sub)
      .setIssuedAt(Math.min(now, now + expiresIn))
      .setExpirationTime(now + expiresIn)
      .sign(privateKey)
  }

  const answer = async (message: IncomingMessage): Promise<{ status: number; body: unknown }> => {
    const call = `${message.method} ${message.url?.split('?')[0]}`
    if (call === 'GET /.well-known/jwks.json') return { status: 200, body: jwks }
    if (call === 'GET /.well-known/openid-configuration') return { status: 200, body: discovery(url) }
    if (call !== 'POST /token') return { status: 404, body: { message: 'Not Found' } }
    const parsed = tokenRequest.safeParse(await readJson(message))
    if (!parsed.success)
      return {
        status: 400,
        body: {
          message: 'Expected {sub, email?, expiresIn?}: sub 1–128 of [A-Za-z0-9._:|@-], expiresIn whole seconds.',
        },
      }
    return { status: 200, body: { token: await token(parsed.data) } }
  }

  const server = createServer((message, response) => {
    answer(message).then(
      ({ status, body }) => reply(response, status, body),
      () => reply(response, 500, { message: 'Internal Server Error' }),
    )
  })
  url = await listen(server, port, '--port')
  return { url, token, stop: () => closeServer(server) }
}

const discovery = (url: string) => ({
  issuer: url,
  jwks_uri: `${url}/.well-known/jwks.json`,
  token_endpoint: `${url}/token`,
  response_types_supported: ['token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
})

async function readJson(message: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of message) {
    text += String(chunk)
    if (text.length > tokenBytesMax) return undefined
  }
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'access-control-allow-origin': '*' })
  response.end(JSON.stringify(body))
}
