import { BackupPlan, BackupPlanRule, BackupResource, BackupVault } from 'aws-cdk-lib/aws-backup'
import { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { AttributeType, Billing, ProjectionType, StreamViewType, TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import { Schedule } from 'aws-cdk-lib/aws-events'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { StringParameter } from 'aws-cdk-lib/aws-ssm'
import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'
import { type Operation, queues } from '#operations/definition'
import { directoryAttributes } from '#operations/tableIndexes'
import type { DeploymentConfig } from './config.ts'
import { LossAlarm } from './constructs/lossAlarm.ts'
import { DeadQueue, WorkQueue } from './constructs/workQueue.ts'
import { limitsOf } from './limits.ts'
import { queueLosses } from './losses.ts'
import type { Names } from './names.ts'

interface DataStackProps {
  config: DeploymentConfig
  names: Names
  operations: readonly Operation[]
}

/** What must outlive every deployment: the table, its backups, the payment secret, and the queues with the work in them. */
export class DataStack extends Stack {
  constructor(scope: Construct, { config, names, operations }: DataStackProps) {
    const live = config.mode === 'live'
    super(scope, names.stack('data'), {
      stackName: names.stack('data'),
      description: 'Faregate: the table, its backups, the payment secret, and the queues.',
      terminationProtection: live,
    })
    const table = this.#table(names, live)
    if (live) this.#backups(names, table)
    this.#paymentSecret(names, live)
    this.#queues(names, operations)
  }

  #table(names: Names, live: boolean): TableV2 {
    const text = (name: string) => ({ name, type: AttributeType.STRING })
    const table = new TableV2(this, 'Table', {
      tableName: names.table,
      partitionKey: text('pk'),
      sortKey: text('sk'),
      globalSecondaryIndexes: [
        {
          indexName: 'gsi1',
          partitionKey: text('gsi1pk'),
          sortKey: text('gsi1sk'),
          projectionType: ProjectionType.INCLUDE,
          nonKeyAttributes: [...directoryAttributes],
        },
        {
          indexName: 'gsi2',
          partitionKey: text('gsi2pk'),
          sortKey: text('gsi2sk'),
          projectionType: ProjectionType.KEYS_ONLY,
        },
      ],
      timeToLiveAttribute: 'ttl',
      dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      billing: Billing.onDemand(),
      deletionProtection: live,
      removalPolicy: live ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    })
    new StringParameter(this, 'TableStreamArn', {
      parameterName: names.parameter('tableStreamArn'),
      description: 'The table’s stream, which AWS names anew when streams are switched on.',
      stringValue: table.tableStreamArn ?? missing('the table’s stream'),
    })
    new LossAlarm(this, 'TableThrottled', {
      names,
      slug: 'throttled-table',
      metric: new Metric({
        namespace: 'AWS/DynamoDB',
        metricName: 'ThrottledRequests',
        dimensionsMap: { TableName: names.table, Operation: 'TransactWriteItems' },
        statistic: 'Sum',
        period: Duration.minutes(5),
      }),
      // Single throttles are retried inside a request; this many in five minutes are felt.
      threshold: 50,
      ifItFails: 'Busy accounts get 503 and must try again: a key range takes more writes than one partition can.',
    })
    return table
  }

  /** Beside point-in-time recovery, which reaches back 35 days and dies with the table. */
  #backups(names: Names, table: TableV2): void {
    const backupVault = new BackupVault(this, 'Vault', {
      backupVaultName: names.prefix,
      removalPolicy: RemovalPolicy.RETAIN,
    })
    const plan = new BackupPlan(this, 'Backups', { backupPlanName: names.prefix, backupVault })
    const rule = (ruleName: string, deleteAfter: Duration, cron: Parameters<typeof Schedule.cron>[0]) =>
      plan.addRule(new BackupPlanRule({ ruleName, deleteAfter, scheduleExpression: Schedule.cron(cron) }))
    rule('daily', Duration.days(35), { hour: '4', minute: '0' })
    rule('weekly', Duration.days(92), { hour: '4', minute: '0', weekDay: 'SUN' })
    rule('monthly', Duration.days(366), { hour: '4', minute: '0', day: '1' })
    const selection = plan.addSelection('Table', { resources: [BackupResource.fromDynamoDbTable(table)] })
    Validations.of(selection).acknowledge({
      id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup]',
      reason: 'AWS Backup’s own policy for its own service role: AWS keeps it in step with what the service does.',
    })
  }

  /**
   * Born with the key that seals tokens and without a provider; staff add the providers' keys. How it is generated must
   * never change: CloudFormation would generate the whole value anew, over every key in it.
   */
  #paymentSecret(names: Names, live: boolean): void {
    const secret = new Secret(this, 'PaymentSecret', {
      secretName: names.paymentSecret,
      description: 'Payment providers’ keys and webhook secrets, and the key that seals tokens (docs/deploy.md).',
      generateSecretString: {
        secretStringTemplate: '{}',
        generateStringKey: 'sealKey',
        passwordLength: 64,
        excludePunctuation: true,
      },
      removalPolicy: live ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    })
    Validations.of(secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'The keys are the providers’: nobody but their dashboards can make new ones. They are rotated by hand, the new one beside the old (docs/deploy.md).',
    })
  }

  #queues(names: Names, operations: readonly Operation[]): void {
    for (const name of queues) {
      const worker = operations.find((operation) => operation.kind === 'worker' && operation.queue === name)
      new WorkQueue(this, `Queue-${name}`, {
        names,
        name,
        workerTimeoutSeconds: worker ? limitsOf(worker).timeoutSeconds : 30,
        maxReceives: worker?.kind === 'worker' ? worker.maxReceives : 5,
        ifItFails: queueLosses[name],
      })
    }
    new DeadQueue(this, 'DeadJobs', {
      names,
      of: 'jobs',
      ifItFails: 'A scheduled run did not happen: what it would have done waits for the next one.',
    })
    new DeadQueue(this, 'DeadStream', {
      names,
      of: 'stream',
      ifItFails: 'Notices wait for the sweeper, up to half an hour.',
    })
  }
}

function missing(what: string): never {
  throw new Error(`CDK did not make ${what}`)
}
