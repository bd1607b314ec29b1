import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dynamoTable } from '#table/dynamo'
import type { Table } from '#table/port'
import { localCredentials } from '../engines/dynamodb.ts'
import { runningStack } from '../running.ts'
import { region } from '../template/names.ts'

export interface OpenTable {
  table: Table
  /** For messages: which table, and at which address. */
  where: string
  close(): void
}

/**
 * The table that a command works on: the one that TABLE_NAME names (at DYNAMODB_ENDPOINT, or in the AWS region and with
 * the credentials that the AWS variables give), else the running local stack's.
 * @throws SetupError when there is neither.
 */
export function openTable(env: NodeJS.ProcessEnv): OpenTable {
  if (env.TABLE_NAME) return connect(env.TABLE_NAME, env.DYNAMODB_ENDPOINT, env)
  const { tableName, dynamodbUrl } = runningStack()
  return connect(tableName, dynamodbUrl, {})
}

function connect(tableName: string, endpoint: string | undefined, env: NodeJS.ProcessEnv): OpenTable {
  // Local engines take any credentials, but the client insists on some.
  const keyless = endpoint !== undefined && !env.AWS_ACCESS_KEY_ID && !env.AWS_PROFILE
  const client = new DynamoDBClient({
    ...(endpoint && { endpoint, region: env.AWS_REGION ?? region }),
    ...(keyless && { credentials: localCredentials }),
  })
  const table = dynamoTable({ client, tableName })
  return { table, where: `${tableName} at ${endpoint ?? 'AWS'}`, close: () => client.destroy() }
}
