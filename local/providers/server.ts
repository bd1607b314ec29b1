import { createServer, type ServerResponse } from 'node:http'
import { closeServer, listen } from '../gateway/server.ts'
import { pause } from '../time.ts'
import { type BehaveRequest, type Behaviour, createBehaviour, type RequestRule } from './behaviour.ts'
import { type Answer, answering, type Call, createRouter, type Router, readCall } from './call.ts'
import { controlRoutes } from './control.ts'
import { createDue, type Due } from './due.ts'
import type { Fake, FakeOptions, Provider, Workshop } from './fake.ts'
import { createIds } from './ids.ts'
import { createSender, type Dispatch, type Sender } from './webhooks.ts'

/** How often a running fake looks at its clock: a quarter of a second is at once to a person. */
const pollMs = 250

export type DispatchOf = Omit<Dispatch, 'url' | 'retryDelaysMs'> & { retryDelaysMs: readonly number[] }

/** Builds a provider on a workshop and serves it on 127.0.0.1. Throws `SetupError` when the port is taken. */
export async function startFake(
  options: Omit<FakeOptions<unknown>, 'secrets'>,
  dispatch: DispatchOf,
  build: (workshop: Workshop) => Provider,
): Promise<Fake> {
  const due = createDue(options.now)
  const behaviour = createBehaviour()
  const sender = createSender(
    { ...dispatch, url: options.webhookUrl, retryDelaysMs: options.retryDelaysMs ?? dispatch.retryDelaysMs },
    due,
    behaviour,
  )
  let url = ''
  const provider = build({ ids: createIds(options.random), due, behaviour, emit: sender.emit, url: () => url })
  const handles = handlesOf(provider, { due, behaviour, sender })
  const serving: Serving = {
    due,
    behaviour,
    api: createRouter(provider.routes),
    own: createRouter(controlRoutes(provider, handles)),
  }
  const server = createServer((message, response) => {
    readCall(message)
      .then((call) => serve(provider, serving, call, response))
      .catch(() => response.destroy())
  })
  url = await listen(server, options.port ?? 0, '--port')
  const poll = setInterval(due.tick, pollMs)
  poll.unref()
  return {
    url,
    ...handles,
    stop: async () => {
      clearInterval(poll)
      sender.stop()
      await closeServer(server)
    },
  }
}

export type Handles = Omit<Fake, 'url' | 'stop'> & { replay(eventId: string): boolean }

interface Parts {
  due: Due
  behaviour: Behaviour
  sender: Sender
}

function handlesOf(provider: Provider, { due, behaviour, sender }: Parts): Handles {
  const routes = new Set(['*', ...provider.routes.map(({ route }) => route)])
  /** Due work on both sides: the clock may have moved before the call, and the call may have made work that is due now. */
  const ticking = <Result>(run: () => Result): Result => {
    due.tick()
    const result = run()
    due.tick()
    return result
  }
  return {
    pay: (request) => ticking(() => provider.pay(request)),
    visit: (request) => {
      const { visit } = provider
      if (!visit) throw new RangeError(`a visit changes nothing at ${provider.name}`)
      return ticking(() => visit(request))
    },
    behave: (request: BehaveRequest) => {
      const unknown = request.requests?.find(({ route }) => !routes.has(route))
      // A rule for a route with a typing error would never apply, and the test that set it would pass for no reason.
      if (unknown) throw new RangeError(`${unknown.route} is not a route of the ${provider.name} fake`)
      behaviour.change(request)
    },
    dispute: (paymentId, status) => ticking(() => provider.dispute(paymentId, status)),
    sendEvent: (kind, overrides = {}, how) => {
      const event = provider.compose({ event: kind, ...overrides })
      if (!event) throw new RangeError(noEvent(provider, kind))
      sender.emit([event], how)
      return event
    },
    replay: sender.replay,
    deliveries: sender.deliveries,
    tick: due.tick,
    nextAt: due.nextAt,
    idle: sender.idle,
  }
}

const noEvent = ({ name, kinds }: Provider, kind: string): string =>
  kinds.includes(kind)
    ? `the ${name} fake has nothing yet that ${kind} could tell of`
    : `the ${name} fake does not know ${kind}: ${kinds.join(', ')}`

interface Serving {
  due: Due
  behaviour: Behaviour
  /** The provider's routes, and the fake's own. */
  api: Router
  own: Router
}

async function serve(provider: Provider, serving: Serving, call: Call, response: ServerResponse): Promise<void> {
  const control = serving.own.find(call)
  if (control)
    return send(
      response,
      answering(() => control.route.run(control.call)),
    )
  const found = serving.api.find(call)
  if (!found) return send(response, provider.guard(call) ?? provider.failure('no_such_route', call))
  const rule = serving.behaviour.forRequest(found.route.route)
  if (rule?.delayMs) await pause(rule.delayMs)
  const early = rule && faultBefore(provider, rule, call)
  if (early === 'hang') return
  if (early === 'drop') return void response.destroy()
  if (early) return send(response, early)

  serving.due.tick()
  const answer =
    provider.guard(found.call) ??
    answering(() => provider.around(found.call, found.route.route, () => found.route.run(found.call)))
  serving.due.tick()
  sendFaulty(response, answer, rule)
}

function faultBefore(provider: Provider, rule: RequestRule, call: Call): Answer | 'hang' | 'drop' | undefined {
  switch (rule.fault) {
    case 'hang':
    case 'drop':
      return rule.fault
    case 'too_many_requests': {
      const answer = provider.failure(rule.fault, call)
      return { ...answer, headers: { ...answer.headers, 'retry-after': String(rule.retryAfterSeconds ?? 1) } }
    }
    case 'server_error':
      return provider.failure(rule.fault, call)
    case 'bad_gateway_html':
      return { status: 502, body: { html: '<html><head><title>502 Bad Gateway</title></head><body></body></html>' } }
    default:
      return undefined
  }
}

/** Sends the answer, or what the rule makes of it. The work is done by now. */
function sendFaulty(response: ServerResponse, answer: Answer, rule: RequestRule | undefined): void {
  if (rule?.fault === 'commit_then_hang') return
  if (rule?.fault === 'commit_then_drop') return void response.destroy()
  const { bytes, headers } = encode(answer)
  if (rule?.fault === 'truncated') {
    response.writeHead(answer.status, headers)
    response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy())
    return
  }
  if (rule?.fault !== 'invalid_json') return send(response, answer)
  const half = bytes.subarray(0, bytes.length / 2)
  response.writeHead(answer.status, { ...headers, 'content-length': half.length })
  response.end(half)
}

function send(response: ServerResponse, answer: Answer): void {
  const { bytes, headers } = encode(answer)
  response.writeHead(answer.status, headers)
  response.end(bytes)
}

function encode(answer: Answer) {
  const { body } = answer
  const html = typeof body === 'object' && body !== null && !Array.isArray(body) && typeof body.html === 'string'
  const bytes = Buffer.from(html ? String(body.html) : JSON.stringify(body))
  const type = html ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8'
  return { bytes, headers: { 'content-type': type, 'content-length': bytes.length, ...answer.headers } }
}
