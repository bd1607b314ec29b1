import * as z from 'zod/mini'
import { codes } from '#errors/codes'
import { callerOf, errorsOf, type HttpOperation, type Operation } from '#operations/definition'
import { isCode, type Source } from './sources.ts'

/** A rule over all operations and the files that belong to them. */
export type OperationRule = (operations: readonly Operation[], sources: readonly Source[]) => string[]

const mostRoutes = 280
const httpOf = (operations: readonly Operation[]): HttpOperation[] => operations.filter((one) => one.kind === 'http')

/**
 * Tests that prove several operations by one table, because those have no rules of their own beyond what the table says.
 * Value: the operations.
 */
const provedByTable: Record<string, readonly string[]> = {}

const filesOf = ({ area, id }: Operation) => ({
  function: `functions/${area}/${id}.ts`,
  test: `test/functions/${area}/${id}.test.ts`,
  event: `events/${area}-${id}.json`,
})

/** Definition, function, test, sample event, and a section of the runbook. */
export const operationsAreWhole: OperationRule = (operations, sources) => {
  const paths = new Set(sources.map(({ path }) => path))
  const runbook = sources.find(({ path }) => path === 'docs/runbook.md')?.text ?? ''
  return operations.flatMap((operation) => {
    const files = filesOf(operation)
    const table = Object.entries(provedByTable).find(([, ids]) => ids.includes(operation.id))?.[0]
    return [
      ...(paths.has(files.function) ? [] : [`${operation.id} has no function (${files.function})`]),
      ...(paths.has(table ?? files.test) ? [] : [`${operation.id} has no test (${table ?? files.test})`]),
      ...(paths.has(files.event) ? [] : [`${operation.id} has no sample event (${files.event})`]),
      ...(runbook.includes(`### ${operation.id}\n`) ? [] : [`${operation.id} is not in docs/runbook.md`]),
    ]
  })
}

/** No function or event without a definition. */
export const nothingIsOrphaned: OperationRule = (operations, sources) => {
  const wanted = new Set(operations.flatMap((operation) => Object.values(filesOf(operation))))
  return sources
    .filter(({ path }) => /^(functions|events)\//.test(path) && !wanted.has(path))
    .map(({ path }) => `${path} belongs to no operation`)
}

/** `verbNoun`; a bare verb where the verb is the whole product. */
export const idsAreVerbNoun: OperationRule = (operations) =>
  operations
    .filter(({ id }) => id !== 'check' && !/^[a-z]+([A-Z][a-z]+)+$/.test(id))
    .map(({ id }) => `${id} is not verbNoun`)

const isSentence = (text: string): boolean => /^\p{Lu}.{10,200}[.?]$/su.test(text)

export const lossesAreSentences: OperationRule = (operations) =>
  operations.flatMap(({ id, summary, ifItFails }) => [
    ...(isSentence(ifItFails) && ifItFails.includes(' ') ? [] : [`${id}: ifItFails is not a sentence: "${ifItFails}"`]),
    ...(isSentence(summary) ? [] : [`${id}: summary is not a sentence: "${summary}"`]),
  ])

export const routesAreFew: OperationRule = (operations) => {
  const routes = httpOf(operations).flatMap((operation) => operation.routes)
  const shape = (route: string) => route.replaceAll(/\{\w+\}/g, '{}')
  const twice = routes.filter((route, index) => routes.findIndex((other) => shape(other) === shape(route)) !== index)
  return [
    ...(routes.length > mostRoutes ? [`${routes.length} routes of ${mostRoutes}`] : []),
    ...twice.map((route) => `${route} stands twice`),
  ]
}

export const postsAreIdempotent: OperationRule = (operations) =>
  httpOf(operations)
    .filter(({ idempotency }) => idempotency === 'natural')
    // Who calls is not known on a public route, and a key that anybody may repeat must not answer what another was given.
    .filter(({ routes }) => routes.some((route) => route.startsWith('POST ') && callerOf(route) !== 'public'))
    .map(({ id }) => `${id} is a POST without a guard or a stored answer`)

/** What changes nothing needs no write, whatever is asked of it. */
export const readsOnlyRead: OperationRule = (operations) =>
  httpOf(operations)
    .filter(({ routes, grants }) => routes.every((route) => route.startsWith('GET ')) && grants.table === 'readWrite')
    .map(({ id }) => `${id} is a GET that may write`)

export const scopesStandWithServers: OperationRule = (operations) =>
  httpOf(operations)
    .filter(({ routes, scope }) => routes.some((route) => callerOf(route) === 'server') !== (scope !== undefined))
    .map(({ id, scope }) => (scope ? `${id} has a scope and no server route` : `${id} has a server route and no scope`))

/** Stable codes of the API that only operations with payment providers answer: registered, so that clients can be written once. */
const withProviders = ['idempotency_in_progress', 'invalid_signature']

/** A page for each code, nothing but pages, and each code of use to somebody: named by an operation, a test or the shared rules. */
export const codesArePages: OperationRule = (operations, sources) => {
  const pages = new Set(
    sources.filter(({ path }) => path.startsWith('docs/errors/')).map(({ path }) => path.slice(12, -3)),
  )
  const declared = new Set([...httpOf(operations).flatMap(errorsOf), ...withProviders].map(String))
  const tests = sources.filter(
    (source) => isCode(source) && source.path.startsWith('test/') && !source.path.startsWith('test/house/'),
  )
  const all = Object.keys(codes)
  return [
    ...all.filter((code) => !pages.has(code)).map((code) => `${code} has no page (docs/errors/${code}.md)`),
    ...[...pages].filter((page) => !all.includes(page)).map((page) => `docs/errors/${page}.md is the page of no code`),
    ...all
      .filter((code) => !declared.has(code) && !tests.some(({ text }) => text.includes(`'${code}'`)))
      .map((code) => `${code} is declared by no operation and named by no test`),
  ]
}

const httpSample = z.object({
  routeKey: z.string(),
  rawPath: z.string(),
  pathParameters: z.optional(z.record(z.string(), z.string())),
  queryStringParameters: z.optional(z.record(z.string(), z.string())),
  body: z.optional(z.string()),
})
const queueSample = z.object({ Records: z.array(z.object({ body: z.string() })).check(z.minLength(1)) })

/** A sample that the operation would refuse teaches the wrong thing. */
export const samplesParse: OperationRule = (operations, sources) =>
  operations.flatMap((operation) => {
    const sample = sources.find(({ path }) => path === filesOf(operation).event)
    if (!sample) return []
    const fault = faultOf(operation, JSON.parse(sample.text))
    return fault ? [`${sample.path}: ${fault}`] : []
  })

function faultOf(operation: Operation, sample: unknown): string | undefined {
  if (operation.kind === 'worker') {
    const { Records } = queueSample.parse(sample)
    const bad = Records.find(({ body }) => !operation.message.safeParse(JSON.parse(body)).success)
    return bad && 'the message does not parse'
  }
  if (operation.kind !== 'http') return undefined
  const event = httpSample.parse(sample)
  if (!operation.routes.some((route) => route === event.routeKey)) return `${event.routeKey} is not its route`
  const { accountId: _account, ...params } = event.pathParameters ?? {}
  const parts: [string, z.ZodMiniType | undefined, unknown][] = [
    ['params', operation.params, params],
    ['query', operation.query, event.queryStringParameters ?? {}],
    ['body', operation.body, event.body === undefined ? undefined : JSON.parse(event.body)],
  ]
  const bad = parts.find(([, schema, value]) => schema && !schema.safeParse(value).success)
  return bad && `its ${bad[0]} do not parse`
}
