import type { Resource } from './assembly.ts'

/** The account and region that everything local pretends to live in; the SQS engine has the same built in. */
export const accountId = '000000000000'
export const region = 'us-east-1'

/** Which property names a resource, where CloudFormation lets the template choose. */
const nameProperties: Record<string, string> = {
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::DynamoDB::GlobalTable': 'TableName',
  'AWS::SQS::Queue': 'QueueName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::Scheduler::Schedule': 'Name',
  'AWS::Scheduler::ScheduleGroup': 'Name',
  'AWS::SSM::Parameter': 'Name',
  'AWS::SecretsManager::Secret': 'Name',
}

/** CloudFormation's physical name: the template's, or one made of stack and logical id (without its random tail). */
export function nameOf(
  stackName: string,
  logicalId: string,
  resource: Resource,
  resolve: (value: unknown) => unknown,
): string {
  const property = nameProperties[resource.Type]
  const given = property === undefined ? undefined : resolve(resource.Properties[property])
  return typeof given === 'string' ? given : `${stackName}-${logicalId}`
}

const arnParts: Record<string, (name: string) => string> = {
  'AWS::Lambda::Function': (name) => `lambda:${region}:${accountId}:function:${name}`,
  'AWS::DynamoDB::Table': (name) => `dynamodb:${region}:${accountId}:table/${name}`,
  'AWS::DynamoDB::GlobalTable': (name) => `dynamodb:${region}:${accountId}:table/${name}`,
  'AWS::SQS::Queue': (name) => `sqs:${region}:${accountId}:${name}`,
  'AWS::SNS::Topic': (name) => `sns:${region}:${accountId}:${name}`,
  'AWS::IAM::Role': (name) => `iam::${accountId}:role/${name}`,
  'AWS::Logs::LogGroup': (name) => `logs:${region}:${accountId}:log-group:${name}:*`,
  'AWS::SecretsManager::Secret': (name) => `secretsmanager:${region}:${accountId}:secret:${name}`,
}

/** The ARN of a resource by its physical name. */
export const arnOf = (type: string, name: string): string =>
  `arn:aws:${arnParts[type]?.(name) ?? `${type.replaceAll('::', '-').toLowerCase()}:${region}:${accountId}:${name}`}`

/** What an ARN names at its end: the function, queue or table. */
export function nameInArn(arn: string): string {
  const last = arn.split(':').at(-1) ?? arn
  return last.startsWith('table/') ? (last.split('/')[1] ?? last) : last
}
