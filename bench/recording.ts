import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'

/** One request as it went to DynamoDB, ready to be sent again: nothing is left to marshal. */
export interface Recorded {
  /** `GetItem`, `TransactWriteItems` … */
  name: string
  input: object
}

/** Keeps every request of a client from now on. */
export function record(client: DynamoDBClient): Recorded[] {
  const recorded: Recorded[] = []
  client.middlewareStack.add(
    (next, context) => (args) => {
      recorded.push({ name: String(context.commandName).replace(/Command$/, ''), input: args.input })
      return next(args)
    },
    { step: 'initialize', name: 'record' },
  )
  return recorded
}

/** The first requests of these names, in order. @throws Error when one was not made. */
export function pick(recorded: Recorded[], names: string[]): Recorded[] {
  const picked: Recorded[] = []
  for (const request of recorded) if (request.name === names[picked.length]) picked.push(request)
  if (picked.length === names.length) return picked
  throw new Error(`expected ${names.join(', ')}; got ${recorded.map(({ name }) => name).join(', ')}`)
}
