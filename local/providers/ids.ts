import { createHash } from 'node:crypto'

const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

export interface Ids {
  /** `prefix` and that many letters and digits: at most 64. */
  id(prefix: string, length?: number): string
  /** A positive whole number of ten digits, as Paystack numbers its rows. */
  number(): number
}

/** Ids shaped like the providers'. `random` gives another text at every call; the same texts give the same ids. */
export function createIds(random: () => string): Ids {
  const bytes = () => createHash('sha512').update(random()).digest()
  return {
    id: (prefix, length = 14) =>
      `${prefix}${[...bytes().subarray(0, length)].map((byte) => letters[byte % letters.length]).join('')}`,
    number: () => 1_000_000_000 + bytes().readUInt32BE(0),
  }
}
