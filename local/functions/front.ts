import { availableParallelism } from 'node:os'
import { pause } from '../time.ts'

/** So long a batch makes way for calls, and no longer: what lies in a queue is worked off however busy the API is. */
const holdMs = 100

/** The calls of the API that are on their way: what somebody waits for goes before what lies in a queue. */
export interface Front {
  /** Counts the call for as long as it runs. */
  during<Result>(call: () => Promise<Result>): Promise<Result>
  /** Resolves at once while there is a processor for each call, else when there is, or after a tenth of a second. */
  clear(signal: AbortSignal): Promise<void>
}

/** A laptop's few processors run what AWS runs side by side: without a turn, a burst of webhooks waits for its own work. */
export function createFront(processors = availableParallelism()): Front {
  let calls = 0
  let waiting: (() => void)[] = []
  return {
    during: async (call) => {
      calls += 1
      try {
        return await call()
      } finally {
        calls -= 1
        if (calls <= processors) for (const go of waiting.splice(0)) go()
      }
    },
    clear: async (signal) => {
      if (calls <= processors) return
      let free = () => {}
      const cleared = new Promise<void>((resolve) => {
        free = resolve
      })
      waiting.push(free)
      await Promise.race([cleared, pause(holdMs, signal)])
      waiting = waiting.filter((one) => one !== free)
    },
  }
}
