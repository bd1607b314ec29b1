import type { FunctionModel } from '../template/model.ts'
import { region } from '../template/names.ts'

export interface Endpoints {
  dynamodbUrl: string
  sqsUrl: string
  secretsUrl: string
}

/** A function's environment: the template's variables, what Lambda adds, and where the engines are. Nothing of the host's. */
export function environmentOf(model: FunctionModel, endpoints: Endpoints): Record<string, string> {
  // An SDK client prefers a queue's own address to its endpoint, and the template's addresses are Amazon's.
  const amazon = `https://sqs.${region}.amazonaws.com`
  const variables = Object.entries(model.environment).map(([name, value]) => [
    name,
    value.replaceAll(amazon, endpoints.sqsUrl),
  ])
  return {
    ...Object.fromEntries(variables),
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SESSION_TOKEN: 'local',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: model.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(model.memoryMegabytes),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${model.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    LAMBDA_TASK_ROOT: model.directory,
    _HANDLER: model.handler,
    TZ: ':UTC',
    DYNAMODB_ENDPOINT: endpoints.dynamodbUrl,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodbUrl,
    SQS_ENDPOINT: endpoints.sqsUrl,
    AWS_ENDPOINT_URL_SQS: endpoints.sqsUrl,
    SECRETS_ENDPOINT: endpoints.secretsUrl,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsUrl,
  }
}
