import { afterAll, describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { answerOf } from '#local/gateway/answer'
import { type HttpOperation, http } from '#operations/definition'
import { openapiDocument } from '#operations/openapi/document'
import { handleHttp } from '#runtime/http'
import type { Run } from '#runtime/run'
import { eventOf, invoke, testDeps } from '#test/support/deps'
import { lintOpenapi } from '#test/support/openapiLint'

const deps = await testDeps()
afterAll(() => deps.stop())

const common = {
  summary: 'For a test.',
  ifItFails: 'A test fails.',
  success: 200 as const,
  idempotency: 'natural' as const,
  errors: [],
  grants: { table: 'none' as const },
}
const download = http({
  ...common,
  id: 'download',
  area: 'payments',
  routes: ['GET /v1/me/invoices/{invoiceId}/pdf'],
  params: z.strictObject({ invoiceId: z.string().check(z.maxLength(40)) }),
  output: z.instanceof(Uint8Array),
  outputType: 'application/pdf',
})
const sheet = http({
  ...common,
  id: 'sheet',
  area: 'payments',
  routes: ['GET /v1/me/payments.csv'],
  output: z.string().check(z.maxLength(100)),
  outputType: 'text/csv; charset=utf-8',
})
const receive = http({
  ...common,
  id: 'receive',
  area: 'webhooks',
  routes: ['POST /v1/webhooks/{provider}'],
  params: z.strictObject({ provider: z.enum(['stripe']) }),
  takesRaw: true,
  output: z.object({ bytes: z.int() }),
  errors: ['invalid_signature'],
})
const buy = http({
  ...common,
  id: 'buy',
  area: 'purchases',
  routes: ['POST /v1/me/buy', 'POST /v1/visitor/buy', 'POST /v1/accounts/{accountId}/buy'],
  scope: 'payments:write',
  body: z.strictObject({ item: z.string().check(z.maxLength(40)) }),
  output: z.object({ account: z.string() }),
  errors: ['provider_unavailable'],
})
const runBuy: Run<typeof buy> = async ({ accountId }) => ({ account: accountId })

/** Not text in any encoding: a body that was once a string would differ. */
const bytes = new Uint8Array(Array.from({ length: 512 }, (_, index) => index % 256))

describe('an answer of bytes', () => {
  const params = { invoiceId: 'inv_1' }

  it('leaves as base64 that says so', async () => {
    const response = await handleHttp(download, async () => bytes, deps, eventOf(download, { params }))
    expect(response).toMatchObject({ statusCode: 200, isBase64Encoded: true })
    expect(response.headers['content-type']).toBe('application/pdf')
    expect(response.body).toBe(Buffer.from(bytes).toString('base64'))
  })

  it('is its own part of a larger buffer, and no more', async () => {
    const part = bytes.subarray(100, 200)
    expect((await invoke(download, async () => part, deps, { params })).body).toEqual(new Uint8Array(part))
  })

  it('reaches the client of the local gateway byte by byte', async () => {
    const response = await handleHttp(download, async () => bytes, deps, eventOf(download, { params }))
    const { body, headers } = answerOf(JSON.parse(JSON.stringify(response)))
    expect([...body]).toEqual([...bytes])
    expect(headers['content-type']).toBe('application/pdf')
  })

  it('that is something else is a defect and not sent', async () => {
    const anything: HttpOperation = download
    const { status, code } = await invoke(anything, async () => 'text', deps, { params, expectDefect: true })
    expect({ status, code }).toEqual({ status: 500, code: 'internal' })
  })

  it('is told apart from text and JSON, which leave as they are', async () => {
    const text = await handleHttp(sheet, async () => 'a,b\r\n₹,2\r\n', deps, eventOf(sheet, {}))
    expect(text).toMatchObject({ body: 'a,b\r\n₹,2\r\n' })
    expect(text).not.toHaveProperty('isBase64Encoded')
    const json = await handleHttp(buy, runBuy, deps, eventOf(buy, { body: { item: 'x' } }))
    expect(json).toMatchObject({ body: '{"account":"acc"}' })
    expect(json).not.toHaveProperty('isBase64Encoded')
  })
})

describe('a visitor', () => {
  it('is the account of the session', async () => {
    const { body } = await invoke(buy, runBuy, deps, { as: 'visitor', account: 'anon_v1', body: { item: 'x' } })
    expect(body).toEqual({ account: 'anon_v1' })
  })
})

describe('the OpenAPI document', () => {
  const operations: HttpOperation[] = [download, sheet, receive, buy]
  const document = openapiDocument(operations)
  const at = (path: string, method: string) => {
    const operation = document.paths[path]?.[method]
    if (!operation) throw new Error(`the document has no ${method} ${path}`)
    return operation
  }

  it('says that an answer is bytes, or text of another type', () => {
    expect(at('/v1/me/invoices/{invoiceId}/pdf', 'get')).toHaveProperty('responses.200.content', {
      'application/pdf': { schema: { type: 'string', format: 'binary' } },
    })
    expect(at('/v1/me/payments.csv', 'get')).toHaveProperty('responses.200.content', {
      'text/csv': { schema: { type: 'string', maxLength: 100 } },
    })
  })

  it('takes any event of a provider, without a quota or an idempotency key', () => {
    const operation = at('/v1/webhooks/{provider}', 'post')
    expect(operation).toHaveProperty('requestBody.content', { 'application/json': { schema: { type: 'object' } } })
    expect(operation).toHaveProperty('requestBody.description', expect.stringContaining('event'))
    expect(operation.security).toEqual([])
    expect(operation.tags).toEqual(['webhooks'])
    expect(JSON.stringify(operation.parameters)).not.toContain('Idempotency-Key')
    expect(Object.keys(Object(Object(operation.responses)['200'].headers))).toEqual(['X-Request-Id'])
  })

  it('names a visitor’s route and its session token', () => {
    const operation = at('/v1/visitor/buy', 'post')
    expect(operation).toMatchObject({ operationId: 'buy_visitor', security: [{ visitorToken: [] }] })
    expect(operation).not.toHaveProperty('x-scope')
    expect(at('/v1/me/buy', 'post').operationId).toBe('buy_me')
    expect(at('/v1/accounts/{accountId}/buy', 'post').operationId).toBe('buy')
    expect(document.components.securitySchemes?.visitorToken).toMatchObject({ type: 'http', scheme: 'bearer' })
    expect(Object.keys(Object(Object(operation.responses)['200'].headers))).toContain('RateLimit')
  })

  it('says when to come back to a provider that does not answer', () => {
    const name = Object.keys(document.components.responses ?? {}).find((one) => one.includes('provider_unavailable'))
    expect(document.components.responses?.[name ?? '']).toHaveProperty('headers.Retry-After')
  })

  it('describes the areas it has', () => {
    expect(document.tags.map((tag) => tag.name)).toEqual(['payments', 'purchases', 'webhooks'])
    for (const { description } of document.tags) expect(description.length).toBeGreaterThan(10)
  })

  it('is one that a linter has nothing to say about', async () => {
    const remarks = await lintOpenapi(JSON.stringify(document))
    // Some components are for operations that are not among these.
    expect(remarks.filter((remark) => !remark.startsWith('warn no-unused-components'))).toEqual([])
  })
})
