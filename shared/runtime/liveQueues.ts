import { sqsQueues } from '#gateways/queues'
import type { Extension } from './live.ts'

/** For functions that send to queues. */
export const queues: Extension = () => ({ queues: sqsQueues() })
