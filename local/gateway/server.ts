import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Outcome } from '../functions/pool.ts'
import type { Functions } from '../functions/registry.ts'
import { SetupError } from '../setupError.ts'
import type { ApiModel, RouteModel } from '../template/model.ts'
import { newUuid, pause, realNow } from '../time.ts'
import { type Answer, answerOf, answers } from './answer.ts'
import { createAuthorize } from './authorize.ts'
import { preflight, withCors } from './cors.ts'
import { type GatewayRequest, proxyEvent, requestOf } from './event.ts'
import { createRouter } from './routes.ts'
import { createThrottle } from './throttle.ts'

/** API Gateway's limits: request payload, and the sum of request line and headers. */
const payloadBytesMax = 10 * 1024 * 1024
const headerBytesMax = 10_240
const keepAliveMs = 75_000

export interface Gateway {
  url: string
  stop(): Promise<void>
}

/** Serves one HTTP API of the template on 127.0.0.1. `port` 0 takes any. Throws `SetupError` when the port is taken. */
export async function startGateway(
  api: ApiModel,
  functions: Pick<Functions, 'invoke'>,
  port: number,
): Promise<Gateway> {
  const handle = createHandler(api, functions)
  const server = createServer({ maxHeaderSize: headerBytesMax }, (message, response) => {
    const request = requestOf(message, newUuid(), realNow())
    const early = preflight(api.cors, request)
    const answering = early
      ? Promise.resolve(early)
      : handle(request, () => readBody(message))
          .catch(() => answers.internal())
          .then((answer) => withCors(api.cors, request, answer))
    void answering.then((answer) => respond(message, response, answer, request))
  })
  // Longer than any pooling client keeps an idle connection, so that none is closed under a request on its way.
  server.keepAliveTimeout = keepAliveMs
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable) return
    const answer = error.code === 'HPE_HEADER_OVERFLOW' ? answers.headersTooLarge() : answers.badRequest()
    socket.end(
      `HTTP/1.1 ${answer.status} -\r\ncontent-type: application/json\r\ncontent-length: ${answer.body.length}\r\nconnection: close\r\n\r\n${answer.body.toString()}`,
    )
  })
  const url = await listen(server, port, '--port')
  return { url, stop: () => closeServer(server) }
}

/** Listens on 127.0.0.1 and gives the address. `flag` is the option to change when the port is taken. */
export function listen(server: Server, port: number, flag: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new SetupError(
              `Port ${port} is taken (perhaps by another npm start). Stop that, or choose another: npm start -- ${flag} ${port + 10}`,
            )
          : error.code === 'EACCES'
            ? new SetupError(
                `Port ${port} may not be opened by this user. Choose one above 1023: npm start -- ${flag} 4010`,
              )
            : error,
      ),
    )
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      resolve(`http://127.0.0.1:${address && typeof address === 'object' ? address.port : port}`)
    })
  })
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

type ReadBody = () => Promise<Buffer | 'too large'>

function createHandler(api: ApiModel, functions: Pick<Functions, 'invoke'>) {
  const find = createRouter(api.routes)
  const authorize = createAuthorize({ apiId: api.id, functions, nowMs: realNow })
  const usual = api.throttle ? createThrottle(api.throttle) : () => true
  const special = new Map(Object.entries(api.routeThrottles).map(([key, model]) => [key, createThrottle(model)]))

  return async (request: GatewayRequest, readBody: ReadBody): Promise<Answer> => {
    const found = find(request.method, request.path)
    if (!found) return answers.notFound()
    const pathParameters = decode(found.parameters)
    if (!pathParameters) return answers.badRequest()
    if (!(special.get(found.route.key) ?? usual)()) return answers.tooMany()

    const guard = found.route.authorizer
    const verdict = guard ? await authorize(guard, request, found.route, pathParameters) : undefined
    if (verdict && 'refused' in verdict) return verdict.refused
    const body = await readBody()
    if (body === 'too large') return answers.tooLarge()
    const event = proxyEvent(
      { ...request, body },
      { apiId: api.id, routeKey: found.route.key, pathParameters, ...(verdict ? { authorizer: verdict.context } : {}) },
    )
    return integrate(functions, found.route, event)
  }
}

/** Runs the integration within its time limit. The function itself runs on to its own, as on AWS. */
async function integrate(functions: Pick<Functions, 'invoke'>, route: RouteModel, event: unknown): Promise<Answer> {
  const late = new AbortController()
  const outcome: Outcome | undefined = await Promise.race([
    functions.invoke(route.functionName, event),
    pause(route.timeoutMs, late.signal).then(() => undefined),
  ])
  late.abort()
  if (outcome === undefined) return answers.timeout()
  if (outcome.kind === 'answer') return answerOf(outcome.result)
  // A function that runs into its own limit is a failed function, not a slow integration.
  return outcome.kind === 'stopped' ? answers.unavailable() : answers.internal()
}

function decode(parameters: Record<string, string>): Record<string, string> | undefined {
  try {
    return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, decodeURIComponent(value)]))
  } catch {
    return undefined
  }
}

async function readBody(message: IncomingMessage): Promise<Buffer | 'too large'> {
  if (Number(message.headers['content-length'] ?? 0) > payloadBytesMax) return 'too large'
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > payloadBytesMax) return 'too large'
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

function respond(message: IncomingMessage, response: ServerResponse, answer: Answer, request: GatewayRequest): void {
  // An answer before the body was read would leave its bytes in the way of the next request on this connection.
  if (!message.complete) response.setHeader('connection', 'close')
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value)
  if (answer.cookies.length > 0) response.setHeader('set-cookie', answer.cookies)
  response.setHeader('apigw-requestid', request.requestId)
  if (answer.status !== 204) response.setHeader('content-length', answer.body.length)
  response.writeHead(answer.status)
  response.end(request.method === 'HEAD' || answer.status === 204 ? undefined : answer.body)
}
