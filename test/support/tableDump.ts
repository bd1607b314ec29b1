import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { canonicalJson } from '#domain/guard'
import type { Engine } from './engine.ts'

/** A refused call counts against its quota, and a refused staff call is on record: both are about the call, not its effect. */
const tracesOfCalls = new Set(['rate', 'audit'])

/** Every item of a table that is no trace of a call, as sorted lines with sorted members: the engine promises no order. */
export async function tableDump(engine: Engine, tableName = 'faregate'): Promise<string[]> {
  const lines: string[] = []
  let ExclusiveStartKey: Record<string, { S: string }> | undefined
  do {
    const page = await engine.client.send(
      new ScanCommand({ TableName: tableName, ConsistentRead: true, ...(ExclusiveStartKey && { ExclusiveStartKey }) }),
    )
    for (const item of page.Items ?? []) if (!tracesOfCalls.has(item.entity?.S ?? '')) lines.push(canonicalJson(item))
    ExclusiveStartKey = page.LastEvaluatedKey as typeof ExclusiveStartKey
  } while (ExclusiveStartKey)
  return lines.sort()
}
