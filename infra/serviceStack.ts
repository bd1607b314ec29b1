import { CfnIntegration, CfnRoute } from 'aws-cdk-lib/aws-apigatewayv2'
import { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { CfnEventSourceMapping, CfnPermission } from 'aws-cdk-lib/aws-lambda'
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler'
import { StringParameter } from 'aws-cdk-lib/aws-ssm'
import { Duration, Stack, Validations } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'
import {
  type Area,
  type Caller,
  callerOf,
  type HttpOperation,
  type JobOperation,
  type Operation,
  type StreamOperation,
  type WorkerOperation,
} from '#operations/definition'
import type { DeploymentConfig } from './config.ts'
import { LossAlarm } from './constructs/lossAlarm.ts'
import { OperationFunction } from './constructs/operationFunction.ts'
import { sourceConcurrencyOf } from './limits.ts'
import { areaLosses } from './losses.ts'
import { arn, type Names } from './names.ts'

interface ServiceStackProps {
  config: DeploymentConfig
  names: Names
  area: Area
  /** Of this area; authorizers are the api stack's. */
  operations: readonly Operation[]
  codeDirectoryOf: (id: string) => string
}

/** One area's operations. A loop over data: an operation adds itself by being defined. */
export class ServiceStack extends Stack {
  readonly #names: Names

  constructor(scope: Construct, { config, names, area, operations, codeDirectoryOf }: ServiceStackProps) {
    super(scope, names.stack(area), {
      stackName: names.stack(area),
      description: `Faregate: the operations of the area "${area}".`,
    })
    this.#names = names
    for (const operation of operations) {
      const built = new OperationFunction(this, operation.id, {
        config,
        names,
        operation,
        codeDirectory: codeDirectoryOf(operation.id),
        ...(operation.kind === 'stream' && { streamArn: this.#given('tableStreamArn') }),
      })
      if (operation.kind === 'http') this.#routes(built, operation)
      if (operation.kind === 'worker') this.#queueSource(built, operation)
      if (operation.kind === 'job') this.#schedule(built, operation)
      if (operation.kind === 'stream') this.#streamSource(built, operation)
    }
    this.#defectAlarm(area)
  }

  /** What another stack has left in Parameter Store, read when this one is deployed. */
  #given(name: Parameters<Names['parameter']>[0]): string {
    return StringParameter.valueForStringParameter(this, this.#names.parameter(name))
  }

  #routes(built: OperationFunction, { id, routes, takesRaw }: HttpOperation): void {
    const apiId = this.#given('apiId')
    const integration = new CfnIntegration(built, 'Integration', {
      apiId,
      integrationType: 'AWS_PROXY',
      integrationUri: built.function.functionArn,
      payloadFormatVersion: '2.0',
      timeoutInMillis: 30_000,
    })
    new CfnPermission(built, 'Permission', {
      action: 'lambda:InvokeFunction',
      functionName: built.function.functionArn,
      principal: 'apigateway.amazonaws.com',
      sourceArn: arn(this, 'execute-api', `${apiId}/*/*`),
    })
    for (const route of routes) {
      const resource = new CfnRoute(built, `Route ${route.replaceAll('/', '.')}`, {
        apiId,
        routeKey: route,
        target: `integrations/${integration.ref}`,
        ...this.#authorization(callerOf(route)),
      })
      if (callerOf(route) !== 'public') continue
      Validations.of(resource).acknowledge({
        id: 'AwsSolutions-APIG4',
        reason: takesRaw
          ? `${id} is for payment providers: each body is believed by its signature alone.`
          : `${id} is for anyone: it shows nothing of an account, and is limited by address.`,
      })
    }
  }

  /** Staff carry the same tokens as customers; that they are staff is decided by the table, in the runtime. */
  #authorization(caller: Caller): { authorizationType: string; authorizerId?: string } {
    switch (caller) {
      case 'public':
        return { authorizationType: 'NONE' }
      case 'customer':
      case 'staff':
        return { authorizationType: 'JWT', authorizerId: this.#given('customerAuthorizerId') }
      case 'server':
        return { authorizationType: 'CUSTOM', authorizerId: this.#given('serverAuthorizerId') }
      case 'visitor':
        return { authorizationType: 'CUSTOM', authorizerId: this.#given('visitorAuthorizerId') }
    }
  }

  #queueSource(built: OperationFunction, worker: WorkerOperation): void {
    new CfnEventSourceMapping(built, 'Source', {
      functionName: built.function.functionName,
      eventSourceArn: arn(this, 'sqs', this.#names.queue(worker.queue)),
      batchSize: worker.batchSize,
      functionResponseTypes: ['ReportBatchItemFailures'],
      scalingConfig: { maximumConcurrency: sourceConcurrencyOf(worker) },
    })
  }

  /** A record that fails is tried alone (bisect) for an hour at most, then it is dead and the stream goes on. */
  #streamSource(built: OperationFunction, { keyPrefix, batchSize }: StreamOperation): void {
    const pattern = {
      // A removed row is one that was worked off.
      eventName: ['INSERT', 'MODIFY'],
      dynamodb: { Keys: { pk: { S: [{ prefix: keyPrefix }] } } },
    }
    new CfnEventSourceMapping(built, 'Source', {
      functionName: built.function.functionName,
      eventSourceArn: this.#given('tableStreamArn'),
      startingPosition: 'TRIM_HORIZON',
      batchSize,
      bisectBatchOnFunctionError: true,
      maximumRetryAttempts: 10,
      maximumRecordAgeInSeconds: 3600,
      parallelizationFactor: 1,
      filterCriteria: { filters: [{ pattern: JSON.stringify(pattern) }] },
      functionResponseTypes: ['ReportBatchItemFailures'],
      destinationConfig: { onFailure: { destination: arn(this, 'sqs', this.#names.deadQueue('stream')) } },
    })
  }

  #schedule(built: OperationFunction, { id, schedule }: JobOperation): void {
    const deadJobs = arn(this, 'sqs', this.#names.deadQueue('jobs'))
    const role = new Role(built, 'ScheduleRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        // Against a confused deputy: only this account's schedules take this role.
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
      inlinePolicies: {
        schedule: new PolicyDocument({
          statements: [
            new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [built.function.functionArn] }),
            new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deadJobs] }),
          ],
        }),
      },
    })
    new CfnSchedule(built, 'Schedule', {
      name: this.#names.function(id),
      scheduleExpression: schedule,
      scheduleExpressionTimezone: 'UTC',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: built.function.functionArn,
        roleArn: role.roleArn,
        // The scheduler fills in the instant: a job's clock is the time it was due, however late it runs.
        input: JSON.stringify({ scheduledAt: '<aws.scheduler.scheduled-time>' }),
        retryPolicy: { maximumRetryAttempts: 10, maximumEventAgeInSeconds: 3600 },
        deadLetterConfig: { arn: deadJobs },
      },
    })
  }

  #defectAlarm(area: Area): void {
    new LossAlarm(this, 'Defect', {
      names: this.#names,
      slug: `defect-${area}`,
      metric: new Metric({
        namespace: 'Faregate',
        metricName: 'Defect',
        dimensionsMap: { area },
        statistic: 'Sum',
        period: Duration.minutes(5),
      }),
      threshold: 1,
      ifItFails: areaLosses[area],
    })
  }
}
