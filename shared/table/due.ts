import { paymentProviders } from '#domain/moneyCharge'
import type { QueueName } from '#operations/definition'
import type { Key } from './port.ts'

/** Due rows of one kind, as the messages of the queue whose worker knows what to do about them. */
export interface DueMessages {
  queue: QueueName
  messages: unknown[]
}

/** Told by their keys alone: the due index holds nothing else. */
export function dueMessages(keys: readonly Key[], requestId: string): DueMessages[] {
  const byQueue = new Map<QueueName, unknown[]>()
  for (const key of keys) {
    const { queue, message } = messageOf(key, requestId)
    byQueue.set(queue, [...(byQueue.get(queue) ?? []), message])
  }
  return [...byQueue].map(([queue, messages]) => ({ queue, messages }))
}

function messageOf({ pk, sk }: Key, requestId: string): { queue: QueueName; message: unknown } {
  const [, name, eventKey] = pk.split('#')
  const provider = pk.startsWith('EVT#') ? paymentProviders.find((one) => one === name) : undefined
  if (provider && eventKey !== undefined) return { queue: 'webhook', message: { provider, eventKey, requestId } }
  const [kind, id] = sk.split('#')
  const accountId = pk.slice('ACCOUNT#'.length)
  if (kind === 'PAY' && id !== undefined) return { queue: 'payment', message: { accountId, paymentId: id, requestId } }
  if (kind === 'SUB' && id !== undefined)
    return { queue: 'renewal', message: { accountId, subscriptionId: id, requestId } }
  return { queue: 'due', message: { pk, sk } }
}
