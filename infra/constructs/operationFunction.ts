import { Effect, type IRole, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, CfnEventInvokeConfig, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib/core'
import { Construct } from 'constructs'
import type { Operation } from '#operations/definition'
import type { DeploymentConfig } from '../config.ts'
import { sourceActions, tableGrants } from '../grants.ts'
import { limitsOf } from '../limits.ts'
import { arn, Names, queueUrl } from '../names.ts'

export interface OperationFunctionProps {
  config: DeploymentConfig
  names: Names
  operation: Operation
  /** Where the bundle is: a directory with `index.mjs`. */
  codeDirectory: string
  /** Of the table's stream; for operations that read it. */
  streamArn?: string
}

/** One operation as a Lambda function: its bundle, its log, and a role that allows what its definition asks and no more. */
export class OperationFunction extends Construct {
  readonly function: LambdaFunction

  constructor(scope: Construct, id: string, props: OperationFunctionProps) {
    super(scope, id)
    const { config, names, operation } = props
    const stack = Stack.of(this)
    const { timeoutSeconds, memoryMegabytes } = limitsOf(operation)
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: names.logGroup(operation.id),
      retention: config.mode === 'live' ? RetentionDays.THREE_MONTHS : RetentionDays.TWO_WEEKS,
      // Logs are for finding faults. What must be kept (ledger, audit entries) is in the table.
      removalPolicy: RemovalPolicy.DESTROY,
    })
    this.function = new LambdaFunction(this, 'Function', {
      functionName: names.function(operation.id),
      description: operation.summary,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(props.codeDirectory),
      memorySize: memoryMegabytes,
      timeout: Duration.seconds(timeoutSeconds),
      role: this.#role(props),
      logGroup,
      ...(operation.limits?.concurrency !== undefined && {
        reservedConcurrentExecutions: operation.limits.concurrency,
      }),
      environment: {
        TABLE_NAME: names.table,
        FAREGATE_MODE: config.mode,
        ...Object.fromEntries(
          (operation.grants.send ?? []).map((name) => [Names.queueVariable(name), queueUrl(stack, names.queue(name))]),
        ),
        // A name, not a value: whoever may look at a function's settings sees no key.
        ...(operation.grants.paymentSecret && { PAYMENT_SECRET_ID: names.paymentSecret }),
      },
    })
    if (operation.kind === 'job') this.#catchFailedRuns(names)
  }

  #role({ names, operation, config, streamArn }: OperationFunctionProps): IRole {
    const stack = Stack.of(this)
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: {
        operation: new PolicyDocument({
          statements: [
            ...logStatements(stack, names, operation),
            ...tableStatements(stack, names, operation, config.mode),
            ...queueStatements(stack, names, operation),
            ...secretStatements(stack, names, operation),
            ...(operation.kind === 'stream' && streamArn ? [allow(sourceActions.stream, [streamArn])] : []),
          ],
        }),
      },
    })
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:${names.logGroup(operation.id)}:log-stream:*]`,
      reason: 'Lambda names the log streams inside the function’s own log group.',
    })
    return role
  }

  /** Lambda takes a scheduled run at once and works on it by itself, so a failed run ends here, not at the scheduler. */
  #catchFailedRuns(names: Names): void {
    new CfnEventInvokeConfig(this, 'Failures', {
      functionName: this.function.functionName,
      qualifier: '$LATEST',
      maximumRetryAttempts: 2,
      maximumEventAgeInSeconds: 3600,
      destinationConfig: {
        onFailure: { destination: arn(Stack.of(this), 'sqs', names.deadQueue('jobs')) },
      },
    })
  }
}

const allow = (actions: readonly string[], resources: string[], conditions?: Record<string, unknown>) =>
  new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources, ...(conditions && { conditions }) })

const logStatements = (stack: Stack, names: Names, { id }: Operation) => [
  allow(
    ['logs:CreateLogStream', 'logs:PutLogEvents'],
    [arn(stack, 'logs', `log-group:${names.logGroup(id)}:log-stream:*`)],
  ),
]

function tableStatements(stack: Stack, names: Names, operation: Operation, mode: 'test' | 'live') {
  const table = arn(stack, 'dynamodb', `table/${names.table}`)
  const indexes = ['gsi1', 'gsi2'].map((index) => arn(stack, 'dynamodb', `table/${names.table}/index/${index}`))
  return tableGrants(operation, mode).map(({ actions, on, keyPrefixes }) =>
    allow(
      actions,
      on === 'table' ? [table] : indexes,
      keyPrefixes && { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keyPrefixes } },
    ),
  )
}

/** AWS ends a secret's ARN with six characters of its own; `?` is exactly one, so no other secret's name fits. */
function secretStatements(stack: Stack, names: Names, { grants }: Operation) {
  if (!grants.paymentSecret) return []
  return [
    allow(['secretsmanager:GetSecretValue'], [arn(stack, 'secretsmanager', `secret:${names.paymentSecret}-??????`)]),
  ]
}

function queueStatements(stack: Stack, names: Names, operation: Operation) {
  const queue = (name: string) => arn(stack, 'sqs', name)
  const sends = [
    ...(operation.grants.send ?? []).map((name) => queue(names.queue(name))),
    ...(operation.kind === 'job' ? [queue(names.deadQueue('jobs'))] : []),
    ...(operation.kind === 'stream' ? [queue(names.deadQueue('stream'))] : []),
  ]
  return [
    ...(sends.length > 0 ? [allow(['sqs:SendMessage'], sends)] : []),
    ...(operation.kind === 'worker' ? [allow(sourceActions.queue, [queue(names.queue(operation.queue))])] : []),
  ]
}
