import { ArnFormat, Fn, type Stack } from 'aws-cdk-lib/core'
import type { Area, QueueName } from '#operations/definition'
import type { DeploymentConfig } from './config.ts'

/**
 * What things are called. Names are fixed, so that one stack can name another's table or queue, and a role can list it
 * exactly, without an export that would chain the two together. What AWS names (API id, stream) goes through a parameter
 * in Parameter Store, under `parameter`.
 */
export class Names {
  readonly prefix: string

  constructor(config: Pick<DeploymentConfig, 'name' | 'mode'>) {
    this.prefix = `${config.name}-${config.mode}`
  }

  stack(part: 'data' | 'api' | Area): string {
    return `${this.prefix}-${part}`
  }

  get table(): string {
    return this.prefix
  }

  get alarmTopic(): string {
    return `${this.prefix}-alarms`
  }

  queue(name: QueueName): string {
    return `${this.prefix}-${name}`
  }

  /** Where messages end that nobody could work off: a queue's own, or that of what has no queue. */
  deadQueue(name: QueueName | 'jobs' | 'stream'): string {
    return `${this.prefix}-${name}-dead`
  }

  function(id: string): string {
    const name = `${this.prefix}-${id}`
    if (name.length > 64) throw new Error(`Lambda allows 64 characters for a function's name: ${name}`)
    return name
  }

  logGroup(id: string): string {
    return `/aws/lambda/${this.function(id)}`
  }

  /** The payment secret's name; AWS adds a hyphen and six characters to it in the ARN. */
  get paymentSecret(): string {
    return `${this.prefix}/payments`
  }

  parameter(
    name: 'apiId' | 'customerAuthorizerId' | 'serverAuthorizerId' | 'visitorAuthorizerId' | 'tableStreamArn',
  ): string {
    return `/${this.prefix}/${name}`
  }

  /** The variable that holds a queue's address in the functions that send to it. */
  static queueVariable(name: QueueName): string {
    return `QUEUE_${name.toUpperCase()}_URL`
  }
}

/** ARN of a resource of this deployment's account and region. */
export const arn = (stack: Stack, service: string, resource: string): string =>
  stack.formatArn({ service, resource, arnFormat: ArnFormat.NO_RESOURCE_NAME })

export const queueUrl = (stack: Stack, queueName: string): string =>
  Fn.join('', ['https://sqs.', stack.region, '.', stack.urlSuffix, '/', stack.account, '/', queueName])
