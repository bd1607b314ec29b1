import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CloudAssembly } from 'aws-cdk-lib/cx-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { buildApp } from '#infra/app'
import { permissionsOf, type Resource, resourcesOf, routesOf } from '#infra/assembly'
import { sourceConcurrencyOf } from '#infra/limits'
import { authorizer, http, type Operation, worker } from '#operations/definition'

/** Operations as small as they can be: this is about what their words become in the templates. */
const common = (id: string) => ({ id, summary: `Does ${id}.`, ifItFails: 'Nobody is served by this one.' })
const route = { success: 204 as const, idempotency: 'natural' as const, errors: [] }
const door = authorizer({ ...common('authorizeKey'), area: 'accounts', of: 'server', grants: { table: 'read' } })
const visitorDoor = authorizer({
  ...common('authorizeVisitor'),
  area: 'purchases',
  of: 'visitor',
  grants: { table: 'read' },
})
const pay = http({
  ...common('pay'),
  ...route,
  area: 'payments',
  routes: ['POST /v1/me/pay'],
  grants: { table: 'readWrite', paymentSecret: true },
})
const look = http({
  ...common('look'),
  ...route,
  area: 'payments',
  routes: ['GET /v1/me/pay'],
  grants: { table: 'read' },
})
const receive = http({
  ...common('receive'),
  ...route,
  area: 'webhooks',
  routes: ['POST /v1/webhooks/{provider}'],
  takesRaw: true,
  grants: { table: 'none', paymentSecret: true },
})
const visit = http({
  ...common('visit'),
  ...route,
  area: 'purchases',
  routes: ['GET /v1/visitor/purchases', 'GET /v1/accounts/{accountId}/purchases'],
  scope: 'payments:read',
  grants: { table: 'none' },
})
const number = worker({
  ...common('number'),
  area: 'payments',
  queue: 'number',
  message: z.strictObject({ series: z.string() }),
  batchSize: 1,
  maxReceives: 5,
  limits: { concurrency: 1 },
  grants: { table: 'readWrite' },
})
const pool = worker({ ...number, id: 'pool', queue: 'webhook', limits: {}, maxReceives: 3 })

let directory = ''
let builds = 0
const synthesise = (operations: readonly Operation[], mode: 'test' | 'live' = 'live', checked = false) => {
  builds += 1
  const code = join(directory, 'code')
  return buildApp({
    mode,
    operations,
    checked,
    issuer: 'https://id.example.com/',
    audience: ['app'],
    outdir: join(directory, `out${builds}`),
    codeDirectoryOf: () => code,
  }).assembly
}
const all = [door, visitorDoor, pay, look, receive, visit, number, pool]
let live: CloudAssembly

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'faregate-payments-'))
  await mkdir(join(directory, 'code'))
  await writeFile(join(directory, 'code', 'index.mjs'), 'export const handler = async () => ({})\n')
  live = synthesise(all)
})
afterAll(() => rm(directory, { recursive: true }))

const theOne = (assembly: CloudAssembly, type: string, matches: (properties: Resource['Properties']) => boolean) => {
  const found = resourcesOf(assembly, type).filter(({ Properties }) => matches(Properties))
  expect(found).toHaveLength(1)
  return found[0]
}
const functionOf = (id: string) =>
  theOne(live, 'AWS::Lambda::Function', ({ FunctionName }) => FunctionName === `faregate-live-${id}`)?.Properties

describe('the payment secret', () => {
  const secretOf = (assembly: CloudAssembly) => theOne(assembly, 'AWS::SecretsManager::Secret', () => true)

  it('is born with a sealing key of 64 letters and digits, in the same words for ever', () => {
    // Any change of these makes CloudFormation generate the value anew, over the providers' keys.
    expect(secretOf(live)?.Properties).toMatchObject({
      Name: 'faregate-live/payments',
      GenerateSecretString: {
        SecretStringTemplate: '{}',
        GenerateStringKey: 'sealKey',
        PasswordLength: 64,
        ExcludePunctuation: true,
      },
    })
    expect(Object.keys(Object(secretOf(live)?.Properties.GenerateSecretString))).toHaveLength(4)
  })

  it('outlives its stack in live and goes with it in test', () => {
    expect(secretOf(live)).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
    expect(secretOf(synthesise([door], 'test'))).toMatchObject({
      DeletionPolicy: 'Delete',
      Properties: { Name: 'faregate-test/payments' },
    })
  })

  it('is named to the functions that ask for it, and to no other', () => {
    expect(functionOf('pay')).toHaveProperty('Environment.Variables.PAYMENT_SECRET_ID', 'faregate-live/payments')
    expect(functionOf('receive')).toHaveProperty('Environment.Variables.PAYMENT_SECRET_ID', 'faregate-live/payments')
    for (const id of ['look', 'visit', 'number', 'authorizeKey', 'authorizeVisitor'])
      expect(functionOf(id)).not.toHaveProperty('Environment.Variables.PAYMENT_SECRET_ID')
  })

  it('may be read, and nothing else, by the functions that ask for it, and by no other', () => {
    expect(permissionsOf(live).filter((line) => line.includes('secretsmanager'))).toEqual([
      'pay secretsmanager:GetSecretValue secretsmanager:secret:faregate-live/payments-??????',
      'receive secretsmanager:GetSecretValue secretsmanager:secret:faregate-live/payments-??????',
    ])
  })
})

describe('the visitors’ door', () => {
  const authorizerNamed = (assembly: CloudAssembly, name: string) =>
    theOne(assembly, 'AWS::ApiGatewayV2::Authorizer', ({ Name }) => Name === name)?.Properties

  it('asks its own function about a session token, at least twice a minute', () => {
    expect(authorizerNamed(live, 'visitor')).toMatchObject({
      AuthorizerType: 'REQUEST',
      AuthorizerPayloadFormatVersion: '2.0',
      EnableSimpleResponses: true,
      IdentitySource: ['$request.header.Authorization'],
      AuthorizerResultTtlInSeconds: 30,
    })
    expect(JSON.stringify(authorizerNamed(live, 'visitor')?.AuthorizerUri)).toContain('faregate-live-authorizeVisitor')
    expect(JSON.stringify(authorizerNamed(live, 'server')?.AuthorizerUri)).toContain('faregate-live-authorizeKey')
  })

  it('lets the gateway call each authorizer’s function for that authorizer alone', () => {
    const permissions = resourcesOf(live, 'AWS::Lambda::Permission')
      .map(({ Properties }) => JSON.stringify(Properties))
      .filter((text) => text.includes('/authorizers/'))
    expect(permissions).toHaveLength(2)
    expect(permissions.filter((text) => text.includes('VisitorAuthorizer'))).toHaveLength(1)
    expect(permissions.filter((text) => text.includes('ServerAuthorizer'))).toHaveLength(1)
  })

  it('stands before visitors’ routes, and the servers’ before theirs', () => {
    const doorOf = (key: string) =>
      JSON.stringify(theOne(live, 'AWS::ApiGatewayV2::Route', ({ RouteKey }) => RouteKey === key)?.Properties)
    expect(doorOf('GET /v1/visitor/purchases')).toContain('visitorAuthorizerId')
    expect(doorOf('GET /v1/visitor/purchases')).not.toContain('serverAuthorizerId')
    expect(doorOf('GET /v1/accounts/{accountId}/purchases')).toContain('serverAuthorizerId')
    expect(doorOf('GET /v1/accounts/{accountId}/purchases')).not.toContain('visitorAuthorizerId')
    expect(routesOf(live)).toContain('GET /v1/visitor/purchases visit CUSTOM')
  })

  it('is not there where nobody decides on session tokens', () => {
    const without = synthesise([door, pay])
    expect(
      resourcesOf(without, 'AWS::ApiGatewayV2::Authorizer')
        .map(({ Properties }) => Properties.Name)
        .sort(),
    ).toEqual(['customer', 'server'])
    const parameters = resourcesOf(without, 'AWS::SSM::Parameter').map(({ Properties }) => Properties.Name)
    expect(parameters).not.toContain('/faregate-live/visitorAuthorizerId')
    expect(parameters).toContain('/faregate-live/serverAuthorizerId')
  })

  it('must be there for a visitor’s route, as the servers’ must always', () => {
    expect(() => synthesise([door, visit])).toThrow('visit would have no door for visitors')
    expect(() => synthesise([visitorDoor, visit])).toThrow('no door for servers')
  })

  it('counts a visitor’s calls in a quota, and a signed event in none', () => {
    const counted = permissionsOf(live)
      .filter((line) => line.includes('RATE#*'))
      .map((line) => line.split(' ')[0])
    expect(counted).toContain('visit')
    expect(counted).not.toContain('receive')
  })
})

describe('concurrency', () => {
  it('is reserved where the definition says so, and nowhere else', () => {
    expect(functionOf('number')).toHaveProperty('ReservedConcurrentExecutions', 1)
    expect(functionOf('pool')).not.toHaveProperty('ReservedConcurrentExecutions')
    expect(functionOf('pay')).not.toHaveProperty('ReservedConcurrentExecutions')
  })

  it.each([
    [undefined, 10],
    [1, 2],
    [2, 2],
    [3, 3],
    [10, 10],
    [50, 10],
  ])('of %s lets %i batches out of the queue', (concurrency, expected) => {
    const limits = concurrency === undefined ? {} : { concurrency }
    expect(sourceConcurrencyOf({ ...number, limits })).toBe(expected)
  })

  it('of one needs the tries that refused hand-outs take', () => {
    expect(() => sourceConcurrencyOf({ ...number, maxReceives: 4 })).toThrow('number: a worker that runs alone needs')
    expect(sourceConcurrencyOf({ ...number, maxReceives: 4, limits: { concurrency: 2 } })).toBe(2)
  })
})

it('all of it passes cdk-nag (AwsSolutions) and CloudFormation’s own rules', { timeout: 60_000 }, () => {
  expect(() => synthesise(all, 'live', true)).not.toThrow()
})
