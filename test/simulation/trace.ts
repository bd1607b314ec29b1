import type { Write } from '#table/port'

/** What happened in a run, step by step, for whoever replays a seed. */
export class Trace {
  readonly lines: string[] = []
  readonly #on: boolean
  readonly #elapsed: () => number

  constructor(on: boolean, elapsed: () => number) {
    this.#on = on
    this.#elapsed = elapsed
  }

  note(who: { id: number; cause: string } | string, what: string): void {
    if (!this.#on) return
    const name = typeof who === 'string' ? who : `${who.cause} #${who.id}`
    this.lines.push(`${String(this.#elapsed()).padStart(10)} ms  ${name.padEnd(24)} ${what}`)
  }
}

export const whatOf = (writes: Write[]): string =>
  writes.map((write) => `${write.kind} ${write.kind === 'put' ? write.item.sk : write.key.sk}`).join(' + ')
