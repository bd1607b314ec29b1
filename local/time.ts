import { randomUUID } from 'node:crypto'

/** Real time of this machine, epoch milliseconds. The local stack's only source of it. */
export const realNow = (): number => Date.now()

/** An id as AWS gives to requests, invocations and messages. */
export const newUuid = (): string => randomUUID()

/** Waits, at most `milliseconds`; ends early, without an error, when the signal is aborted. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal?.addEventListener('abort', done)
  })
}
