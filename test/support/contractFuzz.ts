import fc from 'fast-check'
import { codes, isErrorCode } from '#errors/codes'
import type { OpenapiDocument, OpenapiOperation } from '#operations/openapi/document'
import type { JsonSchema } from '#operations/openapi/schema'
import { arbitraryOf, type Realistic } from './contractArbitrary.ts'
import { invalidParameters, invalidValues } from './contractInvalid.ts'
import { ContractSchemas } from './contractSchemas.ts'

/** A request as the document describes it. `body` is JSON text. */
export interface ContractRequest {
  path: string
  method: string
  operation: OpenapiOperation
  identity: ContractIdentity
  params: Record<string, string>
  query: Record<string, string>
  contentType?: string
  body?: string
}

/** `otherKind`: the proof of another kind of caller; `powerless`: genuine, but without the scope or role. */
export type ContractIdentity = 'right' | 'none' | 'otherKind' | 'endless' | 'powerless'

export interface ContractAnswer {
  statusCode: number
  headers: Record<string, string>
  body: string
}

/** One thing that the document promises and the answer does not keep. */
export interface Finding {
  operationId: string
  kind: FindingKind
  detail: string
}
export type FindingKind =
  | 'server error'
  | 'undocumented status'
  | 'undocumented content type'
  | 'answer breaks its schema'
  | 'problem breaks RFC 9457'
  | 'invalid input accepted'
  | 'valid input refused'
  | 'wrong identity accepted'

interface Case {
  request: ContractRequest
  expect: 'valid' | 'invalid' | 401 | 403
}

export interface FuzzOptions {
  document: OpenapiDocument
  ask: (request: ContractRequest) => Promise<ContractAnswer>
  /** By member name, or `<operation id> <member>`; `<operation id> body` stands for a whole body. */
  realistic: Realistic
  /** Refusals by another rule than the schema's (one between members, a signature), by operation: patterns of the problem. */
  refusals?: Record<string, RegExp>
  seed: number
  /** Valid requests an operation, and as many invalid ones of each place. */
  runs: number
}

/** Asks every operation of a document in random order, and says what is not as documented. */
export async function fuzz(options: FuzzOptions): Promise<{ findings: Finding[]; requests: number }> {
  const schemas = new ContractSchemas(options.document)
  const cases = Object.entries(options.document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) =>
      casesOf({ path, method: method.toUpperCase(), operation }, schemas, options),
    ),
  )
  const [order = []] = fc.sample(fc.shuffledSubarray(cases, { minLength: cases.length }), {
    numRuns: 1,
    seed: options.seed,
  })
  const findings: Finding[] = []
  for (const one of order) {
    const answer = await options.ask(one.request)
    findings.push(...faultsOf(one, answer, schemas, options.refusals))
  }
  return { findings, requests: order.length }
}

type Target = Pick<ContractRequest, 'path' | 'method' | 'operation'>

function casesOf(target: Target, schemas: ContractSchemas, { seed, runs, ...options }: FuzzOptions): Case[] {
  const { operation } = target
  const realistic = realisticFor(String(operation['x-operation']), options.realistic)
  const parameters = ((operation.parameters ?? []) as JsonSchema[]).map((one) => schemas.resolve(one))
  const content = Object.entries(
    ((operation.requestBody ?? { content: {} }) as { content: Record<string, { schema: JsonSchema }> }).content,
  )
  const sample = <Value>(arbitrary: fc.Arbitrary<Value>, more: number): Value[] =>
    fc.sample(arbitrary, { numRuns: runs, seed: seed + more })
  const place = (where: string) => parameters.filter((one) => one.in === where)
  const record = (where: string) =>
    fc.record(
      Object.fromEntries(
        place(where).map((one) => [
          String(one.name),
          arbitraryOf(one.schema as JsonSchema, realistic, String(one.name)),
        ]),
      ),
      {
        requiredKeys: place(where)
          .filter((one) => one.required === true)
          .map((one) => String(one.name)),
        noNullPrototype: true,
      },
    ) as fc.Arbitrary<Record<string, string>>
  const paths = sample(record('path'), 1)
  const queries = sample(record('query'), 2)
  const bodies = content.map(([contentType, { schema }], index) => ({
    contentType,
    schema,
    values: sample(realistic.body ?? arbitraryOf(schema, realistic), 3 + index),
  }))
  const valid: ContractRequest[] = Array.from({ length: runs }, (_, index) => {
    const form = bodies[index % Math.max(1, bodies.length)]
    return {
      ...target,
      identity: 'right',
      params: paths[index] ?? {},
      query: queries[index] ?? {},
      ...(form && { contentType: form.contentType, body: JSON.stringify(form.values[index]) }),
    }
  })
  const [first] = valid
  if (!first) throw new Error('The fuzzer needs at least one run')
  const badBodies = bodies.flatMap(({ contentType, schema, values }) =>
    invalidValues(schema, values, schemas).map((value) => ({ ...first, contentType, body: JSON.stringify(value) })),
  )
  const badJson = bodies.map(({ contentType }) => ({ ...first, contentType, body: '{"amount": 1,}' }))
  const badParams = invalidParameters(place('path'), first.params, schemas).map((params) => ({ ...first, params }))
  const badQueries = invalidParameters(place('query'), first.query, schemas, { unknown: true }).map((query) => ({
    ...first,
    query,
  }))
  return [
    ...valid.map((request) => ({ request, expect: 'valid' as const })),
    ...[...badBodies, ...badJson, ...badParams, ...badQueries].map((request) => ({
      request,
      expect: 'invalid' as const,
    })),
    ...identitiesOf(operation).map(([identity, expect]) => ({ request: { ...first, identity }, expect })),
  ]
}

/** With the operation's own values in front of those for everybody. */
function realisticFor(operation: string, { body: _none, ...realistic }: Realistic): Realistic {
  const own = Object.entries(realistic).filter(([name]) => name.startsWith(`${operation} `))
  return {
    ...realistic,
    ...Object.fromEntries(own.map(([name, values]) => [name.slice(operation.length + 1), values])),
  }
}

/** Who must not get in, and how they are turned away. */
function identitiesOf(operation: OpenapiOperation): [ContractIdentity, 401 | 403][] {
  const schemes = ((operation.security ?? []) as object[]).flatMap((scheme) => Object.keys(scheme))
  if (schemes.length === 0) return []
  const common: [ContractIdentity, 401 | 403][] = [
    ['none', 401],
    ['otherKind', 401],
  ]
  if (schemes.includes('apiKey')) return [...common, ['powerless', 403]]
  return schemes.includes('staffToken')
    ? [...common, ['endless', 401], ['powerless', 403]]
    : [...common, ['endless', 401]]
}

const neverForValidInput = new Set([
  'validation_failed',
  'unauthenticated',
  'forbidden',
  'payload_too_large',
  'unsupported_media_type',
])

function faultsOf(
  { request, expect }: Case,
  answer: ContractAnswer,
  schemas: ContractSchemas,
  refusals: Record<string, RegExp> = {},
): Finding[] {
  const { operationId } = request.operation
  const asked = `${request.method} ${request.path} ${JSON.stringify({ ...request.params, ...request.query })}`
  const shown = `${asked} → ${answer.statusCode} ${answer.body.slice(0, 500)} ← ${(request.body ?? '').slice(0, 500)}`
  const finding = (kind: FindingKind, more = ''): Finding => ({ operationId, kind, detail: `${more} ${shown}`.trim() })
  const found: Finding[] = []
  if (answer.statusCode >= 500) found.push(finding('server error'))
  const code = codeOf(answer)
  const allowed = refusals[String(request.operation['x-operation'])]?.test(answer.body) ?? false
  if (expect === 'valid' && neverForValidInput.has(code) && !allowed) found.push(finding('valid input refused'))
  if (expect === 'invalid' && code !== 'validation_failed' && !allowed) found.push(finding('invalid input accepted'))
  if (typeof expect === 'number' && answer.statusCode !== expect)
    found.push(finding('wrong identity accepted', `as "${request.identity}":`))
  return [...found, ...shapeFaults(request, answer, schemas, finding)]
}

function shapeFaults(
  { operation, identity }: ContractRequest,
  answer: ContractAnswer,
  schemas: ContractSchemas,
  finding: (kind: FindingKind, more?: string) => Finding,
): Finding[] {
  const declared = (operation.responses as Record<string, JsonSchema>)[String(answer.statusCode)]
  if (!declared) return [finding('undocumented status')]
  const content = (schemas.resolve(declared).content ?? {}) as Record<string, { schema: JsonSchema }>
  const type = (answer.headers['content-type'] ?? '').split(';')[0] ?? ''
  if (Object.keys(content).length === 0)
    return answer.body === '' ? [] : [finding('undocumented content type', 'a body where none is')]
  const form = content[type]
  if (!form) return [finding('undocumented content type', type)]
  const value = type.endsWith('json') ? JSON.parse(answer.body) : answer.body
  const fault = schemas.fault(form.schema, value)
  const problem = type === 'application/problem+json' ? problemFault(answer, value) : undefined
  return [
    ...(fault ? [finding('answer breaks its schema', fault)] : []),
    ...(problem ? [finding('problem breaks RFC 9457', `as "${identity}": ${problem}`)] : []),
    ...(answer.headers['x-request-id'] ? [] : [finding('answer breaks its schema', 'no X-Request-Id')]),
  ]
}

/** What the schema alone does not say: the members agree with each other, with the status line and with the registry. */
function problemFault(answer: ContractAnswer, problem: Record<string, unknown>): string | undefined {
  const { type, title, status, code, requestId } = problem
  if (status !== answer.statusCode) return `status ${status} in a ${answer.statusCode}`
  if (typeof code !== 'string' || !isErrorCode(code)) return `unknown code ${code}`
  if (codes[code].status !== status || codes[code].title !== title) return 'status or title are not the registry’s'
  if (type !== `/docs/errors/${code}`) return `type ${type}`
  return requestId === answer.headers['x-request-id'] ? undefined : 'requestId is not the header’s'
}

/** Of a problem; empty for anything else. */
function codeOf({ headers, body }: ContractAnswer): string {
  if (!(headers['content-type'] ?? '').includes('problem')) return ''
  const { code } = JSON.parse(body) as { code?: unknown }
  return typeof code === 'string' ? code : ''
}
