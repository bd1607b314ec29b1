interface Happening {
  at: number
  order: number
  happen: () => void
}

/**
 * Virtual time. Nothing waits: the clock jumps from happening to happening, and between two of them every promise that
 * can go on goes on. Same happenings, same order: a run is repeatable to the last step.
 */
export class Scheduler {
  /** Epoch milliseconds. */
  now: number
  /** More happenings than any run that converges needs: a run that reaches it goes in circles. */
  most = 40_000
  /** Latest first, so that the next one is popped. */
  readonly #queue: Happening[] = []
  #count = 0
  #stopped: { reason: unknown } | undefined

  constructor(startAt: number) {
    this.now = startAt
  }

  after(delayMs: number, happen: () => void): void {
    const happening = { at: this.now + Math.max(0, delayMs), order: this.#count++, happen }
    let low = 0
    let high = this.#queue.length
    while (low < high) {
      const middle = (low + high) >>> 1
      // At equal times the older happening stays nearer to the end: first come, first served.
      if ((this.#queue[middle]?.at ?? 0) <= happening.at) high = middle
      else low = middle + 1
    }
    this.#queue.splice(low, 0, happening)
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve))
  }

  /** Ends `run` with this error, whoever found it. */
  stop(reason: unknown): void {
    this.#stopped ??= { reason }
  }

  /** Runs until nothing is left to happen. @throws Error when that does not come about, and what `stop` was given. */
  async run(): Promise<void> {
    await settled()
    for (let count = 0; ; count++) {
      if (this.#stopped) throw this.#stopped.reason
      const next = this.#queue.pop()
      if (!next) return
      if (count === this.most) throw new Error(`no end after ${this.most} happenings`)
      this.now = next.at
      next.happen()
      await settled()
    }
  }
}

/** Every promise chain that can move has moved when a macrotask comes round. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
