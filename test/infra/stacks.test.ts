import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CloudAssembly } from 'aws-cdk-lib/cx-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildApp } from '#infra/app'
import { permissionsOf, type Resource, resourcesOf, routesOf, stacksOf } from '#infra/assembly'
import { mostResourcesInAStack, mostRoutes } from '#infra/limits'
import { metricAlarms } from '#infra/metricAlarms'
import { type Area, callerOf, queues } from '#operations/definition'
import { httpOperations, operations } from '#operations/index'
import { directoryAttributes } from '#operations/tableIndexes'

let directory = ''
let test: CloudAssembly
let live: CloudAssembly
/** All functions share one small asset here: this is about the templates. */
const code = () => join(directory, 'code')

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'faregate-stacks-'))
  await mkdir(code())
  await writeFile(join(code(), 'index.mjs'), 'export const handler = async () => ({})\n')
  const synthesise = (mode: 'test' | 'live', more = {}) =>
    buildApp({ mode, outdir: join(directory, 'out', mode), codeDirectoryOf: code, checked: false, ...more }).assembly
  test = synthesise('test')
  live = synthesise('live', {
    issuer: 'https://id.example.com/',
    audience: ['app'],
    origins: ['https://app.example.com'],
  })
})
afterAll(() => rm(directory, { recursive: true }))

const only = (assembly: CloudAssembly, type: string): Resource['Properties'] => {
  const found = resourcesOf(assembly, type)
  expect(found).toHaveLength(1)
  return found[0]?.Properties ?? {}
}
const all = (assembly: CloudAssembly, type: string) => resourcesOf(assembly, type).map(({ Properties }) => Properties)

describe('the app', () => {
  // CloudFormation's rules over a dozen stacks take 5 s, and several times that on a busy machine.
  const checkedTimeoutMs = 60_000
  it.each(['test', 'live'] as const)(
    'passes cdk-nag (AwsSolutions) and CloudFormation’s own rules in %s',
    (mode) => {
      const outdir = join(directory, 'checked', mode)
      expect(() => buildApp({ mode, outdir, codeDirectoryOf: code })).not.toThrow()
    },
    checkedTimeoutMs,
  )

  it('synthesises the same templates again', () => {
    const again = buildApp({
      mode: 'test',
      outdir: join(directory, 'again'),
      codeDirectoryOf: code,
      checked: false,
    })
    expect(stacksOf(again.assembly)).toEqual(stacksOf(test))
  })

  it('keeps every logical id when operations are listed in another order', () => {
    const { assembly } = buildApp({
      mode: 'test',
      outdir: join(directory, 'reversed'),
      codeDirectoryOf: code,
      operations: [...operations].reverse(),
      checked: false,
    })
    const ids = (of: CloudAssembly) =>
      stacksOf(of)
        .flatMap(({ resources }) => Object.keys(resources))
        .sort()
    expect(ids(assembly)).toEqual(ids(test))
  })

  it('stays under the house limits', () => {
    for (const { resources } of stacksOf(live))
      expect(Object.keys(resources).length).toBeLessThanOrEqual(mostResourcesInAStack)
    expect(routesOf(live).length).toBeLessThanOrEqual(mostRoutes)
  })

  it('chains no stack to another by an export', () => {
    for (const { template } of live.stacks) {
      expect(JSON.stringify(template)).not.toContain('Fn::ImportValue')
      expect(JSON.stringify(template)).not.toContain('"Export"')
    }
  })
})

describe('the table', () => {
  it('has the keys, indexes, stream and time to live of the design', () => {
    const table = only(live, 'AWS::DynamoDB::GlobalTable')
    expect(table).toMatchObject({
      TableName: 'faregate-live',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      GlobalSecondaryIndexes: [
        { IndexName: 'gsi1', Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...directoryAttributes] } },
        { IndexName: 'gsi2', Projection: { ProjectionType: 'KEYS_ONLY' } },
      ],
    })
    expect(table).not.toHaveProperty('LocalSecondaryIndexes')
  })

  it('is protected, kept and backed up in live', () => {
    const [table] = resourcesOf(live, 'AWS::DynamoDB::GlobalTable')
    expect(table).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
    expect(table?.Properties.Replicas).toMatchObject([
      { DeletionProtectionEnabled: true, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } },
    ])
    const { BackupPlan } = only(live, 'AWS::Backup::BackupPlan')
    expect(BackupPlan).toMatchObject({
      BackupPlanRule: [
        { RuleName: 'daily', Lifecycle: { DeleteAfterDays: 35 } },
        { RuleName: 'weekly', Lifecycle: { DeleteAfterDays: 92 } },
        { RuleName: 'monthly', Lifecycle: { DeleteAfterDays: 366 } },
      ],
    })
  })

  it('goes with its stack in test, and recovers in both', () => {
    const [table] = resourcesOf(test, 'AWS::DynamoDB::GlobalTable')
    expect(table).toMatchObject({ DeletionPolicy: 'Delete' })
    expect(table?.Properties.Replicas).toMatchObject([
      { DeletionProtectionEnabled: false, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } },
    ])
  })
})

describe('operations', () => {
  it('have a function each, and no function is without one', () => {
    const names = all(test, 'AWS::Lambda::Function').map(({ FunctionName }) => FunctionName)
    expect(names.sort()).toEqual(operations.map(({ id }) => `faregate-test-${id}`).sort())
  })

  it('run on Node 24 and arm64, from index.handler, and know nothing but table, mode, their queues and the payment secret’s name', () => {
    for (const { FunctionName, Runtime, Architectures, Handler, Environment } of all(live, 'AWS::Lambda::Function')) {
      expect({ Runtime, Architectures, Handler }).toEqual({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
      })
      const operation = operations.find(({ id }) => FunctionName === `faregate-live-${id}`)
      const variables = [
        'FAREGATE_MODE',
        ...(operation?.grants.send ?? []).map((name) => `QUEUE_${name.toUpperCase()}_URL`),
        ...(operation?.grants.paymentSecret ? ['PAYMENT_SECRET_ID'] : []),
      ]
      expect(namesIn(Environment)).toEqual([...variables, 'TABLE_NAME'].sort())
    }
  })

  it('each write to a log that ends', () => {
    const groups = all(live, 'AWS::Logs::LogGroup')
    expect(groups).toHaveLength(operations.length + 1)
    for (const { RetentionInDays } of groups) expect(RetentionInDays).toBe(90)
    for (const one of all(live, 'AWS::Lambda::Function')) expect(one).toHaveProperty('LoggingConfig.LogGroup')
  })

  it('stand behind the authorizer of their prefix', () => {
    const doors = { public: 'NONE', customer: 'JWT', staff: 'JWT', server: 'CUSTOM', visitor: 'CUSTOM' }
    const expected = httpOperations.flatMap(({ id, routes }) =>
      routes.map((route) => `${route} ${id} ${doors[callerOf(route)]}`),
    )
    expect(routesOf(test).sort()).toEqual(expected.sort())
    for (const line of routesOf(live)) {
      if (/ \/v1\/(me|admin)\b/.test(line)) expect(line).toMatch(/ JWT$/)
      if (/ \/v1\/(accounts|visitor)\b/.test(line)) expect(line).toMatch(/ CUSTOM$/)
    }
  })

  it('that are worked by queue, stream or schedule have their source', () => {
    const kinds = (kind: string) => operations.filter((operation) => operation.kind === kind).length
    const sources = all(test, 'AWS::Lambda::EventSourceMapping')
    for (const source of sources) expect(source).toMatchObject({ FunctionResponseTypes: ['ReportBatchItemFailures'] })
    expect(sources.filter((source) => 'ScalingConfig' in source)).toHaveLength(kinds('worker'))
    expect(sources.filter((source) => source.BisectBatchOnFunctionError === true)).toHaveLength(kinds('stream'))
    const schedules = all(test, 'AWS::Scheduler::Schedule')
    expect(schedules).toHaveLength(kinds('job'))
    for (const { Target } of schedules) {
      expect(Target).toMatchObject({ Input: '{"scheduledAt":"<aws.scheduler.scheduled-time>"}' })
      expect(Target).toHaveProperty('DeadLetterConfig.Arn')
    }
  })

  it('read only inserts and changes under their prefix from the stream', () => {
    const [source] = all(test, 'AWS::Lambda::EventSourceMapping').filter((one) => 'FilterCriteria' in one)
    expect(source).toMatchObject({
      FilterCriteria: {
        Filters: [
          { Pattern: '{"eventName":["INSERT","MODIFY"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"OUT#"}]}}}}' },
        ],
      },
    })
  })
})

const namesIn = (environment: unknown): string[] =>
  typeof environment === 'object' && environment !== null && 'Variables' in environment
    ? Object.keys(environment.Variables ?? {}).sort()
    : []

describe('permissions', () => {
  it.each(['test', 'live'] as const)('hold no wildcard, no Scan and no change of the table in %s', (mode) => {
    const lines = permissionsOf(mode === 'test' ? test : live)
    expect(lines.length).toBeGreaterThan(200)
    for (const line of lines) {
      const [, action = '', resource = ''] = line.split(' ')
      expect(action).not.toMatch(/\*|Scan|PartiQL|DeleteTable|UpdateTable|CreateTable/)
      if (action.startsWith('logs:')) expect(resource).toMatch(/^logs:log-group:[^*]+:log-stream:\*$/)
      else expect(resource).not.toContain('*')
      // AWS's own ending of the one secret's ARN.
      expect(resource.replace(/^secretsmanager:secret:faregate-(test|live)\/payments-\?{6}$/, '')).not.toContain('?')
    }
  })

  it('follow the definition’s word, and the runtime’s own needs', () => {
    const tableActions = (id: string, of = live) =>
      permissionsOf(of)
        .filter((line) => line.startsWith(`${id} dynamodb:`))
        .map((line) => line.slice(id.length + 1))
    expect(tableActions('getOpenapi')).toEqual([
      'dynamodb:UpdateItem dynamodb:table/faregate-live when {"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["RATE#*"]}}',
    ])
    expect(tableActions('getOpenapi', test)[0]).toContain('dynamodb:GetItem dynamodb:table/faregate-test when')
    expect(tableActions('check')).toEqual([
      'dynamodb:BatchGetItem dynamodb:table/faregate-live',
      'dynamodb:ConditionCheckItem dynamodb:table/faregate-live',
      'dynamodb:DeleteItem dynamodb:table/faregate-live',
      'dynamodb:GetItem dynamodb:table/faregate-live',
      'dynamodb:PutItem dynamodb:table/faregate-live',
      'dynamodb:Query dynamodb:table/faregate-live',
      'dynamodb:Query dynamodb:table/faregate-live/index/gsi1',
      'dynamodb:Query dynamodb:table/faregate-live/index/gsi2',
      'dynamodb:UpdateItem dynamodb:table/faregate-live',
    ])
  })

  it('to send are given for the queues that the definition names', () => {
    const sends = permissionsOf(test).filter((line) => line.includes(' sqs:SendMessage ') && !line.includes('-dead'))
    const expected = operations.flatMap(({ id, grants }) =>
      (grants.send ?? []).map((name) => `${id} sqs:SendMessage sqs:faregate-test-${name}`),
    )
    expect(sends).toEqual(expected.sort())
  })
})

describe('queues', () => {
  it('each end in a dead-letter queue after their worker’s tries, and outwait its timeout six times', () => {
    for (const name of queues) {
      const queue = all(test, 'AWS::SQS::Queue').find(({ QueueName }) => QueueName === `faregate-test-${name}`)
      const worker = operations.find((operation) => operation.kind === 'worker' && operation.queue === name)
      if (worker?.kind !== 'worker') throw new Error(`nobody works off ${name}`)
      expect(queue).toMatchObject({ RedrivePolicy: { maxReceiveCount: worker.maxReceives } })
      const timeout = all(test, 'AWS::Lambda::Function').find(
        (one) => one.FunctionName === `faregate-test-${worker.id}`,
      )?.Timeout
      expect(queue?.VisibilityTimeout).toBe(6 * Number(timeout))
    }
  })

  it('take messages over TLS only', () => {
    expect(all(test, 'AWS::SQS::QueuePolicy')).toHaveLength(all(test, 'AWS::SQS::Queue').length)
  })
})

describe('the door', () => {
  it('checks tokens of the configured issuer and audience', () => {
    expect(all(live, 'AWS::ApiGatewayV2::Authorizer').find(({ Name }) => Name === 'customer')).toMatchObject({
      AuthorizerType: 'JWT',
      JwtConfiguration: { Issuer: 'https://id.example.com/', Audience: ['app'] },
    })
    expect(resourcesOf(live, 'AWS::Cognito::UserPool')).toHaveLength(0)
  })

  it('makes a user pool when no issuer is given', () => {
    expect(only(test, 'AWS::Cognito::UserPool')).toMatchObject({ Policies: { PasswordPolicy: { MinimumLength: 12 } } })
  })

  it('asks about API keys at least twice a minute', () => {
    expect(all(live, 'AWS::ApiGatewayV2::Authorizer').find(({ Name }) => Name === 'server')).toMatchObject({
      AuthorizerType: 'REQUEST',
      AuthorizerPayloadFormatVersion: '2.0',
      EnableSimpleResponses: true,
      IdentitySource: ['$request.header.Authorization'],
      AuthorizerResultTtlInSeconds: 30,
    })
  })

  it('lets other origins in only when configured', () => {
    expect(only(test, 'AWS::ApiGatewayV2::Api')).not.toHaveProperty('CorsConfiguration')
    expect(only(live, 'AWS::ApiGatewayV2::Api')).toMatchObject({
      CorsConfiguration: { AllowOrigins: ['https://app.example.com'] },
    })
  })

  it('throttles, and logs every request', () => {
    expect(only(live, 'AWS::ApiGatewayV2::Stage')).toMatchObject({
      StageName: '$default',
      DefaultRouteSettings: { ThrottlingRateLimit: 5000, ThrottlingBurstLimit: 5000 },
      AccessLogSettings: { Format: expect.stringContaining('$context.requestId') },
    })
  })
})

describe('alarms', () => {
  it('watch defects of every area that has operations', () => {
    const areas = [...new Set(operations.map(({ area }) => area))].sort()
    const watched = all(live, 'AWS::CloudWatch::Alarm')
      .filter(({ Namespace, MetricName }) => Namespace === 'Faregate' && MetricName === 'Defect')
      .flatMap(({ Dimensions }) => Dimensions as { Name: string; Value: Area }[])
    expect(watched.sort((a, b) => (a.Value < b.Value ? -1 : 1))).toEqual(
      areas.map((Value) => ({ Name: 'area', Value })),
    )
  })

  it('watch what is counted over all providers, a sum or a share, as their table says', () => {
    const alarms = all(live, 'AWS::CloudWatch::Alarm').filter(({ AlarmName }) =>
      /-(money|webhooks|renewals)-/.test(String(AlarmName)),
    )
    expect(alarms.map(({ AlarmName }) => AlarmName).sort()).toEqual(
      metricAlarms.map(({ slug }) => `faregate-live-${slug}`).sort(),
    )
    for (const { slug, metric, threshold, periodHours, shareFrom } of metricAlarms) {
      const alarm = alarms.find(({ AlarmName }) => AlarmName === `faregate-live-${slug}`)
      const watched = { Namespace: 'Faregate', MetricName: metric }
      expect(alarm).toMatchObject({ Threshold: threshold, TreatMissingData: 'notBreaching' })
      expect(alarm).not.toHaveProperty('Dimensions')
      if (shareFrom === undefined) {
        expect(alarm).toMatchObject({ ...watched, Statistic: 'Sum', Period: periodHours * 3600 })
        continue
      }
      const stat = (Stat: string) => ({ MetricStat: { Metric: watched, Stat, Period: periodHours * 3600 } })
      expect(alarm).toMatchObject({
        Metrics: expect.arrayContaining([
          expect.objectContaining({ Expression: `IF(tried >= ${shareFrom}, hits / tried, 0)` }),
          expect.objectContaining({ Id: 'hits', ...stat('Sum') }),
          expect.objectContaining({ Id: 'tried', ...stat('SampleCount') }),
        ]),
      })
    }
  })

  it('each say what a user loses, and mail when they start and end', () => {
    const alarms = all(live, 'AWS::CloudWatch::Alarm')
    expect(alarms.length).toBeGreaterThanOrEqual(queues.length * 2 + 5)
    for (const alarm of alarms) {
      expect(alarm.AlarmDescription).toMatch(
        /^.{20,}\. Runbook: docs\/runbook\.md#(defect|dead|late|errors|throttled|money|webhooks|renewals)$/,
      )
      expect(alarm.AlarmActions).toEqual(alarm.OKActions)
      expect(JSON.stringify(alarm.AlarmActions)).toContain('faregate-live-alarms')
    }
  })
})
