import { CfnApi, CfnAuthorizer, CfnStage } from 'aws-cdk-lib/aws-apigatewayv2'
import { Dashboard, GraphWidget, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { CfnPermission } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import { StringParameter } from 'aws-cdk-lib/aws-ssm'
import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'
import { type AuthorizerOperation, queues } from '#operations/definition'
import { metricNames } from '#operations/metrics'
import type { DeploymentConfig } from './config.ts'
import { LossAlarm } from './constructs/lossAlarm.ts'
import { counted, MetricLossAlarm } from './constructs/metricAlarm.ts'
import { OperationFunction } from './constructs/operationFunction.ts'
import { UserPool } from './constructs/userPool.ts'
import { metricAlarms } from './metricAlarms.ts'
import { arn, type Names } from './names.ts'

interface ApiStackProps {
  config: DeploymentConfig
  names: Names
  authorizers: Authorizers
  codeDirectoryOf: (id: string) => string
}

/** Who decides on which credential; without routes for visitors nobody decides on theirs. */
export interface Authorizers {
  /** API keys. */
  server: AuthorizerOperation
  /** Session tokens. */
  visitor?: AuthorizerOperation
}

/**
 * Requests a second the gateway lets through, and the burst on top. Far above one product's traffic and below what an
 * AWS account may do at all (10,000), so that a flood cannot starve the rest of the account.
 */
const throttle = { throttlingRateLimit: 5_000, throttlingBurstLimit: 5_000 }

/** How long an answer about a credential is believed: what is revoked works this long at most, well under the promised minute. */
const credentialCacheSeconds = 30

/** A browser may keep a preflight's answer for this long. */
const preflightSeconds = 600

/** Metadata of each request, as JSON. No headers, no query: they may hold what must not be logged. */
const accessLogFormat = JSON.stringify({
  requestId: '$context.requestId',
  at: '$context.requestTimeEpoch',
  ip: '$context.identity.sourceIp',
  route: '$context.routeKey',
  status: '$context.status',
  latencyMs: '$context.responseLatency',
  error: '$context.error.message',
  authorizerError: '$context.authorizer.error',
})

/** The door: HTTP API, who may pass, the alarm topic and the dashboard. Routes belong to the service stacks. */
export class ApiStack extends Stack {
  constructor(scope: Construct, props: ApiStackProps) {
    const { config, names } = props
    super(scope, names.stack('api'), {
      stackName: names.stack('api'),
      description: 'Faregate: the HTTP API, its authorizers, alarms and dashboard.',
    })
    const api = this.#api(config, names)
    const customers = this.#customerAuthorizer(config, names, api)
    const servers = this.#functionAuthorizer(props, api, 'ServerAuthorizer', props.authorizers.server)
    this.#topic(config, names)
    this.#alarms(names, api)
    this.#dashboard(names, api)
    const publish = (name: Parameters<Names['parameter']>[0], stringValue: string) =>
      new StringParameter(this, `Parameter-${name}`, { parameterName: names.parameter(name), stringValue })
    publish('apiId', api.ref)
    publish('customerAuthorizerId', customers.ref)
    publish('serverAuthorizerId', servers.ref)
    if (props.authorizers.visitor) {
      const visitors = this.#functionAuthorizer(props, api, 'VisitorAuthorizer', props.authorizers.visitor)
      publish('visitorAuthorizerId', visitors.ref)
    }
    new CfnOutput(this, 'ApiUrl', { value: api.attrApiEndpoint, description: 'Where the API answers.' })
  }

  #api(config: DeploymentConfig, names: Names): CfnApi {
    const api = new CfnApi(this, 'Api', {
      name: names.prefix,
      protocolType: 'HTTP',
      ...(config.origins.length > 0 && {
        corsConfiguration: {
          allowOrigins: config.origins,
          allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
          allowHeaders: [
            'authorization',
            'content-type',
            'faregate-account',
            'idempotency-key',
            'traceparent',
            'x-request-id',
          ],
          exposeHeaders: ['idempotent-replayed', 'ratelimit', 'ratelimit-policy', 'retry-after', 'x-request-id'],
          maxAge: preflightSeconds,
        },
      }),
    })
    const accessLog = new LogGroup(this, 'AccessLog', {
      logGroupName: `/aws/http-api/${names.prefix}`,
      retention: config.mode === 'live' ? RetentionDays.THREE_MONTHS : RetentionDays.TWO_WEEKS,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    new CfnStage(this, 'Stage', {
      apiId: api.ref,
      stageName: '$default',
      autoDeploy: true,
      accessLogSettings: { destinationArn: accessLog.logGroupArn, format: accessLogFormat },
      defaultRouteSettings: { ...throttle, detailedMetricsEnabled: false },
    })
    return api
  }

  /** Customers and staff: a JWT of the configured issuer, or of a user pool made here. */
  #customerAuthorizer(config: DeploymentConfig, names: Names, api: CfnApi): CfnAuthorizer {
    const { issuer, audience = [] } =
      config.issuer === undefined ? new UserPool(this, 'Users', { config, names }) : config
    return new CfnAuthorizer(this, 'CustomerAuthorizer', {
      apiId: api.ref,
      name: 'customer',
      authorizerType: 'JWT',
      identitySource: ['$request.header.Authorization'],
      jwtConfiguration: { issuer: issuer ?? '', audience },
    })
  }

  /** The product's servers and its visitors: an API key or a session token, looked up by a function. */
  #functionAuthorizer(
    { config, names, codeDirectoryOf }: ApiStackProps,
    api: CfnApi,
    logicalId: string,
    authorizer: AuthorizerOperation,
  ): CfnAuthorizer {
    const operation = new OperationFunction(this, authorizer.id, {
      config,
      names,
      operation: authorizer,
      codeDirectory: codeDirectoryOf(authorizer.id),
    })
    const functionArn = arn(this, 'lambda', `function:${names.function(authorizer.id)}`)
    const resource = new CfnAuthorizer(this, logicalId, {
      apiId: api.ref,
      name: authorizer.of,
      authorizerType: 'REQUEST',
      authorizerUri: `arn:${this.partition}:apigateway:${this.region}:lambda:path/2015-03-31/functions/${functionArn}/invocations`,
      authorizerPayloadFormatVersion: '2.0',
      enableSimpleResponses: true,
      identitySource: ['$request.header.Authorization'],
      authorizerResultTtlInSeconds: credentialCacheSeconds,
    })
    new CfnPermission(operation, 'Permission', {
      action: 'lambda:InvokeFunction',
      functionName: operation.function.functionArn,
      principal: 'apigateway.amazonaws.com',
      sourceArn: arn(this, 'execute-api', `${api.ref}/authorizers/${resource.ref}`),
    })
    return resource
  }

  #topic(config: DeploymentConfig, names: Names): void {
    const topic = new Topic(this, 'Alarms', { topicName: names.alarmTopic, enforceSSL: true })
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    )
    if (config.alarmEmail) topic.addSubscription(new EmailSubscription(config.alarmEmail))
  }

  #alarms(names: Names, api: CfnApi): void {
    new LossAlarm(this, 'ServerErrors', {
      names,
      slug: 'errors-api',
      metric: apiMetric(api, '5xx', 'Sum'),
      threshold: 5,
      ifItFails: 'Callers get 5xx: purchases, checks or pages fail in front of customers.',
    })
    new LossAlarm(this, 'FunctionsThrottled', {
      names,
      slug: 'throttled-functions',
      // Without a dimension: the whole account's functions, which share one pool of concurrency.
      metric: new Metric({
        namespace: 'AWS/Lambda',
        metricName: 'Throttles',
        statistic: 'Sum',
        period: Duration.minutes(5),
      }),
      threshold: 10,
      ifItFails: 'Calls are refused because the AWS account’s Lambda concurrency is used up.',
    })
    for (const watched of metricAlarms) new MetricLossAlarm(this, names, watched)
  }

  #dashboard(names: Names, api: CfnApi): void {
    const search = (expression: string, label: string) =>
      new MathExpression({ expression, label, usingMetrics: {}, period: Duration.minutes(5) })
    // Quoted, CloudWatch would look for a function of exactly this name; as words, for all names that hold them.
    const tokens = names.prefix.replaceAll('-', ' ')
    const queueNames = queues.flatMap((name) => [names.queue(name), names.deadQueue(name)])
    const graph = (title: string, left: (Metric | MathExpression)[]) => new GraphWidget({ title, left, width: 12 })
    new Dashboard(this, 'Dashboard', {
      dashboardName: names.prefix,
      defaultInterval: Duration.hours(24),
      widgets: [
        [
          graph('Requests', [
            apiMetric(api, 'Count', 'Sum'),
            apiMetric(api, '4xx', 'Sum'),
            apiMetric(api, '5xx', 'Sum'),
          ]),
          graph('Latency (ms)', [apiMetric(api, 'Latency', 'p50'), apiMetric(api, 'Latency', 'p99')]),
        ],
        [
          graph('Defects by area', [search(`SEARCH('{Faregate,area} MetricName="Defect"', 'Sum')`, '')]),
          graph('Slowest functions, p99 (ms)', [
            search(
              `SORT(SEARCH('{AWS/Lambda,FunctionName} MetricName="Duration" ${tokens}', 'p99'), MAX, DESC, 10)`,
              '',
            ),
          ]),
        ],
        [
          graph(
            'Messages waiting and dead',
            queueNames.map((QueueName) => queueDepth(QueueName)),
          ),
          graph('Table: capacity units', [
            tableMetric(names.table, 'ConsumedReadCapacityUnits'),
            tableMetric(names.table, 'ConsumedWriteCapacityUnits'),
          ]),
        ],
        [
          graph('Money: for staff to look at', metricsOf(/^(Payment|Charge|Refund|Reconciliation|Renewal)/)),
          graph('Providers’ events in trouble', metricsOf(/^Webhook/)),
        ],
      ],
    })
  }
}

const metricsOf = (names: RegExp) => metricNames.filter((name) => names.test(name)).map((name) => counted(name))

const apiMetric = (api: CfnApi, metricName: string, statistic: string) =>
  new Metric({
    namespace: 'AWS/ApiGateway',
    metricName,
    dimensionsMap: { ApiId: api.ref },
    statistic,
    label: `${metricName} ${statistic}`,
    period: Duration.minutes(5),
  })

const queueDepth = (QueueName: string) =>
  new Metric({
    namespace: 'AWS/SQS',
    metricName: 'ApproximateNumberOfMessagesVisible',
    dimensionsMap: { QueueName },
    statistic: 'Maximum',
    label: QueueName,
  })

const tableMetric = (TableName: string, metricName: string) =>
  new Metric({ namespace: 'AWS/DynamoDB', metricName, dimensionsMap: { TableName }, statistic: 'Sum' })
