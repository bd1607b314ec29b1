/** What one call of `tick` runs at most: a fake that feeds itself would otherwise never answer again. */
const runsMax = 100_000

export interface Due {
  /** The fake's clock, epoch milliseconds; while due work runs, the instant it was due at. */
  now(): number
  /** Runs `work` once the clock has reached `atMs`: never before the next `tick`. */
  at(atMs: number, work: () => void): void
  /** Runs everything that is due, earliest first, what that work adds included. */
  tick(): void
  /** The earliest instant at which work waits, epoch milliseconds; undefined: none does. */
  nextAt(): number | undefined
}

/** Work that waits for the fake's clock: a debit after 36 hours happens when somebody turns the clock, not in 36 hours. */
export function createDue(now: () => number): Due {
  let waiting: { atMs: number; work: () => void }[] = []
  let running: number | undefined
  const current = () => running ?? now()

  const next = () => {
    const limit = now()
    // The first of equal instants stays first.
    const found = waiting.reduce<{ atMs: number; work: () => void } | undefined>(
      (best, one) => (one.atMs <= limit && (best === undefined || one.atMs < best.atMs) ? one : best),
      undefined,
    )
    if (found) waiting = waiting.filter((one) => one !== found)
    return found
  }

  return {
    now: current,
    at: (atMs, work) => void waiting.push({ atMs, work }),
    nextAt: () => (waiting.length === 0 ? undefined : Math.min(...waiting.map(({ atMs }) => atMs))),
    tick: () => {
      // Work that ticks (a request of its own) must not start a second pass inside the first.
      if (running !== undefined) return
      try {
        for (let runs = 0; runs < runsMax; runs++) {
          const found = next()
          if (!found) return
          running = found.atMs
          found.work()
        }
      } finally {
        running = undefined
      }
    },
  }
}
