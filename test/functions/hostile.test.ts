import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { guardOf, operationSk } from '#domain/guard'
import { callerOf, type HttpOperation, http, scopes } from '#operations/definition'
import { handleHttp } from '#runtime/http'
import { redact } from '#runtime/log'
import type { HttpEvent } from '#runtime/request'
import type { Run } from '#runtime/run'
import { callsOf } from '#test/support/calls'
import { eventOf, type Invocation, invoke, strangerId, testDeps } from '#test/support/deps'
import { httpFunctions } from '#test/support/functions'
import { tableDump } from '#test/support/tableDump'

const deps = await testDeps()
// Nobody works off what a turned clock waits for: real time passes at once.
deps.wait = async (milliseconds) => deps.clock.passReal(milliseconds)
const functions = await httpFunctions()
const calls = callsOf(deps)
afterAll(() => deps.stop())

const mine = 'demo-team'
const theirs = 'another'
beforeAll(async () => {
  for (const account of [mine, theirs]) {
    await calls.putAccount({ account, body: { email: 'a@example.com' } })
    await calls.grantCredits({ account, body: { amount: 1000, reason: 'to spend' } })
  }
})

const sampleShape = z.object({
  pathParameters: z.optional(z.record(z.string(), z.string())),
  queryStringParameters: z.optional(z.record(z.string(), z.string())),
  body: z.optional(z.string()),
})
const all = [...functions.values()].map(({ operation, run }) => ({ operation, run, id: operation.id }))
const withBody = all.filter(({ operation }) => operation.body)
const withServer = all.filter(({ operation }) => operation.routes.some((route) => callerOf(route) === 'server'))

/** The sample event as a call, with another body. */
function callFor(operation: HttpOperation, change: Invocation = {}): Invocation {
  const path = new URL(`../../events/${operation.area}-${operation.id}.json`, import.meta.url)
  const { pathParameters = {}, queryStringParameters, body } = sampleShape.parse(JSON.parse(readFileSync(path, 'utf8')))
  const { accountId: _account, ...params } = pathParameters
  return {
    account: mine,
    params,
    ...(queryStringParameters && { query: queryStringParameters }),
    ...(body !== undefined && { rawBody: body }),
    ...change,
  }
}

const bodyOf = (operation: HttpOperation): Record<string, unknown> => {
  const { rawBody = '{}' } = callFor(operation)
  return z.record(z.string(), z.unknown()).parse(JSON.parse(rawBody))
}

async function send(operation: HttpOperation, run: Run<HttpOperation>, call: Invocation, change?: Partial<HttpEvent>) {
  // Quotas are proved elsewhere.
  deps.clock.passReal(10_000)
  const answer = await handleHttp(operation, run, deps, { ...eventOf(operation, call), ...change })
  const problem = answer.statusCode >= 400 ? (JSON.parse(answer.body) as Record<string, unknown>) : {}
  return { status: answer.statusCode, code: problem.code, problem }
}

/** JSON text of a body in which one member is replaced by text that need not be JSON. */
const replaced = (body: Record<string, unknown>, name: string, text: string): string =>
  JSON.stringify({ ...body, [name]: '@here@' }).replace('"@here@"', text)

const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
const badNumbers = ['NaN', 'Infinity', '-Infinity', '1e400', '"10"', '9007199254740992', '1.5', '[1]', 'null', deep]
const badTexts = ['"a\\u0000b"', '"a\\ud800b"', '1', '{}', '[]', 'null', '""', deep, JSON.stringify('x'.repeat(5000))]

/** Refused by the border, with nothing behind it: the table is the same before and after. */
async function refusesAll(operation: HttpOperation, run: Run<HttpOperation>, bodies: string[]) {
  const before = await tableDump(deps.engine)
  for (const rawBody of bodies) {
    const { status, code } = await send(operation, run, callFor(operation, { rawBody, key: 'hostile' }))
    expect({ status, code, body: rawBody.slice(0, 200) }).toEqual({
      status: 400,
      code: 'validation_failed',
      body: rawBody.slice(0, 200),
    })
  }
  expect(await tableDump(deps.engine)).toEqual(before)
}

describe.each(withBody)('$id', ({ operation, run }) => {
  const body = bodyOf(operation)
  const members = Object.entries(body)

  it('400 for every number that is none, and for every text that cannot be stored; nothing is written', async () => {
    await refusesAll(operation, run, [
      ...members
        .filter(([, value]) => typeof value === 'number')
        .flatMap(([name]) => badNumbers.map((bad) => replaced(body, name, bad))),
      ...members
        .filter(([, value]) => typeof value === 'string')
        .flatMap(([name]) => badTexts.map((bad) => replaced(body, name, bad))),
    ])
  })

  it('400 for unknown members, also those that every object has, and for what is no object', async () => {
    const rest = JSON.stringify(body).slice(1)
    await refusesAll(operation, run, [
      `{"surprise":1,${rest}`,
      `{"__proto__":{"admin":true},${rest}`,
      `{"constructor":{"prototype":{}},${rest}`,
      `{"a":${deep},${rest}`,
      deep,
      '[]',
      'null',
      '"text"',
      '{',
      '{"a":1}{"b":2}',
      '\ufeff{}x',
    ])
  })

  it('413 above 256 KB, 415 for another content type, 400 for broken UTF-8; nothing is written', async () => {
    const before = await tableDump(deps.engine)
    const large = `{"a":"${'x'.repeat(256 * 1024)}"}`
    expect(await send(operation, run, callFor(operation, { rawBody: large }))).toMatchObject({
      code: 'payload_too_large',
    })
    for (const contentType of ['text/plain', '', 'application/x-www-form-urlencoded', 'application/jsonx'])
      expect(await send(operation, run, callFor(operation, { contentType }))).toMatchObject({ status: 415 })
    const broken = Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]).toString('base64')
    expect(await send(operation, run, callFor(operation), { body: broken, isBase64Encoded: true })).toMatchObject({
      status: 400,
      code: 'validation_failed',
    })
    expect(await tableDump(deps.engine)).toEqual(before)
  })
})

describe.each(all)('$id', ({ operation, run }) => {
  it('400 for a query parameter that it does not know, and for one given twice', async () => {
    const { query = {} } = callFor(operation)
    expect(await send(operation, run, callFor(operation, { query: { ...query, surprise: '1' } }))).toMatchObject({
      status: 400,
    })
    // The gateway joins repeated parameters with a comma.
    for (const [name, value] of Object.entries(query))
      expect(
        await send(operation, run, callFor(operation, { query: { ...query, [name]: `${value},${value}` } })),
      ).toMatchObject({ status: 400 })
  })

  it('400 for an idempotency key that cannot be one', async () => {
    for (const key of ['', 'a\u0000b', 'é', 'x'.repeat(256), '"open', `"${'x'.repeat(256)}"`]) {
      const { status } = await send(operation, run, callFor(operation, { key }))
      // A lone quote is a printable character, and so a key.
      expect(status === 400 || key === '"open').toBe(true)
    }
  })
})

describe.each(withServer)('$id', ({ operation, run }) => {
  it('403 for a key that has every scope but the one it needs; nothing is written', async () => {
    const before = await tableDump(deps.engine)
    const others = scopes.filter((scope) => scope !== operation.scope)
    const { status, code } = await send(operation, run, callFor(operation, { as: 'server', scopes: others }))
    expect({ status, code }).toEqual({ status: 403, code: 'forbidden' })
    expect(await tableDump(deps.engine)).toEqual(before)
  })
})

describe('another account’s ids', () => {
  const without = ({ problem: { requestId: _id, instance: _path, ...rest } }: { problem: Record<string, unknown> }) =>
    rest

  it('404 with the body of what never was, for deductions, reservations and usage events', async () => {
    const { body: deduction } = await calls.deductCredits({ account: theirs, body: { amount: 5, reason: 'theirs' } })
    const { body: hold } = await calls.reserveCredits({ account: theirs, body: { amount: 5, reason: 'theirs' } })
    const { body: used } = await calls.recordUsage({ account: theirs, body: { feature: 'reports' } })
    const usageId = 'usageId' in used ? used.usageId : ''
    const before = await tableDump(deps.engine)
    const pairs: [string, string, (id: string) => Invocation][] = [
      ['refundCredits', deduction.id, (id) => ({ body: { deductionId: id } })],
      ['commitReservation', hold.id, (id) => ({ params: { reservationId: id }, body: {} })],
      ['releaseReservation', hold.id, (id) => ({ params: { reservationId: id } })],
      ['recordUsage', usageId, (id) => ({ body: { feature: 'reports', quantity: -1, reference: id } })],
    ]
    for (const [id, known, call] of pairs) {
      const { operation, run } = functions.get(id) ?? {}
      if (!operation || !run) throw new Error(`no function ${id}`)
      const foreign = await send(operation, run, { account: mine, ...call(known) })
      const never = await send(operation, run, { account: mine, ...call(strangerId(known.slice(0, 3))) })
      expect({ id, status: foreign.status }).toEqual({ id, status: 404 })
      expect(without(foreign)).toEqual(without(never))
    }
    expect(await tableDump(deps.engine)).toEqual(before)
  })

  it('404 with the same body for a customer who names an account of another, or none', async () => {
    const customers = all.filter(({ operation }) => operation.routes.some((route) => callerOf(route) === 'customer'))
    for (const { operation, run } of customers) {
      const as = (account: string) =>
        send(
          operation,
          run,
          callFor(operation, { as: 'customer', account: mine, headers: { 'faregate-account': account } }),
        )
      const [foreign, never] = [await as(theirs), await as('nobody')]
      expect(foreign.status).toBe(404)
      expect(without(foreign)).toEqual(without(never))
    }
    expect(customers.length).toBeGreaterThan(5)
  })
})

describe('idempotency keys of different callers', () => {
  const both = http({
    id: 'makeThing',
    area: 'usage',
    summary: 'Make a thing.',
    ifItFails: 'Nobody gets a thing.',
    routes: ['POST /v1/me/things', 'POST /v1/accounts/{accountId}/things'],
    scope: 'usage:write',
    success: 201,
    output: z.object({ row: z.string() }),
    idempotency: 'guard',
    errors: [],
    grants: { table: 'none' },
  })
  const rowOf: Run<typeof both> = async ({ key }) => ({ row: operationSk(guardOf(key.class, 'makeThing', key.text)) })

  it('lie in different rows: a customer cannot burn the key that the server will use', async () => {
    const customer = await invoke(both, rowOf, deps, { as: 'customer', account: mine, key: 'same' })
    const server = await invoke(both, rowOf, deps, { as: 'server', account: mine, key: 'same' })
    expect(customer.body.row).toMatch(/^OP#c#/)
    expect(server.body.row).toMatch(/^OP#s#/)
  })

  it('never collide by a trick with the bare and the quoted form', async () => {
    const rows = await Promise.all(
      ['k', '"k"', '"\\"k\\""', 'k '].map(
        async (key) => (await invoke(both, rowOf, deps, { as: 'server', key })).body.row,
      ),
    )
    expect(rows[0]).toBe(rows[1])
    expect(new Set(rows).size).toBe(3)
  })
})

describe('the log', () => {
  it('holds no credential, token or contact detail, whatever is sent', async () => {
    const canaries = {
      key: `fg_test_${'C'.repeat(43)}`,
      token: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl',
      email: 'canary.person@example.com',
    }
    const headers = { authorization: `Bearer ${canaries.key}`, cookie: `session=${canaries.token}` }
    for (const { operation, run } of all) {
      const rawBody =
        operation.body && JSON.stringify({ ...bodyOf(operation), email: canaries.email, note: canaries.token })
      await send(operation, run, callFor(operation, { headers, account: canaries.email, ...(rawBody && { rawBody }) }))
    }
    await calls.putAccount({ account: mine, headers, body: { email: canaries.email } })
    const { body } = await calls.createApiKey({ body: { name: 'canary', scopes: ['check'] }, headers })
    const lines = JSON.stringify(redact(deps.logged.map(({ fields }) => fields)))
    expect(deps.logged.length).toBeGreaterThan(all.length)
    for (const secret of [...Object.values(canaries), body.key ?? 'no key was made'])
      expect(lines).not.toContain(secret)
  })
})
