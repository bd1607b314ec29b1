import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { canonicalJson } from '#domain/guard'
import type { Engine } from './engine.ts'

/** Every item of a table as sorted lines with sorted members (the engine promises no order), without quota rows: a refused request may count against a quota. */
export async function tableDump(engine: Engine, tableName = 'faregate'): Promise<string[]> {
  const lines: string[] = []
  let ExclusiveStartKey: Record<string, { S: string }> | undefined
  do {
    const page = await engine.client.send(
      new ScanCommand({ TableName: tableName, ConsistentRead: true, ...(ExclusiveStartKey && { ExclusiveStartKey }) }),
    )
    for (const item of page.Items ?? []) if (item.entity?.S !== 'rate') lines.push(canonicalJson(item))
    ExclusiveStartKey = page.LastEvaluatedKey as typeof ExclusiveStartKey
  } while (ExclusiveStartKey)
  return lines.sort()
}
