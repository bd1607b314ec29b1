import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LocalModel } from '#local/template/model'
import { readModel } from '#local/template/read'
import { fixtureTemplates, writeAssembly } from './fixture/assembly.ts'

const sqsUrl = 'http://127.0.0.1:9'
const folders: string[] = []

function write(change: (templates: ReturnType<typeof fixtureTemplates>) => unknown = () => {}): string {
  const templates = structuredClone(fixtureTemplates('http://127.0.0.1:1'))
  change(templates)
  const folder = writeAssembly(templates)
  folders.push(folder)
  return folder
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

describe('a synthesised assembly of three stacks', () => {
  let model: LocalModel
  beforeAll(async () => {
    model = await readModel(write(), { sqsUrl })
  })

  it('gives each function its bundle, limits and environment with every reference resolved', () => {
    expect(model.functions['fixture-Show']).toMatchObject({
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:fixture-Show',
      directory: expect.stringMatching(/asset\.hashShow$/),
      environment: { COLOUR: 'deep-blue', REPORT_URL: 'http://127.0.0.1:1' },
      timeoutSeconds: 1,
      memoryMegabytes: 256,
    })
  })

  it('joins routes with integrations and authorizers across stacks', () => {
    const [api] = model.apis
    expect(api?.routes.find(({ key }) => key === 'GET /things/{id}')).toEqual({
      key: 'GET /things/{id}',
      functionName: 'fixture-Echo',
      timeoutMs: 30_000,
    })
    expect(api?.routes.find(({ key }) => key === 'GET /scoped')?.authorizer).toMatchObject({
      kind: 'jwt',
      scopes: ['write'],
      audiences: ['faregate-local'],
    })
    expect(api?.routes.find(({ key }) => key === 'GET /keyed')?.authorizer).toMatchObject({
      kind: 'lambda',
      functionName: 'fixture-Authorizer',
      ttlSeconds: 30,
    })
    expect(api?.cors?.allowOrigins).toEqual(['https://app.example'])
    expect(api?.throttle).toEqual({ rate: 1000, burst: 1000 })
  })

  it('reads the table, the queues and what they feed', () => {
    expect(model.tables).toMatchObject([
      { name: 'Data-Table', ttlAttribute: 'ttl', stream: 'NEW_AND_OLD_IMAGES', indexes: [{ name: 'gsi1' }] },
    ])
    expect(model.queues.find(({ name }) => name === 'work')?.redrive).toEqual({
      deadLetterName: 'dead',
      maxReceives: 2,
    })
    expect(model.queueSources).toMatchObject([
      {
        functionName: 'fixture-Worker',
        queueName: 'work',
        batchSize: 10,
        reportsItemFailures: true,
        maximumConcurrency: 2,
      },
    ])
    expect(model.streamSources).toMatchObject([
      { tableName: 'Data-Table', bisect: true, retriesMax: 1, failureQueueName: 'lost' },
    ])
    expect(model.schedules.map(({ name, target }) => ({ name, target }))).toEqual([
      { name: 'hourly', target: { functionName: 'fixture-Job' } },
      { name: 'daily', target: { functionName: 'fixture-Job' } },
    ])
  })

  it('reads the secrets, each under its own name', async () => {
    const { secrets } = await readModel(
      write((templates) => {
        const Type = 'AWS::SecretsManager::Secret'
        const GenerateSecretString = {
          SecretStringTemplate: '{"a":1}',
          GenerateStringKey: 'key',
          PasswordLength: 64,
          ExcludePunctuation: true,
        }
        templates.Service.Resources['Named'] = { Type, Properties: { Name: 'some/payments', GenerateSecretString } }
        templates.Service.Resources['Bare'] = { Type, Properties: { GenerateSecretString: {} } }
        templates.Service.Resources['Empty'] = { Type }
      }),
      { sqsUrl },
    )
    const arn = (name: string) => `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}`
    expect(secrets).toEqual([
      {
        name: 'some/payments',
        arn: arn('some/payments'),
        generated: { length: 64, key: 'key', template: { a: 1 } },
      },
      { name: 'Service-Bare', arn: arn('Service-Bare'), generated: { length: 32, template: {} } },
      { name: 'Service-Empty', arn: arn('Service-Empty') },
    ])
  })
})

type Templates = ReturnType<typeof fixtureTemplates>
const resource = (templates: Templates, id: string) => {
  const found = templates.Service.Resources[id]
  if (!found) throw new Error(id)
  found.Properties ??= {}
  return found as { Type: string; Properties: Record<string, unknown> }
}

const refusals: [string, RegExp, (templates: Templates) => void][] = [
  [
    'a resource of an unknown type',
    /Service\/Mystery: the local stack does not know AWS::Kinesis::Stream/,
    (templates) => {
      templates.Service.Resources['Mystery'] = { Type: 'AWS::Kinesis::Stream' }
    },
  ],
  [
    'a secret that stands in the template',
    /Service\/Open: Properties\.SecretString is not understood/,
    (templates) => {
      const Properties = { SecretString: 'hunter2' }
      templates.Service.Resources['Open'] = { Type: 'AWS::SecretsManager::Secret', Properties }
    },
  ],
  [
    'a secret whose template is no object',
    /Service\/Odd: its SecretStringTemplate is not a JSON object/,
    (templates) => {
      const Properties = { GenerateSecretString: { SecretStringTemplate: '[', GenerateStringKey: 'a' } }
      templates.Service.Resources['Odd'] = { Type: 'AWS::SecretsManager::Secret', Properties }
    },
  ],
  [
    'an intrinsic it does not know',
    /Service\/Echo: uses Fn::If/,
    (templates) => {
      resource(templates, 'Echo').Properties['Timeout'] = { 'Fn::If': ['A', 1, 2] }
    },
  ],
  [
    'a reference to nothing',
    /Service\/Echo: refers to Nowhere/,
    (templates) => {
      resource(templates, 'Echo').Properties['Handler'] = { Ref: 'Nowhere' }
    },
  ],
  [
    'a parameter without a value',
    /Service\/\w+: the parameter Audience has no value/,
    (templates) => {
      Object.assign(templates.Service, {
        Parameters: { ...Object(Reflect.get(templates.Service, 'Parameters')), Audience: { Type: 'String' } },
      })
    },
  ],
  [
    'an import that nobody exports',
    /Service\/StreamSource: imports TableStream/,
    (templates) => {
      Object.assign(templates.Data, { Outputs: {} })
    },
  ],
  [
    'a route whose authorizer is missing',
    /Service\/MeRoute: its authorizer is not declared/,
    (templates) => {
      resource(templates, 'MeRoute').Properties['AuthorizerId'] = 'gone'
    },
  ],
  [
    'a function without code',
    /Service\/Echo: its code hashGone.zip/,
    (templates) => {
      resource(templates, 'Echo').Properties['Code'] = { S3Key: 'hashGone.zip' }
    },
  ],
  [
    'an event source property it does not honour',
    /Service\/WorkSource: .*TumblingWindowInSeconds/,
    (templates) => {
      resource(templates, 'WorkSource').Properties['TumblingWindowInSeconds'] = 5
    },
  ],
  [
    'a circle of references',
    /refers to itself/,
    (templates) => {
      resource(templates, 'Work').Properties['QueueName'] = { Ref: 'Work' }
    },
  ],
]

describe('what the local stack cannot run is refused, by stack and logical id', () => {
  it.each(refusals)('%s', async (_, message, change) => {
    await expect(readModel(write(change), { sqsUrl })).rejects.toThrow(message)
  })
})

it('reads what another stack left in Parameter Store', async () => {
  const folder = write((templates) => {
    Object.assign(templates.Service, {
      Parameters: {
        ...Object(Reflect.get(templates.Service, 'Parameters')),
        Stored: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/fixture/table' },
      },
    })
    resource(templates, 'Echo').Properties['Environment'] = { Variables: { TABLE_NAME: { Ref: 'Stored' } } }
  })
  const model = await readModel(folder, { sqsUrl })
  expect(model.functions['fixture-Echo']?.environment).toEqual({ TABLE_NAME: 'Data-Table' })
})
