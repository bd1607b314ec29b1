import { callerOf, type Operation, type TableGrant } from '#operations/definition'

/** Actions on resources, before they become ARNs. */
export interface Grant {
  actions: string[]
  on: 'table' | 'indexes'
  /** Only items whose partition key starts with one of these. */
  keyPrefixes?: string[]
}

const read = ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query']
/** A transaction needs exactly the actions of its parts. No `Scan`, and nothing that changes the table itself. */
const write = ['dynamodb:ConditionCheckItem', 'dynamodb:DeleteItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']

/** An index can be queried and nothing else. */
const readIndexes: Grant = { actions: ['dynamodb:Query'], on: 'indexes' }

/** What each word in a definition stands for. */
const grantsOf: Record<TableGrant, Grant[]> = {
  none: [],
  read: [{ actions: read, on: 'table' }, readIndexes],
  readWrite: [{ actions: [...read, ...write].sort(), on: 'table' }, readIndexes],
}

/** What a function may do to the table: what its definition asks for, and what the runtime around it does by itself. */
export function tableGrants(operation: Operation, mode: 'test' | 'live'): Grant[] {
  const own = operation.grants.table
  const { writeKeys } = operation.grants
  const grants = writeKeys
    ? [...grantsOf.read, { actions: write, on: 'table' as const, keyPrefixes: writeKeys }]
    : [...grantsOf[own]]
  if (own === 'readWrite' && !writeKeys) return grants
  if (own === 'none' && mode === 'test') {
    grants.push({ actions: ['dynamodb:GetItem'], on: 'table', keyPrefixes: ['CLOCK'] })
  }
  // The quotas of customers, visitors and the public.
  const quotas = quotaPrefixes(operation)
  if (quotas.length > 0) grants.push({ actions: ['dynamodb:UpdateItem'], on: 'table', keyPrefixes: quotas })
  // Every call of staff is in the audit log, reads and refusals too.
  if (operation.kind === 'http' && operation.routes.some((route) => callerOf(route) === 'staff')) {
    grants.push({ actions: ['dynamodb:PutItem'], on: 'table', keyPrefixes: ['AUDIT#*'] })
  }
  if (operation.kind === 'job') grants.push({ actions: ['dynamodb:PutItem'], on: 'table', keyPrefixes: ['RUN#*'] })
  return grants
}

/** Servers and staff have no quota; what takes raw bytes is let in by a signature, at any rate. */
function quotaPrefixes(operation: Operation): string[] {
  if (operation.kind !== 'http' || operation.takesRaw) return []
  const callers = new Set(operation.routes.map(callerOf))
  return callers.has('customer') || callers.has('visitor') || callers.has('public') ? ['RATE#*'] : []
}

/** What Lambda's pollers do in the function's name. */
export const sourceActions = {
  queue: ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
  stream: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
} as const
