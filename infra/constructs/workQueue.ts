import { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { Duration, Validations } from 'aws-cdk-lib/core'
import { Construct } from 'constructs'
import type { QueueName } from '#operations/definition'
import type { Names } from '../names.ts'
import { LossAlarm } from './lossAlarm.ts'

/** SQS keeps a message for 14 days at most: what is dead must survive a holiday. */
const deadRetention = Duration.days(14)

/** A queue is late when its oldest message has waited longer than this: a sweep runs every 15 minutes. */
const lateSeconds = 30 * 60

interface DeadQueueProps {
  names: Names
  of: QueueName | 'jobs' | 'stream'
  ifItFails: string
}

/** Where ends what nobody could work off. One message here raises an alarm. */
export class DeadQueue extends Construct {
  readonly queue: Queue

  constructor(scope: Construct, id: string, { names, of, ifItFails }: DeadQueueProps) {
    super(scope, id)
    this.queue = new Queue(this, 'Queue', {
      queueName: names.deadQueue(of),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: deadRetention,
    })
    if (of === 'jobs' || of === 'stream') {
      Validations.of(this.queue).acknowledge({
        id: 'AwsSolutions-SQS3',
        reason: 'It is itself the dead-letter queue of schedules or of the stream, which is not visible to the rule.',
      })
    }
    new LossAlarm(this, 'Filled', {
      names,
      slug: `dead-${of}`,
      metric: queueMetric(names.deadQueue(of), 'ApproximateNumberOfMessagesVisible'),
      threshold: 1,
      ifItFails,
    })
  }
}

interface WorkQueueProps {
  names: Names
  name: QueueName
  /** Of the function that works it off. */
  workerTimeoutSeconds: number
  /** Tries before the dead-letter queue. */
  maxReceives: number
  ifItFails: string
}

/** A queue for work, its dead-letter queue, and the alarms that say when work is stuck or lost. */
export class WorkQueue extends Construct {
  constructor(scope: Construct, id: string, { names, name, ifItFails, ...props }: WorkQueueProps) {
    super(scope, id)
    const dead = new DeadQueue(this, 'Dead', { names, of: name, ifItFails })
    new Queue(this, 'Queue', {
      queueName: names.queue(name),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(4),
      // AWS's advice: six times the function's timeout, as its poller retries throttled invocations in that time.
      visibilityTimeout: Duration.seconds(6 * props.workerTimeoutSeconds),
      deadLetterQueue: { queue: dead.queue, maxReceiveCount: props.maxReceives },
    })
    new LossAlarm(this, 'Late', {
      names,
      slug: `late-${name}`,
      metric: queueMetric(names.queue(name), 'ApproximateAgeOfOldestMessage'),
      threshold: lateSeconds,
      periods: 2,
      ifItFails,
    })
  }
}

const queueMetric = (QueueName: string, metricName: string) =>
  new Metric({
    namespace: 'AWS/SQS',
    metricName,
    dimensionsMap: { QueueName },
    statistic: 'Maximum',
    period: Duration.minutes(5),
  })
