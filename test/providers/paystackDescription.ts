import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createSocket } from 'node:net'
import { join } from 'node:path'
import type { Gateway, OrderRequest } from '#gateways/gateway'
import { openGateways } from '#gateways/gateways'
import { parseObject } from '#local/providers/json'
import { type Bench, hourMs, secrets, startBench, vectors } from '#test/local/providers/support'
import { type Check, check, oneLine } from './check.ts'
import type { Tools } from './tools.ts'

const description = join(vectors, 'paystack-openapi.yaml')
const startWithinMs = 30_000
const endingSignals = ['SIGINT', 'SIGTERM'] as const

/**
 * Our gateway speaks to the fake through Prism, which holds every request and every answer against Paystack's own OpenAPI
 * description. Without that file, which is not part of the repository, nothing is checked.
 */
export async function checkPaystackDescription({ prism }: Tools): Promise<Check[]> {
  if (!existsSync(description)) {
    process.stdout.write('left out: ../shared/facts/vectors/paystack-openapi.yaml is not there\n')
    return []
  }
  const bench = await startBench()
  const stops: (() => Promise<void>)[] = [() => bench.stop()]
  try {
    const proxy = await startPrism(prism, bench.fakes.paystack.url)
    stops.push(proxy.stop)
    const listener = await startListener(proxy.url)
    stops.push(listener.stop)
    const { secretKey } = secrets.paystack
    const tools = { wait: async () => {}, rng: () => 0.5 }
    const gateway = openGateways({ paystack: { secretKey, baseUrl: listener.url } }, tools)('paystack')
    return await checkCalls({ bench, gateway, violations: listener.violations })
  } finally {
    for (const stop of stops.toReversed()) await stop()
  }
}

interface Setting {
  bench: Bench
  gateway: Gateway
  /** What Prism objected to; emptied before each check. */
  violations: string[]
}

const account = { id: 'acc', email: 'buyer@example.com', name: 'A Buyer' }
const order = (number: number, currency: string): OrderRequest => ({
  paymentId: `fpay_01JD3Q5Z7V8W9X0Y1Z2A3B${String(number).padStart(4, '0')}`,
  amountMinor: 250_000,
  currency,
  description: 'Pro',
  account,
  saveMethod: true,
  returnUrl: 'https://shop.example/thanks',
})

async function checkCalls({ bench, gateway, violations }: Setting): Promise<Check[]> {
  const checks: Check[] = []
  const { paystack } = bench.fakes
  /** Holds when the call answers what is expected, and Prism has nothing to say. */
  const holds = async (name: string, run: () => Promise<boolean>) => {
    violations.length = 0
    const one = await check(`paystack ${name}`, async () => {
      const isRight = await run().catch((error: unknown) => String(error))
      if (violations.length > 0) return oneLine(violations.join('; '))
      return isRight === true ? undefined : isRight || 'another answer than expected'
    })
    checks.push(one)
  }
  const own = order(1, 'NGN')
  let orderId = ''
  let paid = ''
  await holds('initialize', async () => {
    orderId = (await gateway.createOrder(own)).providerOrderId
    return orderId !== ''
  })
  await holds('initialize, the same reference again', async () => {
    const again = await gateway.createOrder(own)
    return again.providerOrderId !== orderId
  })
  await holds('verify, not yet paid', async () => (await gateway.fetchOrder(orderId)).status === 'open')
  paystack.pay({ orderId, outcome: 'success', saveMethod: true })
  await holds('verify, paid', async () => {
    const { status, payments } = await gateway.fetchOrder(orderId)
    paid = payments[0]?.providerPaymentId ?? ''
    return status === 'paid' && payments[0]?.method?.reusable === true
  })
  await holds('fetch', async () => (await gateway.fetchPayment(paid)).status === 'captured')
  await holds(
    'verify, no such reference',
    async () => (await gateway.findOrder(order(9, 'NGN').paymentId)) === undefined,
  )
  const method = (await gateway.fetchPayment(paid)).method
  const charge = {
    ...order(2, 'NGN'),
    token: method?.token ?? '',
    ...(method?.gatewayCustomerId !== undefined && { gatewayCustomerId: method.gatewayCustomerId }),
  }
  await holds(
    'customer and charge authorization',
    async () => (await gateway.chargeMethod(charge)).status === 'captured',
  )
  await holds('charge authorization, the same reference again', async () => {
    return (await gateway.chargeMethod(charge)).status === 'captured'
  })
  await holds('verify of a charge', async () => (await gateway.findCharge(charge))?.status === 'captured')
  await holds('deactivate authorization', async () => {
    await gateway.forgetMethod(charge)
    return true
  })
  const refund = {
    refundId: 'rfd_01JD3Q5Z7V8W9X0Y1Z2A3B0001',
    providerPaymentId: paid,
    amountMinor: 100_000,
    currency: 'NGN',
    reason: '',
  }
  await holds('refund', async () => (await gateway.refund(refund)).status === 'pending')
  await holds('list of refunds', async () => (await gateway.findRefund(refund))?.reference === refund.refundId)
  await bench.advance(hourMs)
  await holds('list of refunds, processed', async () => (await gateway.findRefund(refund))?.status === 'processed')
  await holds('list of a day’s refunds', async () => {
    const day = new Date(bench.now()).toISOString().slice(0, 10)
    const seen: string[] = []
    for await (const one of gateway.refundLists?.on(day) ?? []) seen.push(one.providerPaymentId ?? '')
    return seen.length === 1 && seen[0] === paid
  })
  const declined = await gateway.createOrder(order(3, 'GHS'))
  paystack.pay({ orderId: declined.providerOrderId, outcome: 'fail' })
  await holds('verify, declined', async () => {
    const { status, payments } = await gateway.fetchOrder(declined.providerOrderId)
    return status === 'open' && payments[0]?.status === 'failed'
  })
  await holds('list of transactions', async () => {
    const day = new Date(bench.now()).toISOString().slice(0, 10)
    const seen: string[] = []
    for await (const one of gateway.listPayments(day)) seen.push(one.providerPaymentId)
    return new Set(seen).size === 4
  })
  for (const currency of ['GHS', 'KES', 'USD', 'ZAR']) {
    await holds(`initialize in ${currency}`, async () => {
      return (await gateway.createOrder(order(currency.charCodeAt(0), currency))).providerOrderId !== ''
    })
  }
  // Paystack takes XOF; its description forgets it. Once it does not, this says so.
  checks.push(
    await check('paystack initialize in XOF, which the description lacks', async () => {
      violations.length = 0
      await gateway.createOrder(order(4, 'XOF')).catch(() => undefined)
      return violations.some((text) => /currency/.test(text)) ? undefined : 'the description knows XOF by now'
    }),
  )
  return checks
}

interface Served {
  url: string
  stop(): Promise<void>
}

async function startPrism(script: string, upstream: string): Promise<Served> {
  const port = await freePort()
  const args = [script, 'proxy', description, upstream, '--errors', '--port', String(port), '--host', '127.0.0.1']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  // Whoever ends this process ends Prism too, which would listen for ever.
  const endBoth = () => {
    child.kill()
    process.exit(1)
  }
  for (const signal of endingSignals) process.once(signal, endBoth)
  const stop = async () => {
    for (const signal of endingSignals) process.off(signal, endBoth)
    child.kill()
    await ended
  }
  let said = ''
  const ready = new Promise<void>((done, fail) => {
    const late = setTimeout(() => fail(new Error(`Prism does not start: ${oneLine(said)}`)), startWithinMs)
    const hear = (chunk: Buffer) => {
      said += chunk.toString()
      if (!said.includes('Prism is listening')) return
      clearTimeout(late)
      done()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    void ended.then(() => {
      clearTimeout(late)
      fail(new Error(`Prism ended: ${oneLine(said)}`))
    })
  })
  try {
    await ready
  } catch (error) {
    await stop()
    throw error
  }
  return { url: `http://127.0.0.1:${port}`, stop }
}

/** Between our gateway and Prism: the gateway hides what a refused answer said, and this keeps it. */
async function startListener(prism: string): Promise<Served & { violations: string[] }> {
  const violations: string[] = []
  const server = createServer((message, response) => {
    const forward = async () => {
      const chunks: Buffer[] = []
      for await (const chunk of message) chunks.push(Buffer.from(chunk))
      const { authorization = '', 'content-type': type } = message.headers
      const answer = await fetch(`${prism}${message.url ?? ''}`, {
        method: message.method ?? 'GET',
        headers: { authorization, ...(type !== undefined && { 'content-type': type }) },
        ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
      })
      const text = await answer.text()
      violations.push(...violationsOf(`${message.method} ${message.url}`, answer, text))
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(text)
    }
    forward().catch(() => response.destroy())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    violations,
    url: `http://127.0.0.1:${portOf(server.address())}`,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

/** Errors are Prism's own answer; warnings come in a header, with an answer that is passed on. */
function violationsOf(call: string, answer: Response, text: string): string[] {
  const isProblem = answer.headers.get('content-type')?.includes('problem') === true
  const said = isProblem ? JSON.stringify(parseObject(text)?.validation ?? text) : answer.headers.get('sl-violations')
  return said === null ? [] : [`${call}: ${said}`]
}

async function freePort(): Promise<number> {
  const socket = createSocket()
  await new Promise<void>((done) => socket.listen(0, '127.0.0.1', done))
  const port = portOf(socket.address())
  await new Promise((done) => socket.close(done))
  return port
}

const portOf = (address: AddressInfo | string | null): number =>
  address && typeof address === 'object' ? address.port : 0
