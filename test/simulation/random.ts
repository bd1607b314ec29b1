/** Everything that a run decides by chance comes from one of these, so that a seed is the whole story of a run. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** Uniform in [0, 1), 32 bits (splitmix32). */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<Choice>(choices: readonly Choice[]): Choice {
    const choice = choices[Math.floor(this.next() * choices.length)]
    if (choice === undefined) throw new Error('nothing to pick from')
    return choice
  }

  /** 80 bits as 16 Crockford base-32 characters, as `Ids.random` gives them. */
  id(): string {
    return Array.from({ length: 16 }, () => crockford[Math.floor(this.next() * 32)]).join('')
  }

  /** A generator of its own, so that one party's draws do not move another's. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 2 ** 32))
  }
}

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
